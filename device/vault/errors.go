package vault

import "errors"

// One sentinel for each decision that a caller can make. None of them, nor any
// error of this package, carries a name, a value or a key.
var (
	// ErrPassphrase says that the passphrase does not open this vault.
	ErrPassphrase = errors.New("wrong passphrase")
	// ErrNoVault says that the backend holds no vault yet.
	ErrNoVault = errors.New("there is no vault here")
	// ErrExists says that the backend already holds a vault.
	ErrExists = errors.New("there is already a vault here")
	// ErrInUse says that another process has the vault open.
	ErrInUse = errors.New("the vault is open in another process: close it there first")
	// ErrDamaged says that stored bytes are not what was written. Nothing is
	// changed; a backup may have them whole.
	ErrDamaged = errors.New("the vault is damaged")
	// ErrTruncated says that the end of the stored bytes is missing.
	ErrTruncated = errors.New("the vault is truncated")
	// ErrNewer says that a newer version of the program wrote the vault.
	ErrNewer = errors.New("the vault was written by a newer version")
	// ErrDowngrade says that the passphrase would be stretched less than the
	// floor, or less than it is now.
	ErrDowngrade = errors.New("the passphrase would be stretched too little")
	// ErrLocked says that the vault was locked or closed.
	ErrLocked = errors.New("the vault is locked")
	// ErrNotFound says that a segment has no record of that name.
	ErrNotFound = errors.New("no such record")
	// ErrNoSegment says that the vault has no segment of that name.
	ErrNoSegment = errors.New("no such segment")
	// ErrSegmentExists says that the vault already has a segment of that name.
	ErrSegmentExists = errors.New("the segment is already there")
	// ErrName says that a segment's or record's name is empty or too long.
	ErrName = errors.New("a name has 1 to 255 bytes")
	// ErrTooLarge says that a value or a transaction exceeds its limit.
	ErrTooLarge = errors.New("too large for one transaction")
	// ErrFull says that there is no space left. Nothing was lost; the same call
	// works when there is space again.
	ErrFull = errors.New("no space left for the vault")
	// ErrBroken says that a failed write could not be undone. What was
	// acknowledged is safe: close the vault and open it again.
	ErrBroken = errors.New("the vault's storage failed: open it again")
	// ErrUnfinished says that a transaction is durable, and what it shredded is
	// gone from the vault, but not all of it is erased yet. The next transaction
	// that changes something, or the next Open, finishes it.
	ErrUnfinished = errors.New("erasing is not finished")
	// ErrUsage says that a transaction was used after its function returned.
	ErrUsage = errors.New("the transaction has ended")
	// ErrStop, returned by the function given to [Vault.Scan], ends the scan; Scan
	// does not return it.
	ErrStop = errors.New("stop")
)
