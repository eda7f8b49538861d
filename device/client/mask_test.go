package client_test

import (
	"encoding/hex"
	"testing"
	"time"

	"bulle/device/client"
	"bulle/protocol/syntax"
)

func TestMaskIsStored(t *testing.T) {
	for want, m := range map[string]client.Mask{
		"010000": {},
		"01010a": {On: true, Shown: 10 * time.Second},
		"01003c": {Shown: time.Minute},
	} {
		b, err := syntax.Marshal(&m)
		if err != nil || hex.EncodeToString(b) != want {
			t.Errorf("%+v is stored as %x, %v; want %s", m, b, err, want)
		}
		var back client.Mask
		if err := syntax.Unmarshal(b, &back); err != nil || back != m {
			t.Errorf("%s came back as %+v, %v", want, back, err)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte{1, 1, 10})
	f.Add([]byte{2, 1, 10})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m client.Mask
		if syntax.Unmarshal(b, &m) != nil {
			return
		}
		if again, err := syntax.Marshal(&m); err != nil || string(again) != string(b) {
			t.Errorf("%x came back as %x, %v", b, again, err)
		}
	})
}
