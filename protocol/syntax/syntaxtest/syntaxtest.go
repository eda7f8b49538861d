// Package syntaxtest keeps the bytes of formats: golden files, and fuzzing over them.
// Most tests need [KeepBytes] and [FuzzBytes].
package syntaxtest

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"bulle/protocol/syntax"
)

// KeepBytes fails unless each value has the bytes of its golden file in testdata, comes
// back from them, and from no beginning of them. With BULLE_GOLDEN=write it makes
// the files that are missing.
func KeepBytes(t *testing.T, formats map[string]syntax.Value) {
	t.Helper()
	for name, value := range formats {
		got, err := syntax.Marshal(value)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		path := filepath.Join("testdata", name)
		want, err := os.ReadFile(path) //nolint:gosec // G304: a golden file
		if os.IsNotExist(err) && os.Getenv("BULLE_GOLDEN") == "write" {
			err, want = os.WriteFile(path, got, 0o600), got
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is %x, want %x", name, got, want)
		}
		back := empty(value)
		if err := syntax.Unmarshal(want, back); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if again, err := syntax.Marshal(back); err != nil || !bytes.Equal(again, want) {
			t.Errorf("%s comes back as %x, %v", name, again, err)
		}
		for n := range want {
			if syntax.Unmarshal(want[:n], empty(value)) == nil {
				t.Errorf("the first %d bytes of %s are accepted", n, name)
				break
			}
		}
	}
}

// FuzzBytes looks for bytes that a format accepts and does not give back.
func FuzzBytes(f *testing.F, formats map[string]syntax.Value) {
	f.Helper()
	for name, value := range formats {
		if b, err := syntax.Marshal(value); err == nil {
			f.Add(name, b)
		}
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		if formats[name] == nil {
			return
		}
		value := empty(formats[name])
		if syntax.Unmarshal(b, value) != nil {
			return
		}
		if again, err := syntax.Marshal(value); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: %x becomes %x (%v)", name, b, again, err)
		}
	})
}

// empty returns a value of the same format with nothing in it.
func empty(v syntax.Value) syntax.Value {
	e, _ := reflect.New(reflect.TypeOf(v).Elem()).Interface().(syntax.Value)
	return e
}
