package conversation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"bulle/device/vault"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// segmentPrefix begins the names of the vault's segments that hold conversations.
const segmentPrefix = "conversation/"

func segment(id ID) string { return segmentPrefix + id.String() }

func numbered(prefix string, n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return prefix + string(b[:])
}

// A reader reads records: a transaction, which sees its own writes, or the vault
// as it was before the transactions that run.
type reader interface {
	Get(segment, name string) ([]byte, error)
	List(segment string, r vault.Range) ([]string, error)
}

// view reads a vault outside a transaction.
type view struct {
	ctx   context.Context //nolint:containedctx // a view lives no longer than the call that made it
	vault *vault.Vault
}

func (v view) Get(segment, name string) ([]byte, error) { return v.vault.Get(v.ctx, segment, name) }

func (v view) List(segment string, r vault.Range) ([]string, error) {
	return v.vault.List(v.ctx, segment, r)
}

// load reads a record into value and reports whether there is one.
func load(r reader, segment, name string, value syntax.Value) (bool, error) {
	b, err := r.Get(segment, name)
	switch {
	case errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrNoSegment):
		return false, nil
	case err != nil:
		return false, err
	}
	defer secret.Wipe(b)
	if err := syntax.Unmarshal(b, value); err != nil {
		return false, fmt.Errorf("read a record of the vault: %w", err)
	}
	return true, nil
}

// decodes reads what another device made. What is malformed counts for nothing: its
// sender is a member or pretends to be one, and nobody here can do anything about it.
func decodes(b []byte, value syntax.Value) bool { return syntax.Unmarshal(b, value) == nil }

// save writes a record.
func save(tx *vault.Tx, segment, name string, value syntax.Value) error {
	b, err := syntax.Marshal(value)
	if err != nil {
		return fmt.Errorf("write a record of the vault: %w", err)
	}
	defer secret.Wipe(b)
	return tx.Put(segment, name, b)
}

// loadMeta reads what is kept of a conversation as a whole.
func loadMeta(r reader, id ID) (*meta, bool, error) {
	var m meta
	ok, err := load(r, segment(id), "meta", &m)
	return &m, ok, err
}

func (m *meta) save(tx *vault.Tx, id ID) error { return save(tx, segment(id), "meta", m) }

// number gives the next number for a queued content, upload or change.
func (m *meta) number() uint64 {
	m.Numbers++
	return m.Numbers
}
