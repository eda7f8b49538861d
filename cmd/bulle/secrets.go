package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"bulle/device/terminal/lang"
	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

// passphraseVariable names a file like --passphrase-file does.
const passphraseVariable = "BULLE_PASSPHRASE_FILE"

// oldPassphrase gets the passphrase of an existing vault: from the file that was named, else by asking once.
func (s *shell) oldPassphrase(ctx context.Context) (*secret.Bytes, error) {
	if name := s.passphraseSource(); name != "" {
		return readSecret(name)
	}
	tty, err := s.tty()
	if err != nil {
		return nil, err
	}
	defer tty.Close() //nolint:errcheck // nothing was written that matters
	return s.ask(ctx, tty, lang.Words{EN: "Passphrase: ", FR: "Phrase de passe : "})
}

// newPassphrase gets a passphrase for a new vault or in the place of an old one: from file if it is not
// "", else by asking twice. A person sees how strong it is and may try again.
func (s *shell) newPassphrase(ctx context.Context, file string) (*secret.Bytes, error) {
	if file != "" {
		return readSecret(file)
	}
	tty, err := s.tty()
	if err != nil {
		return nil, err
	}
	defer tty.Close() //nolint:errcheck // nothing was written that matters
	s.note("Choose the passphrase of this vault. \"bulle passphrase generate\" makes a strong one; nobody can recover it for you.",
		"Choisissez la phrase de passe de ce coffre. « bulle passphrase generate » en crée une solide ; personne ne pourra la retrouver pour vous.")
	for range 3 {
		chosen, err := s.choose(ctx, tty)
		if chosen != nil || err != nil {
			return chosen, err
		}
	}
	return nil, failf(exitPassphrase, "passphrase_missing", lang.Words{
		EN: "No passphrase was chosen; nothing was changed.", FR: "Aucune phrase de passe n'a été choisie ; rien n'a changé.",
	})
}

// choose asks for a new passphrase twice; nil if it was weak or not the same, and the person was told.
func (s *shell) choose(ctx context.Context, tty *os.File) (*secret.Bytes, error) {
	first, err := s.ask(ctx, tty, lang.Words{EN: "New passphrase: ", FR: "Nouvelle phrase de passe : "})
	if err != nil {
		return nil, err
	}
	strength, err := passphrase.Estimate(first)
	if err == nil {
		err = passphrase.Check(first)
	}
	if err != nil {
		first.Wipe()
		f := s.word(err)
		s.note("%s", "%s", f.words.In(s.lang, f.args...))
		return nil, nil
	}
	s.note("Strength: about %.0f bits.", "Robustesse : environ %.0f bits.", strength.Bits)
	again, err := s.ask(ctx, tty, lang.Words{EN: "The same again: ", FR: "La même, encore : "})
	if err != nil {
		first.Wipe()
		return nil, err
	}
	defer again.Wipe()
	if !first.Equal(again) {
		first.Wipe()
		s.note("These were two different passphrases.", "Ces deux phrases de passe diffèrent.")
		return nil, nil
	}
	return first, nil
}

// passphraseSource is the file that the flag or the environment names.
func (s *shell) passphraseSource() string {
	if s.flags.passphraseFile != "" {
		return s.flags.passphraseFile
	}
	return s.getenv(passphraseVariable)
}

// readSecret reads the first line of a file, or of what is not a file but can be read as one.
func readSecret(name string) (*secret.Bytes, error) {
	f, err := os.Open(name) //nolint:gosec // G304: the person named this file
	if err != nil {
		return nil, unreadableSecret(name, err)
	}
	defer f.Close() //nolint:errcheck // only read
	content := make([]byte, passphrase.MaxSize+2)
	defer secret.Wipe(content)
	n, err := io.ReadFull(f, content)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, unreadableSecret(name, err)
	}
	line, _, _ := bytes.Cut(content[:n], []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return nil, failf(exitPassphrase, "passphrase_file", lang.Words{
			EN: "The first line of %s is empty; it must hold the passphrase.",
			FR: "La première ligne de %s est vide ; elle doit contenir la phrase de passe.",
		}, name)
	}
	return secret.Copy(line), nil
}

func unreadableSecret(name string, cause error) error {
	return errors.Join(failf(exitPassphrase, "passphrase_file", lang.Words{
		EN: "The passphrase file %s cannot be read. Check its name and who may read it.",
		FR: "Le fichier de phrase de passe %s est illisible. Vérifiez son nom et qui peut le lire.",
	}, name), cause)
}

// tty opens the terminal to ask on. Standard input may be a pipe with the text to send, so the
// terminal of the process is asked, wherever its input comes from.
func (s *shell) tty() (*os.File, error) {
	name := "/dev/tty"
	if in := interactive(s.stdin); in != nil {
		name = in.Name() // a terminal that does not control the process
		if name == os.Stdin.Name() {
			name = fmt.Sprintf("/dev/fd/%d", in.Fd())
		}
	}
	tty, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, failf(exitPassphrase, "passphrase_missing", lang.Words{
			EN: "There is no terminal to ask for the passphrase: use --passphrase-file FILE or " + passphraseVariable + ".",
			FR: "Aucun terminal où demander la phrase de passe : utilisez --passphrase-file FICHIER ou " + passphraseVariable + ".",
		})
	}
	return tty, nil
}

// ask prompts and reads a line without showing it.
func (s *shell) ask(ctx context.Context, tty *os.File, prompt lang.Words) (*secret.Bytes, error) {
	s.mutter(prompt.In(s.lang))
	defer s.mutter("\n")
	return readHidden(ctx, tty)
}

// readHidden reads a line with echo off. When ctx ends first, the terminal gets its echo back and the
// read is left to end with the process.
func readHidden(ctx context.Context, tty *os.File) (*secret.Bytes, error) {
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return nil, fmt.Errorf("prepare terminal: %w", err)
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(int(tty.Fd()))
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			secret.Wipe(a.line)
			return nil, fmt.Errorf("read passphrase: %w", a.err)
		}
		return secret.New(a.line), nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(int(tty.Fd()), before))
	}
}
