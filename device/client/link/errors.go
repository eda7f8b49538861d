package link

import (
	"errors"
	"fmt"

	"bulle/protocol/wire"
)

// What a relay can refuse: its codes (wire.Code) as errors. Compare with errors.Is.
var (
	// ErrSealed refuses an append to a sealed channel; see [SealedError].
	ErrSealed error = wire.Sealed
	// ErrTruncated refuses a subscription to deleted cells; see [TruncatedError].
	ErrTruncated error = wire.Truncated
	// ErrAhead refuses a position after the end of a channel or of the log: the
	// relay knows less than it once did.
	ErrAhead error = wire.Ahead
	// ErrNotFound says that the relay has no such object, or that the cap is not
	// one of its caps: it answers both alike.
	ErrNotFound error = wire.NotFound
	// ErrExists refuses to create a known object with other values.
	ErrExists error = wire.Exists
	// ErrUnauthorised refuses a proof: this device may not be here.
	ErrUnauthorised error = wire.Unauthorised
	// ErrOverQuota refuses to store more for this category.
	ErrOverQuota error = wire.OverQuota
	// ErrStorageFull says that the relay's disk is full.
	ErrStorageFull error = wire.StorageFull
	// ErrRate asks to come back later.
	ErrRate error = wire.Rate
	// ErrBusy says that the relay could not do it in time; it may have been done.
	ErrBusy error = wire.Busy
	// ErrTooLarge refuses more bytes or items than the protocol's limits allow.
	ErrTooLarge error = wire.TooLarge
	// ErrTooMany refuses more subscriptions than a circuit can have.
	ErrTooMany error = wire.TooMany
	// ErrStale refuses statements that do not continue the governance log: fetch,
	// and make them again.
	ErrStale error = wire.Stale
	// ErrRefused refuses statements that break a rule of the log.
	ErrRefused error = wire.Refused
	// ErrInvitationUsed refuses an invitation that has no use left.
	ErrInvitationUsed error = wire.InvitationUsed
	// ErrInvitationExpired refuses an invitation whose time is over.
	ErrInvitationExpired error = wire.InvitationExpired
	// ErrClaimed refuses to claim a relay that has its founder.
	ErrClaimed error = wire.Claimed
	// ErrDraining says that the relay is stopping.
	ErrDraining error = wire.Draining
	// ErrInternal says that the relay failed.
	ErrInternal error = wire.Internal
)

// What can happen on the way.
var (
	// ErrOffline fails a request or a subscription whose circuit is gone.
	ErrOffline = errors.New("not connected to the relay")
	// ErrUnreachable says that nothing answers at the relay's address.
	ErrUnreachable = errors.New("the relay cannot be reached")
	// ErrPinChanged says that the relay showed another TLS key than the pinned one.
	ErrPinChanged = errors.New("the relay's key is not the pinned one")
	// ErrTimeout says that the relay did not answer in time.
	ErrTimeout = errors.New("the relay did not answer in time")
	// ErrProtocol says that the relay broke the protocol's rules.
	ErrProtocol = errors.New("the relay broke the protocol")
	// ErrClosed says that this side closed the link.
	ErrClosed = errors.New("the link is closed")
	// ErrEnd ends a subscription to a sealed channel: everything was delivered.
	ErrEnd = errors.New("end of the channel")
)

// A SealedError is [ErrSealed] with the number that the channel's next cell would
// have had: what won is before it.
type SealedError struct{ Next uint64 }

func (e *SealedError) Error() string { return fmt.Sprintf("%v at cell %d", ErrSealed, e.Next) }

// Unwrap returns [ErrSealed].
func (*SealedError) Unwrap() error { return ErrSealed }

// A TruncatedError is [ErrTruncated] with the first number that the relay holds.
type TruncatedError struct{ First uint64 }

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%v: the first is cell %d", ErrTruncated, e.First)
}

// Unwrap returns [ErrTruncated].
func (*TruncatedError) Unwrap() error { return ErrTruncated }

// Permanent reports whether an error will come back however often one tries:
// waiting for the relay does not cure it.
func Permanent(err error) bool {
	return errors.Is(err, ErrPinChanged) || errors.Is(err, ErrUnauthorised) || errors.Is(err, ErrClosed)
}

// refused returns a relay's refusal in the words of this package.
func refused(r *wire.Refusal) error {
	switch r.Reason {
	case wire.Sealed:
		return &SealedError{Next: r.Seq}
	case wire.Truncated:
		return &TruncatedError{First: r.Seq}
	default:
		return r.Reason
	}
}

// offline returns the error of a request whose connection ended for a reason.
func offline(reason error) error {
	if reason == nil {
		return ErrOffline
	}
	return fmt.Errorf("%w: %w", ErrOffline, reason)
}
