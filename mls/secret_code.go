package mls

import (
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// codeSecret codes a secret as opaque<V>. What is read has a new owner; the codec
// keeps no copy of its own.
func codeSecret(c *syntax.Codec, s **secret.Bytes) {
	b := (*s).Reveal()
	c.Opaque(&b)
	if c.Reading() && c.Err() == nil {
		*s = secret.New(b)
	}
}
