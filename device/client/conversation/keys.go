package conversation

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Key packages. Others add this device to groups with key packages that it left in
// its pool, each taken once. Their private parts wait in the vault's segment "keys"
// and go when the Welcome that used them is durable:
//
//	pool        poolState   what the relay has
//	b/REF       bundle      a key package with its private keys (mls)
//	l/REF       bundle      one that is, or was, the last resort
//
// The last resort is handed out when the pool is empty and may be used more than
// once; it is replaced after use, and the one before it is kept for those who took
// it already.

const keysSegment = "keys"

const (
	targetPackages = 20  // in the pool
	maxPackages    = 200 // private parts that wait; older ones go
	maxLastResorts = 4
)

// A poolState is what is known of our pool.
type poolState struct {
	Created    bool
	LastResort uint64 // Unix milliseconds when the last resort was put; 0: it was used
	Filled     uint64 // Unix milliseconds when it was last found full; 0: to be filled
}

// How often the pool is looked after when nobody seems to have taken from it: some
// packages may be taken and never used, and the last resort must not grow old.
const (
	refill = 24 * time.Hour
	renew  = 7 * 24 * time.Hour
)

// A key package counts from so long before it is made, by its maker's clock, to so
// long after. Who adds a device looks at their own clock: neither may be further off
// than the first.
const (
	clockSlack = 28 * 24 * time.Hour
	keptFor    = 84 * 24 * time.Hour
)

// Code implements [syntax.Value].
func (p *poolState) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Bool(&p.Created)
	c.Uint64(&p.LastResort)
	c.Uint64(&p.Filled)
}

// keyPass fills the pool up to its target, and makes it anew if the relay forgot it.
func (e *Engine) keyPass(ctx context.Context, _ *worker, _ uint64) error {
	var state poolState
	if _, err := load(e.view(ctx), keysSegment, "pool", &state); err != nil {
		return err
	}
	err := e.fillPool(ctx, &state)
	if errors.Is(err, link.ErrNotFound) {
		if err := e.savePool(ctx, &poolState{}); err != nil {
			return err
		}
		return errAgain
	}
	return err
}

func (e *Engine) fillPool(ctx context.Context, state *poolState) error {
	now := e.Clock()
	due := func(since uint64, every time.Duration) bool {
		age := now.Sub(fromMillis(since))
		return age < 0 || age >= every
	}
	if !state.Created {
		if err := e.relay.CreatePool(ctx, e.Self.Pool.Link(channelClass)); err != nil {
			return fmt.Errorf("create the pool of key packages: %w", err)
		}
		state.Created = true
		if err := e.savePool(ctx, state); err != nil {
			return err
		}
	}
	if due(state.LastResort, renew) {
		if _, err := e.putPackage(ctx, true); err != nil {
			return err
		}
		state.LastResort = millis(now)
		if err := e.savePool(ctx, state); err != nil {
			return err
		}
	}
	if !due(state.Filled, refill) {
		return nil
	}
	for count := 0; count < targetPackages; { // only a put says how many there are
		var err error
		if count, err = e.putPackage(ctx, false); err != nil {
			return err
		}
	}
	state.Filled = millis(now)
	return e.savePool(ctx, state)
}

func (e *Engine) savePool(ctx context.Context, state *poolState) error {
	return e.update(ctx, "pool", func(tx *vault.Tx, _ *notes) error {
		if err := ensureSegment(tx, keysSegment); err != nil {
			return err
		}
		return save(tx, keysSegment, "pool", state)
	})
}

