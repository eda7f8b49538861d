package certificate

import "errors"

var (
	// ErrDamaged says that a file holds no authority.
	ErrDamaged = errors.New("certificate: not an authority")
	// ErrEnded says that an authority is older than it may get.
	ErrEnded = errors.New("certificate: the authority has ended")
	// ErrPair says that two files are not a certificate and its key.
	ErrPair = errors.New("certificate: not a certificate and its key")
	// ErrOtherKey says that a new certificate is for another key than the one that devices pin.
	ErrOtherKey = errors.New("certificate: for another key")
	// ErrReadable says that everybody on the machine may read a key.
	ErrReadable = errors.New("certificate: a key that others may read")
)
