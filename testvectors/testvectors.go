// Package testvectors finds the official test vectors for the tests of any
// package. They are not part of this repository: BULLE_VECTORS names the folder
// that holds them, or else ../shared/vectors beside the checkout does.
//
// The folder has mls (the vectors of github.com/mlswg/mls-implementations) and
// wycheproof (testvectors_v1 of github.com/C2SP/wycheproof).
package testvectors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Load decodes the vector file name, such as "mls/tree-math.json", into v, a
// pointer to a slice or struct. A list that is empty fails the test: a loader that
// finds nothing must not pass. Where the vectors are missing the test is skipped
// with the place they come from; with CI=true it fails.
func Load(tb testing.TB, name string, v any) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(root(tb), filepath.FromSlash(name)))
	if err != nil {
		missing(tb, err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		tb.Fatalf("read vectors %s: %v", name, err)
	}
	if e := reflect.ValueOf(v).Elem(); e.Kind() == reflect.Slice && e.Len() == 0 {
		tb.Fatalf("vectors %s are empty", name)
	}
}

// Glob returns the names, for [Load], of the vector files that match pattern. None
// is a failure, or a skip where the vectors are missing as a whole.
func Glob(tb testing.TB, pattern string) []string {
	tb.Helper()
	dir := root(tb)
	paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no vectors match %s: %v", pattern, err)
	}
	names := make([]string, len(paths))
	for i, p := range paths {
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			tb.Fatal(err)
		}
		names[i] = filepath.ToSlash(rel)
	}
	return names
}

// root returns the vectors' folder. Tests run in their package's folder, so the
// checkout is the nearest parent with a go.mod.
func root(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("BULLE_VECTORS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("the tests run outside the checkout: set BULLE_VECTORS")
		}
		dir = parent
	}
	dir = filepath.Join(dir, "..", "shared", "vectors")
	if _, err := os.Stat(dir); err != nil {
		missing(tb, err)
	}
	return dir
}

func missing(tb testing.TB, err error) {
	tb.Helper()
	const help = "official vectors are missing (%v): set BULLE_VECTORS to a folder with mls " +
		"(test-vectors of github.com/mlswg/mls-implementations) and wycheproof (testvectors_v1 of github.com/C2SP/wycheproof)"
	if os.Getenv("CI") == "true" {
		tb.Fatalf(help, err)
	}
	tb.Skipf(help, err)
}
