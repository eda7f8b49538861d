//go:build !js

package attachment

import "bulle/protocol/secret"

// NewSealer returns the sealer of a file. The key stays its owner's, and must outlive
// the sealer.
func NewSealer(key *secret.Bytes) Sealer { return newGCM(key) }
