// The device core in a browser: it answers the page from a worker. Built with
// GOOS=js GOARCH=wasm; the page's half is web/app/src/lib/core.
package main

import (
	"context"
	"syscall/js"

	"bulle/device/client"
	"bulle/device/client/bubble"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/device/vault/indexeddb"
	"bulle/protocol/governance"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/core"
	"bulle/web/wasm/page"
)

func main() {
	c := core.New(core.Config{Storage: storage{}, Network: network{}, Announce: bridge.Announce})
	bridge.Serve(context.Background(), page.Methods(c), core.Code)
}

// database is the name of the browser's database that holds the vault.
const database = "bulle"

// storage is the browser's database.
type storage struct{}

// Exists implements [core.Storage].
func (storage) Exists(ctx context.Context) (bool, error) {
	return indexeddb.Exists(ctx, database)
}

// Open implements [core.Storage].
func (storage) Open(ctx context.Context) (vault.Backend, error) { return indexeddb.Open(ctx, database) }

// Delete implements [core.Storage].
func (storage) Delete(ctx context.Context) error { return indexeddb.Delete(ctx, database) }

// network reaches the relay through the page's own origin, whatever address a link
// names: either the relay serves the page, or the local shell does and carries the
// bytes to the relay that it pinned.
type network struct{}

func dial(pin [32]byte) link.Dial {
	return link.Dialer(js.Global().Get("location").Get("host").String(), pin)
}

// Governance implements [client.Network].
func (network) Governance(ctx context.Context, _ string, pin [32]byte, prove func(governance.Binding) []byte) (bubble.Connection, error) {
	return link.OpenGovernance(ctx, link.Config{
		Dial: dial(pin),
		Prove: func(challenge [32]byte) ([]byte, error) {
			return prove(governance.Binding{Purpose: governance.PurposeGovernance, Pin: pin, Challenge: challenge}), nil
		},
	})
}

// Relay implements [client.Network].
func (network) Relay(_ string, pin [32]byte, prove link.Prover) (client.Relay, error) {
	return link.New(link.Config{Dial: dial(pin), Prove: prove})
}
