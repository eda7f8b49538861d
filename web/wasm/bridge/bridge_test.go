package bridge_test

import (
	"context"
	"os"
	"reflect"
	"testing"
	"time"

	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

type question struct {
	ID    string
	Kinds []string
	Sent  time.Time
	Raw   []byte
	File  bridge.File
	State string `enum:"new,old"`
}

type answer struct {
	Parent *answer
	Links  []question
	Fine   bool
	hidden int
}

func TestTypeScript(t *testing.T) {
	ask := bridge.Handle("ask", func(context.Context, question) (answer, error) { return answer{hidden: 1}, nil })
	got := bridge.TypeScript([]bridge.Method{ask}, map[string]reflect.Type{"tick": reflect.TypeFor[bridge.None]()})
	want := "// Written by `go generate ./web/wasm/...`; the Go types are the source.\n\n" +
		`export interface answer {
  parent: answer | null;
  links: question[];
  fine: boolean;
}

export interface question {
  id: string;
  kinds: string[];
  sent: number;
  raw: Uint8Array;
  file: File;
  state: 'new' | 'old';
}

export interface Calls {
  ask: { in: question; out: answer };
}

export interface Events {
  tick: null;
}
`
	if got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

// TestGeneratedIsFresh fails when the Go types have changed and the page's half
// was not written again.
func TestGeneratedIsFresh(t *testing.T) {
	const name = "../../app/src/lib/core/generated/api.ts"
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != bridge.TypeScript(page.Methods(page.Nobody{}), page.Events()) {
		t.Errorf("%s is not what the Go types say: run go generate ./web/wasm/...", name)
	}
}
