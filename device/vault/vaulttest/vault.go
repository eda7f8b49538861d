package vaulttest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"bulle/device/vault"
	"bulle/protocol/secret"
)

// vault runs a vault on the backend, from its creation to its rotation.
func (c *contract) vault() {
	ctx := c.Context()
	pass := secret.Copy([]byte("seven quiet otters paint the wooden bridge at noon"))
	o := vault.Options{KDF: vault.PBKDF2(vault.MinIterations), PBKDF2: noPBKDF2}
	v, err := vault.Create(ctx, c.b, pass, o)
	c.check(err)
	c.check(v.Update(ctx, func(tx *vault.Tx) error {
		if err := errors.Join(tx.NewSegment("kept"), tx.NewSegment("shredded"), tx.Put("shredded", "a", []byte("gone"))); err != nil {
			return err
		}
		for i := range 300 {
			if err := tx.Put("kept", fmt.Sprintf("%04d", i), []byte(fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return nil
	}))
	c.check(v.Update(ctx, func(tx *vault.Tx) error { return tx.Shred("shredded") }))
	c.check(v.Rotate(ctx))
	v.Lock()
	c.reopen()
	v, err = vault.Open(ctx, c.b, pass, o)
	c.check(err)
	defer v.Lock()
	next := 0
	c.check(v.Scan(ctx, "kept", vault.Range{}, func(name string, value []byte) error {
		if name != fmt.Sprintf("%04d", next) || string(value) != fmt.Sprint(next) {
			c.Errorf("record %d is %q: %q", next, name, value)
		}
		next++
		return nil
	}))
	if next != 300 || v.HasSegment("shredded") {
		c.Errorf("%d records; the shredded segment is there: %v", next, v.HasSegment("shredded"))
	}
}

// noPBKDF2 takes no time, and is no protection.
func noPBKDF2(passphrase, salt []byte, _ int) ([]byte, error) {
	sum := sha256.Sum256(append(bytes.Clone(salt), passphrase...))
	return sum[:], nil
}
