// Package bulle_test keeps the rules that no compiler keeps: which folder may
// import which (this file), and that the docs name only what exists (docs_test.go).
package bulle_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "bulle/"

// allowed gives, for each folder, the other packages of ours it may import. The
// longest key that matches wins; a folder with no key may import none of ours. A
// top-level folder without any key is unknown, and that is an error.
var allowed = map[string][]string{
	"protocol":           {"protocol/syntax", "protocol/secret"},
	"mls":                {"protocol/syntax", "protocol/secret"},
	"server/relay":       {"protocol"},
	"server/guide":       {},
	"server/membership":  {"protocol"},
	"server/certificate": {"protocol"},
	"server/node":        {"server", "protocol"},
	"device/vault":       {"protocol/syntax", "protocol/secret", "protocol/text", "protocol/webcrypto"},
	"device/client":      {"protocol", "mls", "device/vault"},
	"device/terminal":    {"device/client"},
	"web":                {},
	"web/loopback":       {"protocol", "web"},
	"web/wasm":           {"device", "protocol"},
	"cmd":                {"server/node", "device", "protocol/secret", "web"},
	"e2e":                {"server", "device", "protocol"},
	"bench":              {"server", "device", "protocol", "mls"},
	"testvectors":        {},
}

// forTests may be imported by the tests of any package, and by nothing else.
var forTests = []string{"testvectors"}

// outside gives, for each module that is not ours, the one folder it lives in:
// replacing it touches that folder only. What is not listed may not be imported.
var outside = map[string]string{
	"charm.land":                           "device/terminal",
	"github.com/charmbracelet":             "device/terminal",
	"github.com/cloudflare/circl":          "protocol/governance",
	"github.com/cockroachdb/pebble":        "server/relay/pebble",
	"github.com/coder/websocket":           "protocol/over",
	"github.com/spf13/cobra":               "cmd/bulle",
	"github.com/spf13/pflag":               "cmd/bulle",
	"golang.org/x/crypto/acme":             "server/certificate/acme",
	"golang.org/x/crypto/argon2":           "device/vault",
	"golang.org/x/crypto/chacha20poly1305": "mls",
	"golang.org/x/net":                     "protocol/mdns",
	"golang.org/x/term":                    "cmd/bulle",
	"golang.org/x/text/unicode/norm":       "protocol/text",
	"rsc.io/qr":                            "cmd/bulle/qr",
}

// outsideTests are the modules that only tests import, wherever they are.
var outsideTests = []string{
	"github.com/anishathalye/porcupine",
	"github.com/letsencrypt/pebble",
	"github.com/miekg/dns",
	"github.com/rogpeppe/go-internal",
	"go.uber.org/goleak",
}

// vague names tell nothing about what a folder holds.
var vague = []string{"pkg", "util", "utils", "common", "helper", "helpers", "model", "models", "type", "types"}

// TestImports keeps the dependency table of docs/architecture.md true. Above
// all, nothing a relay runs may reach the code that can read a message.
func TestImports(t *testing.T) {
	for _, fault := range checkTree(t, os.DirFS(".")) {
		t.Error(fault)
	}
}

// checkTree returns what is wrong with the Go files of a checkout.
func checkTree(t *testing.T, tree fs.FS) (faults []string) {
	t.Helper()
	files := 0
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch base := d.Name(); {
			case base == "testdata" || base == "node_modules" || name != "." && strings.HasPrefix(base, "."):
				return fs.SkipDir
			case slices.Contains(vague, base):
				faults = append(faults, name+": the name says nothing about what the folder holds")
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		files++
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		// The whole file is parsed, whatever its build tags: one that no build
		// here compiles must not hide an import or a syntax error.
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			faults = append(faults, err.Error())
			return nil
		}
		faults = append(faults, checkFile(name, f)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no Go file was found: the test looks in the wrong place")
	}
	return faults
}

func checkFile(name string, f *ast.File) (faults []string) {
	dir, isTest := path.Dir(name), strings.HasSuffix(name, "_test.go")
	key := owner(dir)
	if key == "" {
		return []string{name + ": the architecture has no such folder; give it a row in architecture_test.go"}
	}
	for _, spec := range f.Imports {
		to, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: import %s: %v", name, spec.Path.Value, err))
			continue
		}
		if why := refuse(dir, key, to, isTest); why != "" {
			faults = append(faults, fmt.Sprintf("%s imports %s: %s", name, to, why))
		}
	}
	return faults
}

// refuse says why a file in dir, ruled by key, may not import to, or nothing.
func refuse(dir, key, to string, isTest bool) string {
	inside := func(parents []string) bool {
		return slices.ContainsFunc(parents, func(p string) bool { return within(to, p) })
	}
	first, _, _ := strings.Cut(to, "/")
	switch ours, isOurs := strings.CutPrefix(to, module); {
	case isOurs:
		to = ours
		own := key
		if key == "protocol" { // these packages are leaves for each other too
			own = dir
		}
		if within(to, own) || inside(allowed[key]) || isTest && inside(forTests) {
			return ""
		}
		return key + " may not import it"
	case to == "C":
		return "the binary is built without C"
	case !strings.Contains(first, "."): // the standard library
		return ""
	case isTest && inside(outsideTests):
		return ""
	}
	for dependency, home := range outside {
		if within(to, dependency) {
			if within(dir, home) {
				return ""
			}
			return "it lives in " + home + " only"
		}
	}
	return "it is not among the dependencies that were chosen"
}

