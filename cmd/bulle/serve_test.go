package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulle/device/terminal/lang"
	"bulle/server/node"
)

// serving is a `bulle serve` of one test.
type serving struct {
	lines *bufio.Reader
	stop  context.CancelFunc
	code  chan exitCode
}

func startServing(t *testing.T, args ...string) *serving {
	t.Helper()
	read, write := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	v := &serving{lines: bufio.NewReader(read), stop: stop, code: make(chan exitCode, 1)}
	s := newShell(strings.NewReader(""), write, t.Output(), func(string) string { return "" })
	go func() {
		code := run(ctx, s, append([]string{"serve"}, args...))
		_ = write.Close() // an io.Pipe closes always
		v.code <- code
	}()
	t.Cleanup(stop)
	return v
}

// end stops the relay and returns what else it printed.
func (v *serving) end(t *testing.T) string {
	t.Helper()
	v.stop()
	rest, err := io.ReadAll(v.lines)
	if err != nil {
		t.Fatal(err)
	}
	if code := <-v.code; code != exitOK {
		t.Errorf("serve ends with %d", code)
	}
	return string(rest)
}

func TestServePrintsOneLineOfJSON(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "relay")
	v := startServing(t, "--data", dir, "--listen", "127.0.0.1:0", "--json")
	line, err := v.lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]string
	if err := json.Unmarshal(line, &fields); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(fields["claim"], "https://"+fields["address"]+"/#") || len(fields["fingerprint"]) != 64 || len(fields) != 5 {
		t.Errorf("printed %s", line)
	}
	var stderr strings.Builder
	s := newShell(strings.NewReader(""), io.Discard, &stderr, func(string) string { return "" })
	if code := run(t.Context(), s, []string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}); code != exitBusy {
		t.Errorf("a second relay ends with %d", code)
	}
	if strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), dir) {
		t.Errorf("a second relay says %q", stderr.String())
	}
	if rest := v.end(t); rest != "" {
		t.Errorf("printed more: %q", rest)
	}
}

func TestServeShowsThePersonWhatToDo(t *testing.T) {
	v := startServing(t, "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--store", "memory")
	var text strings.Builder
	for !strings.Contains(text.String(), "--name") {
		line, err := v.lines.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", text.String(), err)
		}
		text.WriteString(line)
	}
	for _, part := range []string{"https://127.0.0.1:", "fingerprint", "/#", "██", "bulle claim"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("nothing about %q in:\n%s", part, text.String())
		}
	}
	v.end(t)
}

func TestServeCheck(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "good.json"), filepath.Join(t.TempDir(), "bad.json")
	for path, text := range map[string]string{good: `{"listen": "127.0.0.1:8443"}`, bad: `{"lisen": "127.0.0.1:8443"}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(t.TempDir(), "relay")
	for _, c := range []struct {
		args []string
		code exitCode
		says string
	}{
		{[]string{"--config", good, "--check"}, exitOK, "valid"},
		{[]string{"--config", good, "--check", "--json"}, exitOK, `{"valid":true}`},
		{[]string{"--config", bad, "--check"}, exitGeneral, `"lisen"`},
		{[]string{"--config", bad + ".not", "--check"}, exitGeneral, "no such file"},
		{[]string{"--listen", "everywhere", "--check"}, exitGeneral, "HOST:PORT"},
		{[]string{"--listen", "everywhere"}, exitUsage, "HOST:PORT"},
		{[]string{"--store", "paper"}, exitUsage, "paper"},
		{[]string{"--nonsense"}, exitUsage, "nonsense"},
		{[]string{"now"}, exitUsage, "serve"},
	} {
		var out strings.Builder
		s := newShell(strings.NewReader(""), &out, &out, func(string) string { return "" })
		code := run(t.Context(), s, append([]string{"serve", "--data", data}, c.args...))
		if code != c.code || !strings.Contains(out.String(), c.says) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%v: code %d, %q", c.args, code, out.String())
		}
	}
	if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("--check made the data directory: %v", err)
	}
}

// TestEveryProblemHasWords formats each sentence in both languages.
func TestEveryProblemHasWords(t *testing.T) {
	for _, p := range node.Problems() {
		var f *failure
		if !errors.As(wordProblem(&node.StartError{Problem: p, Subject: "subject", Detail: "detail"}), &f) {
			t.Errorf("%v has no words", p)
			continue
		}
		for _, l := range []lang.Lang{lang.English, lang.French} {
			if text := f.words.In(l, f.args...); strings.Contains(text, "%!") || strings.Contains(text, "\n") {
				t.Errorf("%v reads %q", p, text)
			}
		}
	}
}
