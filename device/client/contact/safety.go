package contact

import (
	"bytes"
	"crypto/sha3"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"

	"bulle/device/vault/passphrase"
	"bulle/protocol/governance"
)

// A SafetyNumber lets two members check over another way (a call, a meeting) that
// nobody stands between them. Both see the same number. It covers both identity
// keys of both members, Ed25519 and ML-DSA-65:
//
//	fingerprint = SHA3-512(length(label) || label || public identity key)
//	digits      = for each member, in the order of their fingerprints: six groups of five
//	              digits, each five bytes of the fingerprint modulo 100,000
//	words       = for each member, in that order: nine words of the list of generated
//	              passphrases, the first 99 bits of the fingerprint, 11 a word
//	payload     = version (1) || first 32 bytes of each fingerprint, in that order
//
// 30 digits a member carry 99 bits: to pass for another member one must find a
// second key pair for them.
type SafetyNumber struct {
	Digits  string // twelve groups of five digits, spaces between
	Words   string // the same for reading aloud: eighteen words, spaces between
	Payload []byte // what a QR code carries
}

const (
	safetyLabel   = "bulle 1 safety number"
	safetyVersion = 1
	safetyHalf    = 32
	safetyWords   = 9 // a member
)

// NewSafetyNumber returns the safety number of two members.
func NewSafetyNumber(a, b *governance.PublicKey) SafetyNumber {
	one, two := fingerprint(a), fingerprint(b)
	if bytes.Compare(one, two) > 0 {
		one, two = two, one
	}
	groups := append(digits(one), digits(two)...)
	payload := append([]byte{safetyVersion}, one[:safetyHalf]...)
	spelt := append(passphrase.Spell(one, safetyWords), passphrase.Spell(two, safetyWords)...)
	return SafetyNumber{Digits: strings.Join(groups, " "), Words: strings.Join(spelt, " "), Payload: append(payload, two[:safetyHalf]...)}
}

// Matches reports whether payload, read from the other member's screen, is this
// very number.
func (n SafetyNumber) Matches(payload []byte) bool {
	return subtle.ConstantTimeCompare(n.Payload, payload) == 1
}

func fingerprint(k *governance.PublicKey) []byte {
	in := append([]byte{byte(len(safetyLabel))}, safetyLabel...)
	sum := sha3.Sum512(append(in, k[:]...))
	return sum[:]
}

func digits(fp []byte) []string {
	groups := make([]string, 6)
	for i := range groups {
		var eight [8]byte
		copy(eight[3:], fp[5*i:5*i+5])
		groups[i] = fmt.Sprintf("%05d", binary.BigEndian.Uint64(eight[:])%100_000)
	}
	return groups
}
