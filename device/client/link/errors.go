package link

import (
	"errors"
	"fmt"
)

// What a relay can refuse. Compare with errors.Is.
var (
	// ErrSealed refuses an append to a sealed channel; see [SealedError].
	ErrSealed = errors.New("the channel is sealed")
	// ErrTruncated refuses a subscription to deleted cells; see [TruncatedError].
	ErrTruncated = errors.New("the channel's first cells are gone")
	// ErrNotFound says that the relay has no such object, or that the cap is not
	// one of its caps: it answers both alike.
	ErrNotFound = errors.New("not found on the relay")
	// ErrExists refuses to create a known object with other values.
	ErrExists = errors.New("exists on the relay with other values")
	// ErrUnauthorised refuses a proof: this device may not be here.
	ErrUnauthorised = errors.New("the relay does not accept this device")
	// ErrOverQuota refuses to store more for this category.
	ErrOverQuota = errors.New("over the quota of the category")
	// ErrStorageFull says that the relay's disk is full.
	ErrStorageFull = errors.New("the relay's storage is full")
	// ErrRate asks to come back later.
	ErrRate = errors.New("too many requests")
	// ErrTooLarge refuses more bytes or items than the protocol's limits allow.
	ErrTooLarge = errors.New("larger than the relay accepts")
	// ErrStale refuses statements that do not continue the governance log.
	ErrStale = errors.New("the governance log has moved on")
	// ErrDraining says that the relay is stopping.
	ErrDraining = errors.New("the relay is stopping")
	// ErrInternal says that the relay failed.
	ErrInternal = errors.New("the relay failed")
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

// Is makes the error an [ErrSealed].
func (*SealedError) Is(target error) bool { return target == ErrSealed }

// A TruncatedError is [ErrTruncated] with the first number that the relay holds.
type TruncatedError struct{ First uint64 }

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%v: the first is cell %d", ErrTruncated, e.First)
}

// Is makes the error an [ErrTruncated].
func (*TruncatedError) Is(target error) bool { return target == ErrTruncated }

// Permanent reports whether an error will come back however often one tries:
// waiting for the relay does not cure it.
func Permanent(err error) bool {
	return errors.Is(err, ErrPinChanged) || errors.Is(err, ErrUnauthorised) || errors.Is(err, ErrClosed)
}
