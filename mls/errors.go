package mls

import (
	"errors"
	"fmt"

	"bulle/protocol/syntax"
)

// Sentinels, one for each decision that a caller can make.
var (
	// ErrMalformed says that bytes are not the one encoding of what they should be.
	ErrMalformed = syntax.ErrMalformed
	// ErrUnsupported says that a suite, version or type is not implemented here.
	ErrUnsupported = errors.New("mls: not supported")
	// ErrDecrypt is the one refusal of every cryptographic check: a tag, a MAC or a
	// signature does not verify, whichever it is.
	ErrDecrypt = errors.New("mls: message refused")
	// ErrConsumed says that the key of a message was used before: it is a duplicate,
	// or its key was given up because it came too late.
	ErrConsumed = errors.New("mls: message key already used")
	// ErrTooFar says that a message skips more generations than [Limits] allow.
	ErrTooFar = errors.New("mls: message skips too many generations")
	// ErrWrongEpoch says that a message belongs to an epoch whose keys are not here.
	ErrWrongEpoch = errors.New("mls: message of another epoch")
	// ErrWrongGroup says that a message belongs to another group.
	ErrWrongGroup = errors.New("mls: message of another group")
	// ErrInvalid says that something breaks a rule of docs/mls-checks.md; the error is
	// a [*RuleError].
	ErrInvalid = errors.New("mls: invalid")
	// ErrRemoved says that this client is no longer a member.
	ErrRemoved = errors.New("mls: no longer a member of the group")
	// ErrWiped says that the group was wiped: restore it to use it.
	ErrWiped = errors.New("mls: the group was wiped")
	// ErrReInit says that the group was shut down by a ReInit proposal.
	ErrReInit = errors.New("mls: the group is closed by its re-initialisation")
	// ErrPendingProposals says that a commit must come before application data,
	// because proposals wait for it (RFC 9420, section 12.4).
	ErrPendingProposals = errors.New("mls: proposals wait for a commit")
	// ErrStale says that a staged or pending commit, or a part of stored state,
	// belongs to another state of the group than the one it is used with.
	ErrStale = errors.New("mls: belongs to another state of the group")
	// ErrNotForUs says that a Welcome names none of the given key packages.
	ErrNotForUs = errors.New("mls: welcome is for other key packages")
	// ErrPSK says that a pre-shared key is not known here.
	ErrPSK = errors.New("mls: unknown pre-shared key")
	// ErrLimit says that something exceeds [Limits].
	ErrLimit = errors.New("mls: over a limit")
)

// A RuleError says which rule of docs/mls-checks.md is broken. It wraps ErrInvalid.
type RuleError struct {
	Rule Rule
	// Reason is what the validator of credentials said, or nil.
	Reason error
}

// Error names the rule.
func (e *RuleError) Error() string {
	if e.Reason != nil {
		return fmt.Sprintf("%v: rule %s: %v", ErrInvalid, e.Rule, e.Reason)
	}
	return fmt.Sprintf("%v: rule %s", ErrInvalid, e.Rule)
}

// Unwrap returns ErrInvalid and the reason.
func (e *RuleError) Unwrap() []error {
	if e.Reason == nil {
		return []error{ErrInvalid}
	}
	return []error{ErrInvalid, e.Reason}
}

// An EpochError is an ErrWrongEpoch with the numbers.
type EpochError struct {
	Message, Group uint64
}

// Error gives both numbers.
func (e *EpochError) Error() string {
	return fmt.Sprintf("%v: message of %d, group in %d", ErrWrongEpoch, e.Message, e.Group)
}

// Unwrap returns ErrWrongEpoch.
func (e *EpochError) Unwrap() error { return ErrWrongEpoch }

// broken reports a broken rule.
func broken(r Rule) error { return &RuleError{Rule: r} }
