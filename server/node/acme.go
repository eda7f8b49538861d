package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"bulle/protocol/secret"
	"bulle/server/certificate/acme"
)

// openACME takes up what the operator's authority gave last. It contacts nobody yet.
func (n *Node) openACME() error {
	if len(n.cfg.ACME) == 0 {
		return nil
	}
	var stored []byte
	if n.data.has(accountName) {
		b, err := n.data.readSecret(accountName)
		if err != nil {
			return err
		}
		defer secret.Wipe(b)
		stored = b
	}
	var err error
	n.acme, err = acme.New(acme.Config{
		Directory: n.cfg.ACMEDirectory, Domains: n.cfg.ACME, Key: n.key,
		Stored: stored, Store: func(b []byte) error { return n.data.write(accountName, b) },
		Now: n.cfg.Now, Notice: func(err error) { n.cfg.Notice(problem(ACMEFailed, "", oneLine(err))) },
	})
	if errors.Is(err, acme.ErrDamaged) {
		return problem(AccountDamaged, n.data.path(accountName), "")
	}
	if err != nil {
		return fmt.Errorf("prepare for the authority: %w", err)
	}
	return nil
}

// oneLine is an error as one sentence can carry it: what an authority answers may be long.
func oneLine(err error) string {
	const longest = 200
	text := []rune(strings.Join(strings.Fields(err.Error()), " "))
	return string(text[:min(len(text), longest)])
}

// certificate is what a connection is shown: what the operator's authority gave for the
// name that it asks for, or else what the relay issues itself. Both are for the one key.
func (n *Node) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if n.acme != nil {
		if c := n.acme.Certificate(hello); c != nil {
			return c, nil
		}
	}
	return n.keeper.Certificate(hello)
}
