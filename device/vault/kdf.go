package vault

import (
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Floors and ceilings of how a passphrase is stretched. A header below a floor is
// refused whoever wrote it; the ceilings bound what a forged one can cost.
const (
	MinIterations = 600_000
	MaxIterations = 100_000_000
	MinArgonTime  = 3
	MaxArgonTime  = 1_000
	MinArgonKiB   = 64 << 10 // RFC 9106, section 4, second recommendation
	MaxArgonKiB   = 4 << 20
	// CalibrationTarget is how long a passphrase is stretched by default, on the
	// machine that creates the vault.
	CalibrationTarget = 750 * time.Millisecond
)

// KDF says how a passphrase is stretched. The zero value stands for a default
// that its user documents. It holds no secret.
type KDF struct {
	kind       factorKind
	iterations uint32 // PBKDF2: iterations; Argon2id: passes
	memory     uint32 // Argon2id: KiB
	threads    uint8  // Argon2id
}

// PBKDF2 stretches with PBKDF2-HMAC-SHA256 (RFC 8018).
func PBKDF2(iterations uint32) KDF { return KDF{kind: factorPBKDF2, iterations: iterations} }

// Argon2id stretches with Argon2id (RFC 9106): passes over memory KiB, with
// threads lanes. It resists specialised hardware better, and needs the memory.
func Argon2id(passes, memoryKiB uint32, threads uint8) KDF {
	return KDF{kind: factorArgon2id, iterations: passes, memory: memoryKiB, threads: threads}
}

// Calibrate returns PBKDF2 with the iterations that take about target here, at
// least MinIterations. It measures for a tenth of that.
func Calibrate(target time.Duration) KDF {
	const sample = MinIterations / 10
	start := time.Now()
	if _, err := platformPBKDF2([]byte("calibrate"), make([]byte, 32), sample); err != nil {
		panic("vault: " + err.Error()) // all its arguments are ours
	}
	perTarget := float64(sample) * float64(target) / float64(max(time.Since(start), 1))
	return PBKDF2(uint32(min(max(perTarget, MinIterations), MaxIterations)))
}

// Iterations returns the iterations of PBKDF2, or the passes of Argon2id.
func (k KDF) Iterations() uint32 { return k.iterations }

// String names the function and its cost.
func (k KDF) String() string {
	switch k.kind {
	case factorPBKDF2:
		return fmt.Sprintf("PBKDF2-HMAC-SHA256, %d iterations", k.iterations)
	case factorArgon2id:
		return fmt.Sprintf("Argon2id, %d passes over %d KiB, %d lanes", k.iterations, k.memory, k.threads)
	}
	return "default"
}

// check fails with ErrDowngrade below a floor and with ErrTooLarge above a ceiling.
func (k KDF) check() error {
	switch {
	case k.kind == factorPBKDF2 && k.iterations < MinIterations,
		k.kind == factorArgon2id && (k.iterations < MinArgonTime || k.memory < MinArgonKiB || k.threads == 0):
		return fmt.Errorf("%w: %s", ErrDowngrade, k)
	case k.kind == factorPBKDF2 && k.iterations > MaxIterations,
		k.kind == factorArgon2id && (k.iterations > MaxArgonTime || k.memory > MaxArgonKiB):
		return fmt.Errorf("%w: %s", ErrTooLarge, k)
	}
	return nil
}

// weakerThan compares two settings of the same function.
func (k KDF) weakerThan(old KDF) bool {
	return k.kind == old.kind && (k.iterations < old.iterations || k.memory < old.memory)
}

// stretching is a KDF with its salt: the parameters of a passphrase's factor.
//
//	struct { uint32 iterations; opaque salt[32]; } PBKDF2;
//	struct { uint32 passes; uint32 memory_kib; uint8 lanes; opaque salt[32]; } Argon2id;
type stretching struct {
	KDF

	salt [32]byte
}

func (s *stretching) Code(c *syntax.Codec) {
	c.Uint32(&s.iterations)
	if s.kind == factorArgon2id {
		c.Uint32(&s.memory)
		c.Uint8(&s.threads)
	}
	c.Fixed(s.salt[:])
}

func (s *stretching) factor() (factor, error) {
	b, err := syntax.Marshal(s)
	return factor{kind: s.kind, params: b, share: []byte{}}, err
}

func decodeKDF(f factor) (*stretching, error) {
	s := &stretching{KDF: KDF{kind: f.kind}}
	if err := syntax.Unmarshal(f.params, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return s, nil
}

// pbkdf2Func is PBKDF2-HMAC-SHA256 of 32 bytes.
type pbkdf2Func func(passphrase, salt []byte, iterations int) ([]byte, error)

// stretch makes 32 bytes of a normalised passphrase.
func (s *stretching) stretch(pass *secret.Bytes, f pbkdf2Func) (*secret.Bytes, error) {
	out := make([]byte, 32)
	var err error
	secret.Do(func() {
		var key []byte
		if s.kind == factorArgon2id {
			key = argon2.IDKey(pass.Reveal(), s.salt[:], s.iterations, s.memory, s.threads, 32)
		} else if key, err = f(pass.Reveal(), s.salt[:], int(s.iterations)); err != nil {
			return
		}
		copy(out, key)
		secret.Wipe(key)
	})
	if err != nil {
		return nil, fmt.Errorf("stretch passphrase: %w", err)
	}
	return secret.New(out), nil
}
