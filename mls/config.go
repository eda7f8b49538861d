package mls

import (
	"errors"
	"fmt"
	"io"
	"time"

	"bulle/protocol/secret"
)

// Config is what a group needs from outside. The first three fields are required.
type Config struct {
	// Rand is the source of randomness: crypto/rand.Reader.
	Rand io.Reader
	// Now is the clock that lifetimes are judged with.
	Now func() time.Time
	// Credentials is the authentication service (RFC 9420, section 5.3.1).
	Credentials CredentialValidator
	// PSKs finds pre-shared keys; nil knows none.
	PSKs PSKStore
	// Limits bound what others choose; a zero field has the default it names.
	Limits Limits
	// RequirePrivate refuses proposals and commits of members that come as
	// PublicMessages. External commits and proposals have no other form.
	RequirePrivate bool
	// NewMemberProposals lets clients outside of the group ask to be added themselves.
	// Whoever knows the group and its epoch can, and a commit takes up what waits: by
	// default such proposals are refused.
	NewMemberProposals bool
	// StrictLifetimes makes a leaf outside its lifetime invalid also when it is
	// received. RFC 9420, section 7.3, recommends the check, yet a leaf may expire
	// between sending and receiving, and a member who was away could then never catch
	// up: by default only what is sent is checked.
	StrictLifetimes bool
	// Sealing, if it is set, is shown the key and the nonce of each PrivateMessage
	// content that is sealed, which it must not keep: a test can see that no pair
	// repeats over crashes and restored states.
	Sealing func(key, nonce []byte)
	// Padding rounds the content of private messages up to a multiple of this many
	// bytes; 0 and 1 add none.
	Padding int
}

// Limits bound what others choose, and how long secrets stay.
type Limits struct {
	// PastEpochs is how many finished epochs keep their message keys, to read what
	// comes late. Default 0: none.
	PastEpochs int
	// ForwardDistance is how many generations one message may skip. Default 1024.
	ForwardDistance uint32
	// SkippedKeys is how many keys of skipped generations stay, for each sender and
	// content type; the oldest go first. Default 256.
	SkippedKeys int
	// ResumptionEpochs is how many finished epochs keep their resumption secret.
	// Default 0: only the current epoch has one.
	ResumptionEpochs int
	// Leaves is how many leaves a tree may have, blank ones included. Default 16384.
	Leaves uint32
	// Proposals is how many proposals wait for a commit. Default 256.
	Proposals int
	// MaxLifetime is the longest total lifetime of a leaf (RFC 9420, section 7.2).
	// Default 366 days; negative: no bound.
	MaxLifetime time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.ForwardDistance == 0 {
		l.ForwardDistance = 1024
	}
	if l.SkippedKeys == 0 {
		l.SkippedKeys = 256
	}
	if l.Leaves == 0 {
		l.Leaves = 16384
	}
	if l.Proposals == 0 {
		l.Proposals = 256
	}
	if l.MaxLifetime == 0 {
		l.MaxLifetime = 366 * 24 * time.Hour
	}
	return l
}

// A CredentialValidator is the authentication service of RFC 9420, section 5.3.1:
// it knows what the credentials of an application mean. The package never calls it
// concurrently for one group.
type CredentialValidator interface {
	// ValidateCredential judges the credential and signature key of a leaf, each time
	// they appear anew: in a key package, an update, a commit or a tree to join. An
	// X.509 credential must hold the same key in its first certificate.
	ValidateCredential(c Credential, signatureKey []byte) error
	// ValidateExternalSender judges an entry of the external_senders extension.
	ValidateExternalSender(c Credential, signatureKey []byte) error
	// SameClient reports whether two credentials present the same client: one may
	// replace the other in a leaf, and both may not be in a group at once.
	SameClient(a, b Credential) bool
}

// A PSKStore finds pre-shared keys (RFC 9420, section 8.4): external ones, and
// resumption secrets of other groups or of epochs older than the group keeps. The
// secret stays the store's; an unknown one is ErrPSK.
type PSKStore interface {
	PSK(id PSKID) (*secret.Bytes, error)
}

// checked returns the config with defaults filled in.
func (c Config) checked() (Config, error) {
	switch {
	case c.Rand == nil:
		return c, errors.New("mls: config has no Rand")
	case c.Now == nil:
		return c, errors.New("mls: config has no Now")
	case c.Credentials == nil:
		return c, errors.New("mls: config has no Credentials")
	case c.Padding < 0:
		return c, errors.New("mls: config has a negative Padding")
	}
	c.Limits = c.Limits.withDefaults()
	return c, nil
}

// random draws n bytes.
func (c *Config) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.Rand, b); err != nil {
		return nil, fmt.Errorf("draw randomness: %w", err)
	}
	return b, nil
}
