package wire_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"bulle/protocol/wire"
)

// TestProtocolPage checks that docs/protocol.md names every kind, code and limit
// with its number.
func TestProtocolPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, k := range wire.Kinds() {
		side := map[wire.Side]string{wire.FromClient: "client", wire.FromRelay: "relay"}[k.From()]
		if row := fmt.Sprintf("| 0x%02x | %s | %s |", uint8(k), k, side); !strings.Contains(page, row) {
			t.Errorf("the page lacks %q", row)
		}
	}
	for _, c := range wire.Codes() {
		if row := fmt.Sprintf("| %d | %s |", uint16(c), c); !strings.Contains(page, row) {
			t.Errorf("the page lacks %q", row)
		}
	}
	values := map[string]any{
		"CellSize": wire.CellSize, "MaxCells": wire.MaxCells, "MaxFrame": wire.MaxFrame, "MaxMessages": wire.MaxMessages,
		"MaxProof": wire.MaxProof, "MaxInFlight": wire.MaxInFlight, "MaxSubscriptions": wire.MaxSubscriptions,
		"MaxCredit": wire.MaxCredit, "MaxItem": wire.MaxItem, "MaxPoolItems": wire.MaxPoolItems, "MaxBlob": wire.MaxBlob,
		"MaxStatement": wire.MaxStatement, "MaxSubmit": wire.MaxSubmit, "MaxFetch": wire.MaxFetch,
		"MaxStatements": wire.MaxStatements, "OpenTime": wire.OpenTime, "PingInterval": wire.PingInterval,
		"MaxSilence": wire.MaxSilence, "WriteTime": wire.WriteTime,
	}
	for _, name := range limitNames(t) {
		value, ok := values[name]
		if row := fmt.Sprintf("| `%s` | %v |", name, value); !ok || !strings.Contains(page, row) {
			t.Errorf("the page lacks %q", row)
		}
	}
}

// limitNames reads the constants of limits.go.
func limitNames(t *testing.T) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "limits.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.ValueSpec); ok {
			names = append(names, s.Names[0].Name)
		}
		return true
	})
	if len(names) < 10 {
		t.Fatalf("%d limits were found", len(names))
	}
	return names
}
