package governance

import (
	"crypto/ed25519"
	"fmt"

	"bulle/protocol/secret"
)

// DevicePublic is a device's Ed25519 public key. It is the signature key of the
// device's MLS leaves as well.
type DevicePublic [ed25519.PublicKeySize]byte

// DeviceSignature is an Ed25519 signature by a device.
type DeviceSignature [ed25519.SignatureSize]byte

// ID names the device.
func (p DevicePublic) ID() DeviceID { return DeviceID(labelled("bulle 1 device", p[:])) }

// Verify checks a signature by the device in a context. It returns
// [ErrSignature] if it fails.
func (p DevicePublic) Verify(ctx Context, message []byte, sig *DeviceSignature) error {
	if !ed25519.Verify(p[:], signedContent(ctx, p.ID(), message), sig[:]) {
		return ErrSignature
	}
	return nil
}

// A DeviceKey is a device's Ed25519 key. It may be used concurrently, but not
// while it is wiped.
type DeviceKey struct {
	seed   *secret.Bytes
	public DevicePublic
}

// NewDeviceKey makes the key of a seed (RFC 8032, section 5.1.5) of [SeedSize]
// bytes and takes ownership of the seed. It panics on another size.
func NewDeviceKey(seed *secret.Bytes) *DeviceKey {
	if seed.Len() != SeedSize {
		panic(fmt.Sprintf("governance: a device seed of %d bytes", seed.Len()))
	}
	k := &DeviceKey{seed: seed}
	secret.Do(func() {
		private := ed25519.NewKeyFromSeed(seed.Reveal())
		copy(k.public[:], private[ed25519.SeedSize:])
		secret.Wipe(private)
	})
	return k
}

// Seed lends the seed, for its owner to store and to give to MLS.
func (k *DeviceKey) Seed() *secret.Bytes { return k.seed }

// Public returns the public key.
func (k *DeviceKey) Public() DevicePublic { return k.public }

// ID names the device.
func (k *DeviceKey) ID() DeviceID { return k.public.ID() }

// Sign signs message in a context. It panics after Wipe.
func (k *DeviceKey) Sign(ctx Context, message []byte) *DeviceSignature {
	content := signedContent(ctx, k.ID(), message)
	var sig DeviceSignature
	secret.Do(func() {
		private := ed25519.NewKeyFromSeed(k.seed.Reveal())
		copy(sig[:], ed25519.Sign(private, content))
		secret.Wipe(private)
	})
	return &sig
}

// Wipe erases the seed. The key can then no longer sign.
func (k *DeviceKey) Wipe() { k.seed.Wipe() }
