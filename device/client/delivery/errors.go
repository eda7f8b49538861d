package delivery

import "errors"

// What a caller can decide on. Errors of the link and of attachments pass through.
var (
	// ErrDamaged says that a cell does not open, or that an item lacks a part:
	// whatever the cause, nothing of it is shown.
	ErrDamaged = errors.New("damaged")
	// ErrTooLarge says that an item exceeds [MaxItem].
	ErrTooLarge = errors.New("the item is too large")
)
