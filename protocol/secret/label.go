package secret

import "fmt"

// A Label separates the uses of one secret: no two derivations share one. The
// registry below is the only place where a label is made, and docs/crypto.md has
// the same table (a test compares them). A label never changes its meaning.
type Label uint8

// The labels, in the order of docs/crypto.md.
const (
	VaultKEK Label = iota
	VaultIndex
	VaultSegment
	VaultName
	VaultRecord
	ChannelCap
	ChannelCell
	Cell
	InboxCap
	InboxKey
	PoolCap
	DirectoryItem
	FileSalt
	FileChunk
	FileBlob
	SigningKey
	ClaimProof
	LinkSeed
	ScreenSalt
	ScreenConversation
	ScreenItem
	ScreenText
	numLabels
)

// An Entry is one row of the registry.
type Entry struct {
	Name string // as it enters the derivation
	Hash string // "HKDF-SHA256" or "HKDF-SHA3-512"
	From string // the secret that goes in, and the salt if there is one
	To   string // what comes out
}

// Registry returns every label with what it is for.
func Registry() [numLabels]Entry {
	const sha2, sha3 = "HKDF-SHA256", "HKDF-SHA3-512"
	return [numLabels]Entry{
		VaultKEK:           {"bulle 1 vault kek", sha3, "stretched segments", "key that wraps the root of a vault"},
		VaultIndex:         {"bulle 1 vault index", sha3, "root of a vault", "key that hides which segment a record is in"},
		VaultSegment:       {"bulle 1 vault segment", sha3, "root of a vault, salt of the segment", "segment key"},
		VaultName:          {"bulle 1 vault name", sha3, "root of a vault, salt of the segment", "key that hides record names"},
		VaultRecord:        {"bulle 1 vault record", sha2, "segment key, salt of the record", "record key"},
		ChannelCap:         {"bulle 1 channel cap", sha3, "channel secret", "identifier and caps of a conversation's channel"},
		ChannelCell:        {"bulle 1 channel cell", sha3, "channel secret", "cell key of a conversation's channel"},
		Cell:               {"bulle 1 cell", sha2, "cell key, salt of the cell", "key and nonce of one cell"},
		InboxCap:           {"bulle 1 inbox cap", sha3, "inbox secret", "identifier and caps of an inbox channel"},
		InboxKey:           {"bulle 1 inbox key", sha3, "inbox secret", "HPKE key of an inbox"},
		PoolCap:            {"bulle 1 pool cap", sha3, "pool secret", "identifier and caps of a pool of key packages"},
		DirectoryItem:      {"bulle 1 directory item", sha2, "directory key, salt of the item", "key and nonce of one card or key package"},
		FileSalt:           {"bulle 1 file salt", sha2, "file key", "key of the HMAC that makes the salts of chunks"},
		FileChunk:          {"bulle 1 file chunk", sha2, "file key, salt and number of the chunk", "key and nonce of one chunk"},
		FileBlob:           {"bulle 1 file blob", sha3, "file key, number of the chunk", "identifier and caps of one blob"},
		SigningKey:         {"bulle 1 signing key", sha3, "seed of a hybrid signing key", "seeds of its Ed25519 and ML-DSA-65 keys"},
		ClaimProof:         {"bulle 1 claim proof", sha2, "claim token of a relay, what the proof is bound to", "proof of knowing the token"},
		LinkSeed:           {"bulle 1 link seed", sha3, "seed of a device link", "seed of the ticket's key, secret of the channel where the devices meet"},
		ScreenSalt:         {"bulle 1 screen salt", sha2, "screen key of a session", "key of the HMAC that makes the salts of masked texts"},
		ScreenConversation: {"bulle 1 screen conversation", sha2, "screen key of a session, conversation", "key of what a conversation shows"},
		ScreenItem:         {"bulle 1 screen item", sha2, "key of what a conversation shows, item", "key of one message or person on the screen"},
		ScreenText:         {"bulle 1 screen text", sha2, "key of an item on the screen, salt of the text", "key and nonce of one masked text"},
	}
}

// String returns the label as it enters the derivation.
func (l Label) String() string {
	if l >= numLabels {
		return fmt.Sprintf("label %d", uint8(l))
	}
	return Registry()[l].Name
}
