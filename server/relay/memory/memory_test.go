package memory_test

import (
	"testing"

	"bulle/server/relay"
	"bulle/server/relay/memory"
	"bulle/server/relay/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, storetest.Subject{Open: func(t *testing.T, c storetest.Config) relay.Store {
		t.Helper()
		s, err := memory.New(memory.Config{Quota: c.Quota, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}
