package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"unicode/utf8"

	"golang.org/x/term"

	"bulle/device/terminal/lang"
	"bulle/device/terminal/safe"
)

// shell is what a command gets from the outside world. Results go to stdout, everything a person should
// know besides goes to stderr; nothing else is written. A shell serves one command line.
type shell struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
	lang   lang.Lang
	flags  global
	log    *slog.Logger // discards unless --verbose
	broken error        // the first result that could not be written

	jsonAsked bool // --json stands on the command line, which may be wrong otherwise
}

// global are the flags of every command.
type global struct {
	json           bool
	verbose        bool
	language       string
	vault          string
	passphraseFile string
}

func newShell(stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *shell {
	return &shell{
		stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv,
		lang: lang.Detect(getenv),
		log:  slog.New(slog.DiscardHandler),
	}
}

// line prints v as one JSON object on one line. Characters that a terminal could obey are escaped, so
// the line is as safe to look at as it is exact to parse.
func (s *shell) line(v any) error { return writeLine(s.stdout, v) }

func writeLine(w io.Writer, v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	if _, err := w.Write(escapeUnsafe(b.Bytes())); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// escapeUnsafe rewrites invisible and C1 control characters of encoded JSON as \u escapes. They can only
// stand inside strings, where the escape means the same.
func escapeUnsafe(encoded []byte) []byte {
	var out []byte
	for rest := encoded; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r >= 0x7f && r < 0xa0 || safe.Invisible(r) && r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		case safe.Invisible(r):
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out
}

// print writes a part of a result. Its failure is remembered, and the command fails with it at its end.
func (s *shell) print(text string) {
	if _, err := io.WriteString(s.stdout, text); err != nil && s.broken == nil {
		s.broken = fmt.Errorf("write result: %w", err)
	}
}

// mutter writes to stderr, where there is nobody to tell if that fails.
func (s *shell) mutter(text string) { _, _ = io.WriteString(s.stderr, text) }

// say prints one line of a result for a person.
func (s *shell) say(en, fr string, args ...any) {
	s.print(s.lang.Say(en, fr, args...) + "\n")
}

// note tells a person something that is not the result.
func (s *shell) note(en, fr string, args ...any) {
	s.mutter(s.lang.Say(en, fr, args...) + "\n")
}

// interactive returns the file behind stream if it is a terminal, else nil.
func interactive(stream any) *os.File {
	if f, ok := stream.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// coloured reports whether a result may carry colours: to a terminal that has them, unless NO_COLOR is set.
func (s *shell) coloured() bool {
	return interactive(s.stdout) != nil && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
}
