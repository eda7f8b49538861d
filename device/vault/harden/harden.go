// Package harden keeps the memory of a process that holds keys away from others, as
// far as the system lets it. Commands that open a vault call [Process] first.
package harden

// Process forbids core dumps, and debuggers of the same user, for the process and
// all that it starts later. It returns one sentence for each protection that this
// machine does not give, for the user to read: the process works all the same.
// Where the platform has none of this, it does nothing.
func Process() (warnings []string) {
	return process()
}
