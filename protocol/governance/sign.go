package governance

import (
	"crypto/ed25519"
	"fmt"

	"github.com/cloudflare/circl/sign/mldsa/mldsa65"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Sizes in bytes of what hybrid signing uses: Ed25519 (RFC 8032) beside
// ML-DSA-65 (FIPS 204).
const (
	SeedSize      = 32
	PublicKeySize = ed25519.PublicKeySize + mldsa65.PublicKeySize // 32 + 1952
	SignatureSize = ed25519.SignatureSize + mldsa65.SignatureSize // 64 + 3309
)

// PublicKey is a hybrid public key: Ed25519, then ML-DSA-65. Every value of this
// size is an encoding; one that is no key verifies nothing.
type PublicKey [PublicKeySize]byte

// Signature is a hybrid signature: Ed25519, then ML-DSA-65.
type Signature [SignatureSize]byte

// ID names the key.
func (p *PublicKey) ID() KeyID { return KeyID(labelled("bulle 1 key", p[:])) }

// Verify checks both signatures of sig over message in a context. It returns
// [ErrSignature] if either fails, and does not say which.
func (p *PublicKey) Verify(ctx Context, message []byte, sig *Signature) error {
	content := signedContent(ctx, p.ID(), message)
	classical := ed25519.Verify(p[:ed25519.PublicKeySize], content, sig[:ed25519.SignatureSize])
	var lattice mldsa65.PublicKey
	lattice.Unpack((*[mldsa65.PublicKeySize]byte)(p[ed25519.PublicKeySize:]))
	quantum := mldsa65.Verify(&lattice, content, []byte(ctx.String()), sig[ed25519.SignatureSize:])
	if !classical || !quantum {
		return ErrSignature
	}
	return nil
}

// A SigningKey is the hybrid key of a root, a member or an invitation. It holds
// nothing but its seed: the two keys are made for each signature and erased. It
// may be used concurrently, but not while it is wiped.
type SigningKey struct {
	seed   *secret.Bytes
	public PublicKey
}

// NewSigningKey makes the key of a seed of [SeedSize] bytes and takes ownership
// of the seed. secret.Random makes a new one. It panics on another size.
func NewSigningKey(seed *secret.Bytes) *SigningKey {
	if seed.Len() != SeedSize {
		panic(fmt.Sprintf("governance: a seed of %d bytes", seed.Len()))
	}
	k := &SigningKey{seed: seed}
	k.expand(func(classical ed25519.PrivateKey, lattice *mldsa65.PublicKey, _ *mldsa65.PrivateKey) {
		copy(k.public[:], classical[ed25519.SeedSize:])
		copy(k.public[ed25519.PublicKeySize:], lattice.Bytes())
	})
	return k
}

// expand lends the two private keys to f and erases them.
func (k *SigningKey) expand(f func(ed25519.PrivateKey, *mldsa65.PublicKey, *mldsa65.PrivateKey)) {
	seeds := secret.DeriveSHA3(secret.SigningKey, k.seed, nil, nil, ed25519.SeedSize+mldsa65.SeedSize)
	defer seeds.Wipe()
	secret.Do(func() {
		classical := ed25519.NewKeyFromSeed(seeds.Reveal()[:ed25519.SeedSize])
		public, lattice := mldsa65.NewKeyFromSeed((*[mldsa65.SeedSize]byte)(seeds.Reveal()[ed25519.SeedSize:]))
		f(classical, public, lattice)
		secret.Wipe(classical)
		*lattice = mldsa65.PrivateKey{}
	})
}

// Seed lends the seed, for its owner to store.
func (k *SigningKey) Seed() *secret.Bytes { return k.seed }

// Public returns the public key.
func (k *SigningKey) Public() *PublicKey {
	p := k.public
	return &p
}

// ID names the public key.
func (k *SigningKey) ID() KeyID { return k.public.ID() }

// Sign signs message in a context with both keys, deterministically. It panics
// after Wipe.
func (k *SigningKey) Sign(ctx Context, message []byte) *Signature {
	if k.seed.Len() != SeedSize {
		panic("governance: a wiped key signs")
	}
	content := signedContent(ctx, k.ID(), message)
	var sig Signature
	k.expand(func(classical ed25519.PrivateKey, _ *mldsa65.PublicKey, lattice *mldsa65.PrivateKey) {
		copy(sig[:], ed25519.Sign(classical, content))
		err := mldsa65.SignTo(lattice, content, []byte(ctx.String()), false, sig[ed25519.SignatureSize:])
		if err != nil {
			panic("governance: " + err.Error()) // only the context's length can be wrong, and it is ours
		}
	})
	return &sig
}

// Wipe erases the seed. The key can then no longer sign.
func (k *SigningKey) Wipe() { k.seed.Wipe() }

// A Context separates what signatures are for: one made in a context verifies in
// no other. Each also differs from every label of RFC 9420, section 5.1.2, since
// a device's key is its MLS signature key as well.
type Context uint8

// The contexts.
const (
	ContextStatement  Context = iota + 1 // the signer of a statement
	ContextPossession                    // the key that a statement introduces
	ContextProof                         // a proof that opens a connection
)

// String returns the context as it enters the signed bytes.
func (ctx Context) String() string {
	switch ctx {
	case ContextStatement:
		return "bulle 1 statement"
	case ContextPossession:
		return "bulle 1 possession"
	case ContextProof:
		return "bulle 1 proof"
	}
	return fmt.Sprintf("context %d", uint8(ctx))
}

// signedContent is what both keys sign. It names the signer, so a signature says
// whose it is and neither half of it can be lent to another key.
//
//	struct { opaque context<V>; opaque signer[32]; opaque message<V>; } SignedContent;
func signedContent(ctx Context, signer [32]byte, message []byte) []byte {
	b, err := syntax.Marshal(&content{context: ctx.String(), signer: signer, message: message})
	if err != nil {
		panic("governance: " + err.Error()) // a message beyond 1 GiB
	}
	return b
}

type content struct {
	context string
	signer  [32]byte
	message []byte
}

func (s *content) Code(c *syntax.Codec) {
	c.String(&s.context)
	c.Fixed(s.signer[:])
	c.Opaque(&s.message)
}
