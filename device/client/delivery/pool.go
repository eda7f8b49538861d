package delivery

import (
	"errors"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A Pool is the bag of key packages of one device: its owner puts, others take.
type Pool struct{ pool link.Pool }

// NewPool derives a pool from a secret of InboxSecretSize bytes, which stays its
// owner's.
func NewPool(poolSecret *secret.Bytes) (*Pool, error) {
	if poolSecret.Len() != InboxSecretSize {
		return nil, errors.New("derive the pool: the secret has another size")
	}
	var p Pool
	derived := secret.DeriveSHA3(secret.PoolCap, poolSecret, nil, nil, 3*len(p.pool.ID))
	defer derived.Wipe()
	fill(derived, p.pool.ID[:], p.pool.Put[:], p.pool.Take[:])
	return &p, nil
}

// ID returns the pool's identifier.
func (p *Pool) ID() link.ID { return p.pool.ID }

// Put returns the cap to put.
func (p *Pool) Put() link.Cap { return p.pool.Put }

// Link returns what a relay needs to create the pool.
func (p *Pool) Link(class link.Class) link.Pool {
	pool := p.pool
	pool.Class = class
	return pool
}

// Address returns what others need to take from the pool.
func (p *Pool) Address() PoolAddress { return PoolAddress{ID: p.pool.ID, Take: p.pool.Take} }

// Wipe forgets the caps.
func (p *Pool) Wipe() { p.pool = link.Pool{} }

// A PoolAddress is where a pool is and the cap to take. It stands on the member's
// card.
//
//	struct {
//	    opaque id[32];
//	    opaque take[32];
//	} PoolAddress;
type PoolAddress struct {
	ID   link.ID
	Take link.Cap
}

// Code implements [syntax.Value].
func (a *PoolAddress) Code(c *syntax.Codec) {
	c.Fixed(a.ID[:])
	c.Fixed(a.Take[:])
}
