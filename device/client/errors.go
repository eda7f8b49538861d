package client

import (
	"errors"

	"bulle/device/client/attachment"
	"bulle/device/client/bubble"
	"bulle/device/client/contact"
	"bulle/device/client/conversation"
	"bulle/device/client/enrol"
	"bulle/device/client/link"
	"bulle/device/client/pairing"
	"bulle/protocol/governance"
)

// One sentinel for each decision that a screen can make. Their texts are whole
// sentences; screens that speak another language have their own.
var (
	ErrNotEnrolled    = errors.New("this vault has not joined a bubble yet")
	ErrEnrolled       = enrol.ErrEnrolled
	ErrName           = contact.ErrName
	ErrNameTaken      = enrol.ErrNameTaken
	ErrLink           = governance.ErrLink
	ErrLinkVersion    = governance.ErrLinkVersion
	ErrLinkExpired    = errors.New("the invitation has expired")
	ErrLinkUsed       = enrol.ErrLinkUsed
	ErrClaimed        = errors.New("this relay has already been claimed")
	ErrPin            = errors.New("the relay's key is not the one that the link pinned")
	ErrUnreachable    = errors.New("the relay cannot be reached")
	ErrRefused        = errors.New("the relay refused this device")
	ErrFull           = errors.New("the relay has no room left")
	ErrFork           = bubble.ErrFork
	ErrNoContact      = errors.New("no contact has this name")
	ErrNoConversation = conversation.ErrNoConversation
	ErrAmbiguous      = errors.New("several conversations have this name")
	ErrNoMessage      = conversation.ErrNoMessage
	ErrNotMember      = conversation.ErrNotMember
	ErrNotGroup       = conversation.ErrNotGroup
	ErrNotAdmin       = conversation.ErrNotAdmin
	ErrInside         = conversation.ErrInside
	ErrNotInside      = conversation.ErrNotInside
	ErrTooLarge       = conversation.ErrTooLarge
	ErrTooMany        = conversation.ErrTooMany
	ErrNotEmoji       = conversation.ErrNotEmoji
	ErrNotEditable    = conversation.ErrNotEditable
	ErrTimer          = conversation.ErrTimer
	ErrNotAllowed     = bubble.ErrNotAllowed
	ErrDamaged        = attachment.ErrDamaged
	ErrFileGone       = attachment.ErrGone
	ErrNoUpload       = conversation.ErrNoUpload
	ErrOtherFile      = conversation.ErrOtherFile
	ErrRemoved        = bubble.ErrRemoved
	ErrNoDevice       = errors.New("there is no such device")
	ErrLinkOver       = enrol.ErrLinkOver
	ErrLinkRaced      = pairing.ErrRaced
	ErrLinkCancelled  = pairing.ErrCancelled
	ErrSendFailed     = errors.New("the message could not be sent")
	ErrClosed         = errors.New("the client is closed")
)

// failure is a sentinel with the error that led to it, which is not printed: it may
// name what a screen or a log must not.
type failure struct{ sentinel, cause error }

func (f *failure) Error() string   { return f.sentinel.Error() }
func (f *failure) Unwrap() []error { return []error{f.sentinel, f.cause} }

// worded gives the errors of the packages below the sentinels of this one.
func worded(err error) error {
	for _, w := range []struct{ from, to error }{
		{link.ErrPinChanged, ErrPin},
		{link.ErrClaimed, ErrClaimed},
		{link.ErrInvitationUsed, ErrLinkUsed},
		{link.ErrInvitationExpired, ErrLinkExpired},
		{link.ErrUnauthorised, ErrRefused},
		{link.ErrRefused, ErrRefused},
		{link.ErrOverQuota, ErrFull},
		{link.ErrStorageFull, ErrFull},
		{link.ErrUnreachable, ErrUnreachable},
		{link.ErrOffline, ErrUnreachable},
		{link.ErrTimeout, ErrUnreachable},
		{link.ErrDraining, ErrUnreachable},
		{link.ErrBusy, ErrUnreachable},
		{link.ErrRate, ErrUnreachable},
		{link.ErrInternal, ErrUnreachable},
		{link.ErrProtocol, ErrUnreachable},
		{link.ErrStale, ErrUnreachable},
		{link.ErrClosed, ErrClosed},
		{conversation.ErrNotRunning, ErrClosed},
		{attachment.ErrTooLarge, ErrTooLarge},
	} {
		if errors.Is(err, w.from) {
			return &failure{w.to, err}
		}
	}
	return err
}
