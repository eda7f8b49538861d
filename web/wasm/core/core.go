// Package core answers the web page: it owns the vault and the client of one
// worker, and turns what the page asks into calls of bulle/device/client.
//
// Most callers need [New], whose result implements [page.Core].
package core

import (
	"context"
	"errors"
	"sync"

	"bulle/device/client"
	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
	"bulle/web/wasm/veil"
)

// Storage is where the browser keeps sealed records.
type Storage interface {
	Exists(ctx context.Context) (bool, error)
	Open(ctx context.Context) (vault.Backend, error)
	Delete(ctx context.Context) error
}

// Config of [New]. Every field is required but KDF.
type Config struct {
	Storage  Storage
	Network  client.Network                // reaches the relay that serves the page
	Announce func(event string, value any) // tells the page; must not block
	KDF      vault.KDF                     // of new vaults; the zero value is calibrated
}

// Core is one session of a page. Its methods may be called concurrently.
type Core struct {
	cfg Config

	mu     sync.Mutex // guards what follows; not held while the network is waited for
	vault  *vault.Vault
	client *client.Client
	mask   client.Mask

	veil      *veil.Veil // has a lock of its own, taken last
	downloads downloads  // and so has this
	linking   linking    // and this
}

// New returns a locked core.
func New(cfg Config) *Core {
	return &Core{
		cfg: cfg, veil: veil.New(func() { cfg.Announce("covered", bridge.None{}) }),
		downloads: downloads{announce: cfg.Announce},
	}
}

// errLocked says that the vault is not open.
var errLocked = &bridge.Error{Code: "locked"}

// open returns the client, or errLocked.
func (c *Core) open() (*client.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		return nil, errLocked
	}
	return c.client, nil
}

// State implements [page.Core].
func (c *Core) State(ctx context.Context, _ bridge.None) (page.State, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault != nil {
		return page.State{Vault: "open", Enrolled: c.client != nil}, nil
	}
	exists, err := c.cfg.Storage.Exists(ctx)
	if err != nil {
		return page.State{}, err
	}
	if exists {
		return page.State{Vault: "locked"}, nil
	}
	return page.State{Vault: "none"}, nil
}

// MakePassphrase implements [page.Core].
func (c *Core) MakePassphrase(context.Context, bridge.None) (page.Passphrase, error) {
	p := passphrase.Generate()
	defer p.Wipe()
	return page.Passphrase{Passphrase: string(p.Reveal())}, nil
}

// JudgePassphrase implements [page.Core].
func (c *Core) JudgePassphrase(_ context.Context, in page.Passphrase) (page.Strength, error) {
	p := secret.Copy([]byte(in.Passphrase))
	defer p.Wipe()
	s, err := passphrase.Estimate(p)
	if err != nil {
		return page.Strength{Floor: passphrase.Floor}, nil // what cannot be a passphrase has no strength
	}
	return page.Strength{Bits: s.Bits, Floor: passphrase.Floor, Hint: s.Weakness.String()}, nil
}

// CreateVault implements [page.Core].
func (c *Core) CreateVault(ctx context.Context, in page.NewVault) (bridge.None, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault != nil {
		return bridge.None{}, vault.ErrExists
	}
	var backend vault.Backend = memory.New()
	if in.Keep {
		var err error
		if backend, err = c.cfg.Storage.Open(ctx); err != nil {
			return bridge.None{}, err
		}
	}
	p := secret.New([]byte(in.Passphrase))
	defer p.Wipe()
	v, err := vault.Create(ctx, backend, p, vault.Options{KDF: c.cfg.KDF})
	if err != nil {
		return bridge.None{}, errors.Join(err, backend.Close())
	}
	c.vault = v
	return bridge.None{}, nil
}

// Unlock implements [page.Core].
func (c *Core) Unlock(ctx context.Context, in page.Passphrase) (bridge.None, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault != nil {
		return bridge.None{}, nil
	}
	backend, err := c.cfg.Storage.Open(ctx)
	if err != nil {
		return bridge.None{}, err
	}
	p := secret.New([]byte(in.Passphrase))
	defer p.Wipe()
	v, err := vault.Open(ctx, backend, p, vault.Options{})
	if err != nil {
		return bridge.None{}, errors.Join(err, backend.Close())
	}
	c.vault = v
	cl, err := client.Open(ctx, c.config())
	switch {
	case errors.Is(err, client.ErrNotEnrolled):
		return bridge.None{}, nil // an earlier enrolment did not finish: the page asks for the link again
	case err != nil:
		c.vault = nil
		return bridge.None{}, errors.Join(err, v.Close())
	}
	return bridge.None{}, c.start(cl)
}

// ForgetVault implements [page.Core].
func (c *Core) ForgetVault(ctx context.Context, _ bridge.None) (bridge.None, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault != nil {
		return bridge.None{}, vault.ErrInUse
	}
	return bridge.None{}, c.cfg.Storage.Delete(ctx)
}

// ChangePassphrase implements [page.Core]. The vault has a lock of its own, so that the
// page goes on while everything is sealed again.
func (c *Core) ChangePassphrase(ctx context.Context, in page.NewPassphrase) (bridge.None, error) {
	c.mu.Lock()
	v := c.vault
	c.mu.Unlock()
	if v == nil {
		return bridge.None{}, errLocked
	}
	before, after := secret.New([]byte(in.Old)), secret.New([]byte(in.New))
	defer before.Wipe()
	defer after.Wipe()
	if err := v.ChangePassphrase(ctx, before, after, vault.KDF{}); err != nil || !in.Rotate {
		return bridge.None{}, err
	}
	// What is left of the old root then is deleted when the vault is next opened.
	if err := v.Rotate(ctx); !errors.Is(err, vault.ErrUnfinished) {
		return bridge.None{}, err
	}
	return bridge.None{}, nil
}

// Enrol implements [page.Core].
func (c *Core) Enrol(ctx context.Context, in page.Enrolment) (bridge.None, error) {
	kind, err := c.ReadLink(ctx, page.Link{Link: in.Link})
	if err != nil {
		return bridge.None{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault == nil {
		return bridge.None{}, errLocked
	}
	if c.client != nil {
		return bridge.None{}, client.ErrEnrolled
	}
	enrol := client.Join
	switch kind.Kind {
	case "claim":
		enrol = client.Claim
	case "device":
		enrol = c.comeIn
	}
	cl, err := enrol(ctx, c.config(), in.Link, in.Name)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, c.start(cl)
}

func (c *Core) config() client.Config {
	return client.Config{Vault: c.vault, Network: c.cfg.Network}
}

// start connects a client and tells the page what happens to it from now on.
func (c *Core) start(cl *client.Client) error {
	mask, err := cl.Mask()
	if err != nil {
		mask.On = true // what cannot be read must not show more than was wanted
	}
	c.client, c.mask = cl, mask
	events := cl.Events(context.Background()) // ends when the client closes
	go func() {
		for e := range events {
			c.announce(e)
		}
	}()
	return cl.Start(context.Background())
}