// putPackage makes a key package, keeps its private part and puts it into the
// pool. It returns how many the pool then holds.
func (e *Engine) putPackage(ctx context.Context, lastResort bool) (int, error) {
	now := e.Clock()
	bundle, err := mls.NewKeyPackage(e.mls(e.authority()), mls.Hybrid, credential(e.Self.Member, e.Self.Device), e.Self.Signature,
		mls.KeyPackageOptions{
			Capabilities: capabilities(), LastResort: lastResort,
			Lifetime: mls.NewLifetime(now.Add(-clockSlack), now.Add(keptFor)),
		})
	if err != nil {
		return 0, fmt.Errorf("make a key package: %w", err)
	}
	defer bundle.Wipe()
	item, err := governance.SealItem(e.Self.Key, governance.ItemKeyPackage, e.Self.Device[:], bundle.Message())
	if err != nil {
		return 0, fmt.Errorf("seal a key package: %w", err)
	}
	if err := e.keepBundle(ctx, bundle, lastResort); err != nil {
		return 0, err
	}
	count, err := e.relay.Put(ctx, e.Self.Pool.ID(), e.Self.Pool.Put(), item, lastResort)
	if err != nil {
		return 0, fmt.Errorf("put a key package: %w", err)
	}
	return count, nil
}

// keepBundle makes the private part durable before anyone can use the public one.
func (e *Engine) keepBundle(ctx context.Context, b *mls.KeyPackageBundle, lastResort bool) error {
	private, err := b.Marshal()
	if err != nil {
		return fmt.Errorf("encode a key package: %w", err)
	}
	defer secret.Wipe(private)
	prefix, bound := "b/", maxPackages
	if lastResort {
		prefix, bound = "l/", maxLastResorts
	}
	return e.update(ctx, "package", func(tx *vault.Tx, _ *notes) error {
		if err := ensureSegment(tx, keysSegment); err != nil {
			return err
		}
		var number counter
		if _, err := load(tx, keysSegment, "n", &number); err != nil {
			return err
		}
		number++
		if err := save(tx, keysSegment, "n", &number); err != nil {
			return err
		}
		names, err := tx.List(keysSegment, vault.Range{Prefix: prefix})
		if err != nil {
			return err
		}
		for ; len(names) >= bound; names = names[1:] { // numbered: the oldest are first
			if err := tx.Delete(keysSegment, names[0]); err != nil {
				return err
			}
		}
		return tx.Put(keysSegment, numbered(prefix, uint64(number))+hex.EncodeToString(b.Ref()), private)
	})
}

// bundles returns the private parts that a Welcome may be for, and their names.
func (e *Engine) bundles(ctx context.Context, welcome []byte) (out []*mls.KeyPackageBundle, names []string, err error) {
	refs, err := mls.WelcomeRefs(welcome)
	if err != nil {
		return nil, nil, err
	}
	wanted := map[string]bool{}
	for _, ref := range refs {
		wanted[hex.EncodeToString(ref)] = true
	}
	v := e.view(ctx)
	for _, prefix := range []string{"b/", "l/"} {
		kept, err := v.List(keysSegment, vault.Range{Prefix: prefix})
		if err != nil {
			return nil, nil, ignoreMissing(err)
		}
		for _, name := range kept {
			if len(name) < 10 || !wanted[name[10:]] {
				continue
			}
			private, err := v.Get(keysSegment, name)
			if err != nil {
				return nil, nil, err
			}
			bundle, err := mls.UnmarshalKeyPackageBundle(private)
			secret.Wipe(private)
			if err != nil {
				return nil, nil, fmt.Errorf("restore a key package: %w", err)
			}
			out, names = append(out, bundle), append(names, name)
		}
	}
	return out, names, nil
}

// spend ends a bundle whose Welcome is durable, and asks for a new one. A last
// resort stays for others who took the same one, and is replaced.
func (e *Engine) spend(tx *vault.Tx, n *notes, name string) error {
	n.kick(workerKey{kind: keyWorker})
	var state poolState
	if _, err := load(tx, keysSegment, "pool", &state); err != nil {
		return err
	}
	if name[:2] == "b/" {
		state.Filled = 0
		if err := tx.Delete(keysSegment, name); err != nil {
			return err
		}
	} else {
		state.LastResort = 0
	}
	return save(tx, keysSegment, "pool", &state)
}
