package attachment

import (
	"syscall/js"

	"bulle/protocol/secret"
	"bulle/protocol/webcrypto"
)

// NewSealer returns the sealer of a file: the browser's cryptography where there is
// one. The key stays its owner's, and must outlive the sealer.
func NewSealer(key *secret.Bytes) Sealer {
	g := newGCM(key)
	if !webcrypto.Available() {
		return g
	}
	mac, err := webcrypto.ImportHMAC(g.salt.Reveal())
	if err != nil {
		return g
	}
	return &browserSealer{gcm: g, mac: mac}
}

// browserSealer seals as gcm does, with the keys of a chunk derived here and used
// there.
type browserSealer struct {
	*gcm
	mac webcrypto.Key
}

// Seal implements [Sealer].
func (s *browserSealer) Seal(dst []byte, number uint64, chunk []byte) ([]byte, error) {
	data := webcrypto.Bytes(encodeNumber(number), chunk)
	salt, err := s.mac.Sign(data)
	if err != nil {
		return nil, err
	}
	key, nonce, err := s.chunkKey(salt, number)
	if err != nil {
		return nil, err
	}
	sealed, err := key.Seal(nonce, data.Call("subarray", len(encodeNumber(0))))
	if err != nil {
		return nil, err
	}
	return appendJS(append(dst, salt...), sealed), nil
}

// Open implements [Sealer].
func (s *browserSealer) Open(dst []byte, number uint64, sealed []byte) ([]byte, error) {
	if len(sealed) != sealedSize {
		return nil, ErrDamaged
	}
	key, nonce, err := s.chunkKey(sealed[:saltSize], number)
	if err != nil {
		return nil, err
	}
	chunk, err := key.Open(nonce, webcrypto.Bytes(sealed[saltSize:]))
	if err != nil {
		return nil, ErrDamaged // the only failure of a call with these arguments
	}
	return appendJS(dst, chunk), nil
}

func (s *browserSealer) chunkKey(salt []byte, number uint64) (webcrypto.Key, []byte, error) {
	keys := s.keys(salt, number)
	defer keys.Wipe()
	key, err := webcrypto.ImportAES(keys.Reveal()[:KeySize])
	return key, append([]byte(nil), keys.Reveal()[KeySize:]...), err
}

// appendJS appends a Uint8Array.
func appendJS(dst []byte, from js.Value) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, from.Length())...)
	js.CopyBytesToGo(dst[at:], from)
	return dst
}
