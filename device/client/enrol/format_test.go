package enrol

import (
	"testing"

	"bulle/protocol/syntax"
	"bulle/protocol/syntax/syntaxtest"
)

func formats() map[string]syntax.Value {
	return map[string]syntax.Value{
		"pending.bin": &pending{
			seed: [32]byte{1}, key: [32]byte{2}, nonce: [32]byte{3}, device: [32]byte{4}, inbox: [32]byte{5}, pool: [32]byte{6}, name: "Téléphone",
		},
	}
}

func TestFormatsKeepTheirBytes(t *testing.T) { syntaxtest.KeepBytes(t, formats()) }

func FuzzFormats(f *testing.F) { syntaxtest.FuzzBytes(f, formats()) }
