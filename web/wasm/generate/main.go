// Command generate writes the page's half of the bridge from the Go types.
//
//	go run ./web/wasm/generate web/app/src/lib/core/generated/api.ts
package main

import (
	"fmt"
	"os"

	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FILE")
		os.Exit(2)
	}
	text := bridge.TypeScript(page.Methods(page.Nobody{}), page.Events())
	if err := os.WriteFile(os.Args[1], []byte(text), 0o600); err != nil { //nolint:gosec // G703: a developer names the file
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