// owner returns the key of allowed that rules dir: the longest one that holds it,
// or its top-level folder where only parts of it have a key. Tests at the root
// belong to the rules themselves.
func owner(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, ok := allowed[d]; ok {
			return d
		}
	}
	if dir == "." {
		return "."
	}
	return ""
}

func within(dir, parent string) bool {
	return dir == parent || strings.HasPrefix(dir, parent+"/")
}

// TestDependenciesAreUsed: a module that nothing imports any more goes.
func TestDependenciesAreUsed(t *testing.T) {
	imported := goList(t, nil, "-test", "-deps", "./...")
	for _, dependency := range append(slices.Collect(maps.Keys(outside)), outsideTests...) {
		if !slices.ContainsFunc(imported, func(p string) bool { return within(p, dependency) }) {
			t.Errorf("%s is listed, and nothing imports it", dependency)
		}
	}
}

// TestRulesBite plants one fault of each kind.
func TestRulesBite(t *testing.T) {
	for _, c := range []struct{ name, file, src, want string }{
		{"device in relay", "server/relay/a.go", `import "bulle/device/client"`, "server/relay may not import it"},
		{"mls in node", "server/node/a.go", `import "bulle/mls"`, "server/node may not import it"},
		{"server in device", "device/client/link/a.go", `import "bulle/server/relay"`, "device/client may not import it"},
		{"wire in over", "protocol/over/a.go", `import "bulle/protocol/wire"`, "protocol may not import it"},
		{"client in vault", "device/vault/a.go", `import "bulle/device/client"`, "device/vault may not import it"},
		{"mls in terminal", "device/terminal/a.go", `import "bulle/mls"`, "device/terminal may not import it"},
		{"vectors outside a test", "mls/a.go", `import "bulle/testvectors"`, "mls may not import it"},
		{"pebble in the engine", "server/relay/a.go", `import "github.com/cockroachdb/pebble/v2"`, "lives in server/relay/pebble only"},
		{"unknown dependency", "mls/a.go", `import "example.org/mls"`, "not among the dependencies"},
		{"C", "mls/a.go", `import "C"`, "without C"},
		{"behind a build tag", "mls/a.go", "//go:build plan9\n\npackage a\nimport \"bulle/device/vault\"", "mls may not import it"},
		{"in a test", "server/relay/a_test.go", `import "bulle/mls"`, "server/relay may not import it"},
		{"syntax error in a body", "mls/a.go", "func f() { return 1 +", "expected"},
		{"unknown folder", "sidecar/a.go", "", "no such folder"},
		{"unknown half", "server/gossip/a.go", "", "no such folder"},
		{"vague name", "mls/utils/a.go", "", "says nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := c.src
			if !strings.Contains(src, "package ") {
				src = "package a\n" + src
			}
			faults := checkTree(t, fstest.MapFS{c.file: {Data: []byte(src)}})
			if len(faults) != 1 || !strings.Contains(faults[0], c.want) {
				t.Errorf("got %q, want one fault with %q", faults, c.want)
			}
		})
	}
}

// TestReach looks at what the packages reach in the end, through whatever path:
// a relay nothing that reads a message, the binary nothing made for tests, and a
// browser no HTTP client.
func TestReach(t *testing.T) {
	for _, c := range []struct {
		what     string
		env      []string
		from     []string
		not      []string
		skipping []string
	}{
		{"a relay", nil, []string{"./server/..."}, []string{"bulle/device", "bulle/mls"}, nil},
		{"the command line", nil, []string{"./cmd/..."}, []string{"bulle/testvectors", "testing"}, nil},
		{
			"a browser",
			[]string{"GOOS=js", "GOARCH=wasm"},
			[]string{"./protocol/...", "./mls/...", "./device/..."},
			[]string{"net/http"},
			[]string{"bulle/device/vault/file", "bulle/device/terminal"},
		},
		{
			"the core of the web app, as tools/page builds it", // what these weigh is in docs/performance.md
			[]string{"GOOS=js", "GOARCH=wasm", "GOFLAGS=-tags=hybrid"},
			[]string{"./web/wasm"},
			[]string{"net/http", "log/slog", "encoding/json", "crypto/ecdsa", "crypto/elliptic"},
			nil,
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			from := slices.DeleteFunc(goList(t, c.env, c.from...), func(p string) bool {
				return slices.ContainsFunc(c.skipping, func(s string) bool { return within(p, s) })
			})
			if len(from) == 0 {
				t.Fatal("no package was found")
			}
			for _, p := range goList(t, c.env, append([]string{"-deps"}, from...)...) {
				if slices.ContainsFunc(c.not, func(n string) bool { return within(p, n) }) {
					t.Errorf("%s reaches %s", c.what, p)
				}
			}
		})
	}
}

func goList(t *testing.T, env []string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, complaint.String())
	}
	return strings.Fields(string(out))
}
