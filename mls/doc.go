// Package mls is Messaging Layer Security, RFC 9420, complete: key packages,
// groups, proposals, commits, welcomes, external commits, application messages,
// pre-shared keys, branching and re-initialisation, for the suites that
// [Suites] lists, among them the hybrid post-quantum suite [Hybrid].
//
// Most callers need [Create] or [Join] to be in a group, [Group.Seal] to send,
// [Group.Receive] to read, and [Group.Commit] with [Group.MergePending] to change
// who is in it.
//
// The package does no I/O, reads no clock and keeps no globals: randomness, time,
// the judgement of credentials and pre-shared keys come in through [Config]. (One
// thing draws from the system's generator: the ephemeral key of each HPKE
// encryption, because package crypto/hpke takes no other.)
//
// # Stages
//
// Data that was not verified has another type than data that was, so that it
// cannot be used by mistake:
//
//	bytes --decode--> message --unprotect--> unverified --signature--> verified
//	verified proposal --> StoredProposal     (kept for the next commit)
//	verified commit   --> StagedCommit       (nothing changed yet) --Merge--> next epoch
//	our own commit    --> PendingCommit      (nothing changed yet) --MergePending--> next epoch
//
// # State
//
// A group's state serialises in two parts: [Group.MarshalEpoch], which holds the
// tree and changes with proposals and commits, and [Group.MarshalRatchet], which
// is small and changes with each message. Both hold secrets. A key is consumed
// when [Group.Seal] returns; a caller that stores state must store the ratchet
// part before it lets the sealed bytes out.
//
// A [Group] must not be used concurrently.
package mls
