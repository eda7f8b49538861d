package main

import (
	"errors"
	"slices"

	"bulle/device/terminal/lang"
	"bulle/device/vault/passphrase"
)

// exitCode is what a script decides on. The numbers are documented in docs/commands.md and never change.
type exitCode int

const (
	exitOK         exitCode = 0
	exitGeneral    exitCode = 1 // something failed that has no code of its own
	exitUsage      exitCode = 2 // the command line is wrong
	exitOffline    exitCode = 3 // the relay cannot be reached; what was to be sent is queued
	exitPassphrase exitCode = 4 // wrong, missing or too weak
	exitNotFound   exitCode = 5 // no such contact, conversation, message, file or vault
	exitRefused    exitCode = 6 // the rules say no: expired, used up, already a member, not allowed
	exitBusy       exitCode = 7 // another process holds the vault
	exitDamaged    exitCode = 8 // stored or received data is damaged, or from a newer version
	exitUntrusted  exitCode = 9 // the relay is not the one this device knows, or shows a false history
)

// failure is an error worded for a person, with a stable name for scripts.
type failure struct {
	code  exitCode
	name  string
	words lang.Words
	args  []any
	cause error
}

func (f *failure) Error() string { return f.words.In(lang.English, f.args...) }
func (f *failure) Unwrap() error { return f.cause }

// failf makes a failure; args fill both languages' sentence.
func failf(code exitCode, name string, words lang.Words, args ...any) error {
	return &failure{code: code, name: name, words: words, args: args}
}

// report tells the person what went wrong, in one sentence that says what to do, and returns the code to
// exit with.
func (s *shell) report(err error) exitCode {
	f := s.word(err)
	s.debug("command failed", err)
	message := f.words.In(s.lang, f.args...)
	if s.flags.json {
		type problem struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		}
		if writeLine(s.stderr, map[string]problem{"error": {Code: f.name, Message: message}}) == nil {
			return f.code
		}
	}
	s.mutter("bulle: " + message + "\n")
	return f.code
}

// word finds the sentence for err: its own if it carries one, else that of the first sentinel it wraps.
func (s *shell) word(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	var weak *passphrase.WeakError
	if errors.As(err, &weak) {
		return s.wordWeak(weak)
	}
	for _, row := range sentences() {
		if errors.Is(err, row.sentinel) {
			return &failure{code: row.code, name: row.name, words: row.words, cause: err}
		}
	}
	return &failure{code: exitGeneral, name: "failed", words: lang.Words{EN: "%s", FR: "%s"}, args: []any{err}, cause: err}
}

// sentence is how one sentinel is told.
type sentence struct {
	sentinel error
	code     exitCode
	name     string
	words    lang.Words
}

// sentences is the one table from sentinels to words. The first match wins.
func sentences() []sentence {
	return slices.Concat(vaultSentences(), linkSentences(), talkSentences(), systemSentences())
}
