// Package governance is the one source of authority in a bubble: an append-only,
// hash-chained log of signed statements, the rules that decide which statement
// may follow, and the state that the log implies. Relays and devices run this
// same code, so a relay can neither grant nor invent anything.
//
// A device calls [NewLog] with the root that its invitation link pins, feeds it
// with [Log.Append], and asks [Log.State]. What it submits it makes with [Found],
// [Admit] or [Invite]. The package also has what goes around the log: links,
// sealed directory items, and the proofs that open a connection to a relay.
//
// Nothing here reads a clock, a file or a socket. docs/governance.md numbers the
// rules and says where each one is kept and tested.
package governance
