package core

import (
	"errors"

	"bulle/device/client"
	"bulle/device/vault"
	"bulle/device/vault/passphrase"
	"bulle/web/wasm/veil"
)

// Code returns the stable word for a failure, which the page has a sentence for in
// each language. What nobody can decide on is "other".
func Code(err error) string {
	for _, row := range []struct {
		err  error
		code string
	}{
		{client.ErrLinkExpired, "link-expired"},
		{client.ErrLinkUsed, "link-used"},
		{client.ErrClaimed, "claimed"},
		{client.ErrLink, "bad-link"},
		{client.ErrNameTaken, "name-taken"},
		{client.ErrName, "bad-name"},
		{client.ErrPin, "pin"},
		{client.ErrUnreachable, "unreachable"},
		{client.ErrRefused, "refused"},
		{client.ErrFull, "relay-full"},
		{client.ErrNotAllowed, "not-allowed"},
		{client.ErrNotMember, "not-member"},
		{client.ErrNotAdmin, "not-admin"},
		{client.ErrInside, "inside"},
		{client.ErrNotInside, "not-inside"},
		{client.ErrTooLarge, "too-large"},
		{client.ErrTooMany, "too-many"},
		{client.ErrNoMessage, "no-message"},
		{client.ErrNotEmoji, "not-emoji"},
		{client.ErrNotEditable, "not-editable"},
		{client.ErrTimer, "bad-timer"},
		{client.ErrFileGone, "file-gone"},
		{client.ErrDamaged, "file-damaged"},
		{client.ErrNoUpload, "not-on-its-way"},
		{client.ErrOtherFile, "other-file"},
		{client.ErrRemoved, "removed"},
		{client.ErrNoDevice, "no-device"},
		{client.ErrLinkOver, "link-over"},
		{client.ErrLinkRaced, "link-raced"},
		{client.ErrLinkCancelled, "link-cancelled"},
		{client.ErrClosed, "locked"},
		{veil.ErrMasked, "masked"},
		{vault.ErrPassphrase, "passphrase"},
		{passphrase.ErrWeak, "weak-passphrase"},
		{passphrase.ErrInvalid, "weak-passphrase"},
		{vault.ErrInUse, "in-use"},
		{vault.ErrFull, "full"},
		{vault.ErrLocked, "locked"},
		{vault.ErrNewer, "newer"},
		{vault.ErrDamaged, "damaged"},
		{vault.ErrTruncated, "damaged"},
		{vault.ErrBroken, "damaged"},
	} {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	return "other"
}
