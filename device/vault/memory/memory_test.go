package memory_test

import (
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/device/vault/vaulttest"
)

func TestContract(t *testing.T) {
	vaulttest.Backend(t, func(testing.TB) func() vault.Backend {
		b := memory.New()
		return func() vault.Backend { return b }
	})
}
