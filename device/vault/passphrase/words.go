package passphrase

import (
	"crypto/rand"
	_ "embed"
	"strings"

	"bulle/protocol/secret"
)

// words is the list that [Generate] draws from: 2,048 common English words of four
// to eight letters. No two of them share their first five letters or differ by one
// letter put in, left out or changed, so that a slip of the pen is seen.
//
//go:embed words.txt
var words string

// common is more words of English and French, which the estimate knows too.
//
//go:embed common.txt
var common string

// guessed is what guessers try first: famous passwords, names, brands.
//
//go:embed guessed.txt
var guessed string

const (
	numWords     = 2048
	bitsPerWord  = 11
	phraseLength = 24 // words: 264 bits
)

// Generate returns a new passphrase of 24 words, 264 bits.
func Generate() *secret.Bytes {
	out := make([]byte, 0, phraseLength*9)
	secret.Do(func() { out = draw(out, strings.Fields(words)) })
	return secret.New(out)
}

// draw appends a phrase to out, which has the room.
func draw(out []byte, list []string) []byte {
	var random [phraseLength * bitsPerWord / 8]byte
	rand.Read(random[:]) // never fails (crypto/rand)
	defer secret.Wipe(random[:])
	var bits, have uint32
	next := random[:]
	for i := range phraseLength {
		for have < bitsPerWord {
			bits, have, next = bits<<8|uint32(next[0]), have+8, next[1:]
		}
		have -= bitsPerWord
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, list[bits>>have%numWords]...)
	}
	return out
}

// Spell writes the first bits of b, 11 a word, in n words of the list that [Generate]
// draws from, to be read aloud. b must have as many bits; it is not a secret.
func Spell(b []byte, n int) []string {
	list := strings.Fields(words)
	out := make([]string, n)
	var bits, have uint32
	for i := range out {
		for have < bitsPerWord {
			bits, have, b = bits<<8|uint32(b[0]), have+8, b[1:]
		}
		have -= bitsPerWord
		out[i] = list[bits>>have%numWords]
	}
	return out
}
