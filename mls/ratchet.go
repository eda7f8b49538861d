package mls

import (
	"math"
	"slices"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A messageKey encrypts one message (RFC 9420, section 9.1).
type messageKey struct {
	generation uint32
	key, nonce *secret.Bytes
}

func (k *messageKey) wipe() {
	if k != nil {
		k.key.Wipe()
		k.nonce.Wipe()
	}
}

func (k *messageKey) clone() *messageKey {
	return &messageKey{k.generation, k.key.Clone(), k.nonce.Clone()}
}

func (k *messageKey) Code(c *syntax.Codec) {
	c.Uint32(&k.generation)
	codeSecret(c, &k.key)
	codeSecret(c, &k.nonce)
}

// A ratchet makes the message keys of one sender, one after the other (RFC 9420,
// section 9.1), and keeps some that were skipped (section 15.3).
type ratchet struct {
	generation uint32        // of the next key
	secret     *secret.Bytes // empty at the end of the ratchet
	skipped    []*messageKey // by generation, each before the next key
}

// step makes the next key; the secret that it came from is wiped.
func (r *ratchet) step(a *algorithms) (*messageKey, error) {
	if r.secret.Len() == 0 {
		return nil, ErrTooFar
	}
	s := r.secret.Reveal()
	k := &messageKey{
		generation: r.generation,
		key:        secret.New(a.deriveTree(s, "key", r.generation, a.keySize)),
		nonce:      secret.New(a.deriveTree(s, "nonce", r.generation, nonceSize)),
	}
	if r.generation == math.MaxUint32 {
		r.secret.Wipe()
		return k, nil
	}
	next := secret.New(a.deriveTree(s, "secret", r.generation, a.nh))
	r.secret.Wipe()
	r.secret = next
	r.generation++
	return k, nil
}

// lookUp finds the key of a generation, and the ratchet as it will be once that
// key is consumed. The ratchet itself stays.
func (r *ratchet) lookUp(a *algorithms, generation uint32, limits Limits) (*ratchet, *messageKey, error) {
	if generation < r.generation || r.secret.Len() == 0 {
		i, found := slices.BinarySearchFunc(r.skipped, generation, compareGeneration)
		if !found {
			return nil, nil, ErrConsumed
		}
		next := r.clone()
		k := next.skipped[i]
		next.skipped = slices.Delete(next.skipped, i, i+1)
		return next, k, nil
	}
	if generation-r.generation > limits.ForwardDistance {
		return nil, nil, errTooFar(r.generation, generation)
	}
	next := r.clone()
	for {
		k, err := next.step(a)
		if err != nil {
			next.wipe()
			return nil, nil, err
		}
		if k.generation == generation {
			return next, k, nil
		}
		next.keep(k, limits.SkippedKeys)
	}
}

// keep stores a skipped key and gives up the oldest over the limit.
func (r *ratchet) keep(k *messageKey, limit int) {
	r.skipped = append(r.skipped, k)
	for len(r.skipped) > limit {
		r.skipped[0].wipe()
		r.skipped = slices.Delete(r.skipped, 0, 1)
	}
}

func compareGeneration(k *messageKey, g uint32) int {
	switch {
	case k.generation < g:
		return -1
	case k.generation > g:
		return 1
	default:
		return 0
	}
}

func (r *ratchet) clone() *ratchet {
	c := &ratchet{r.generation, r.secret.Clone(), make([]*messageKey, len(r.skipped))}
	for i, k := range r.skipped {
		c.skipped[i] = k.clone()
	}
	return c
}

func (r *ratchet) wipe() {
	if r == nil {
		return
	}
	r.secret.Wipe()
	for _, k := range r.skipped {
		k.wipe()
	}
}

// Code codes the ratchet.
func (r *ratchet) Code(c *syntax.Codec) {
	c.Uint32(&r.generation)
	codeSecret(c, &r.secret)
	syntax.Vector(c, &r.skipped, func(c *syntax.Codec, k **messageKey) {
		if c.Reading() {
			*k = new(messageKey)
		}
		(*k).Code(c)
	})
	for i, k := range r.skipped {
		last := r.secret.Len() == 0 && k.generation == r.generation
		if c.Err() == nil && (k.generation > r.generation || k.generation == r.generation && !last || i > 0 && r.skipped[i-1].generation >= k.generation) {
			c.Fail("skipped keys out of order")
		}
	}
}
