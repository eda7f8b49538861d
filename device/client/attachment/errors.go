package attachment

import "errors"

// What a caller can decide on. Errors of the link pass through: after
// [link.ErrOffline] the same transfer may be run again.
var (
	// ErrSourceChanged says that the file being sent is not what it was when the
	// upload began. Nothing of the new content has left under the old key.
	ErrSourceChanged = errors.New("the file changed while it was being sent")
	// ErrGone says that the relay no longer has a part of the file.
	ErrGone = errors.New("the file is no longer on the relay")
	// ErrDamaged says that what the relay holds is not the file that was sent.
	ErrDamaged = errors.New("the file is damaged")
	// ErrTooLarge says that a file, a name, a type or a preview exceeds its limit.
	ErrTooLarge = errors.New("the file is too large")
)
