package pebble_test

import (
	"testing"

	"bulle/server/relay"
	"bulle/server/relay/pebble"
	"bulle/server/relay/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, storetest.Subject{Durable: true, Open: func(t *testing.T, c storetest.Config) relay.Store {
		t.Helper()
		s, err := pebble.Open(pebble.Config{Dir: c.Dir, Now: c.Now, Quota: c.Quota, Memory: 8 << 20, Ballast: 1 << 10})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}
