// Command bulle is a sovereign end-to-end-encrypted messenger: the blind relay of an organisation and the
// program its members talk with, in one binary. docs/commands.md describes every command, its flags, the
// JSON it prints and its exit codes.
//
// This package is the outermost layer and holds no rule of its own: one file per verb reads flags, calls
// server/node or device/client, and prints. errors.go words what went wrong, in both languages.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal finds the default handler again and ends a command that takes too long to stop.
	context.AfterFunc(ctx, stop)
	code := run(ctx, newShell(os.Stdin, os.Stdout, os.Stderr, os.Getenv), os.Args[1:])
	stop()
	os.Exit(int(code))
}
