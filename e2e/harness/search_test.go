package harness_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"bulle/e2e/harness"
)

const planted = "Zébulon-7f3k9 est là?>~"

// TestSearchFindsEveryForm hides the string in each way at each alignment.
func TestSearchFindsEveryForm(t *testing.T) {
	search := harness.NewSearch(planted)
	for before := range 7 {
		around := strings.Repeat("x", before) + planted + "yy"
		var wide []byte
		for _, u := range utf16.Encode([]rune(around)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		swapped := slices.Clone(wide)
		for i := 0; i+1 < len(swapped); i += 2 {
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		}
		for form, hidden := range map[string][]byte{
			"plain":      []byte(around),
			"UTF-16LE":   wide,
			"UTF-16BE":   swapped,
			"hex":        []byte(hex.EncodeToString([]byte(around))),
			"HEX":        []byte(strings.ToUpper(hex.EncodeToString([]byte(around)))),
			"base64":     []byte(base64.StdEncoding.EncodeToString([]byte(around))),
			"base64 URL": []byte(base64.RawURLEncoding.EncodeToString([]byte(around))),
		} {
			if search.Bytes("here", hidden) == nil {
				t.Errorf("not found as %s with %d bytes before it", form, before)
			}
		}
	}
	if found := search.Bytes("here", []byte("Zébulon-7f3k8 est là?>~")); found != nil {
		t.Errorf("found what is not there: %v", found)
	}
}

// TestSearchDirectory hides the string across the seam of two pieces, and in a name.
func TestSearchDirectory(t *testing.T) {
	search := harness.NewSearch(planted)
	dir := t.TempDir()
	clean := filepath.Join(dir, "clean")
	if err := os.WriteFile(clean, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := search.Directory(t, dir); found != nil {
		t.Errorf("found what is not there: %v", found)
	}
	for shift := range 200 {
		content := append(bytes.Repeat([]byte{'.'}, 1<<20-100+shift), planted...)
		if err := os.WriteFile(clean, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if search.Directory(t, dir) == nil {
			t.Fatalf("not found at %d", 1<<20-100+shift)
		}
	}
	if err := os.Rename(clean, filepath.Join(dir, "Zebulon-7f3k9")); err != nil {
		t.Fatal(err)
	}
	if harness.NewSearch("Zebulon-7f3k9").Directory(t, dir) == nil {
		t.Error("not found in the name of a file")
	}
}
