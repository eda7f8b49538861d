package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"bulle/web"
)

// checkout makes a folder with a built app and the number of a release.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{number: "7\n", dist + "/index.html": "page", dist + "/index.html.br": "packed"} {
		write(t, filepath.Join(root, name), text)
	}
	return root
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func signIn(t *testing.T, root string, env map[string]string) ([]byte, error) {
	t.Helper()
	if err := run(root, []string{"sign"}, func(name string) string { return env[name] }, io.Discard); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(root, dist, "app.manifest"))
}

func TestSign(t *testing.T) {
	root := checkout(t)
	first, err := signIn(t, root, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := signIn(t, root, nil)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same key and files give other bytes: %v", err)
	}
	m, err := web.Manifest(os.DirFS(filepath.Join(root, dist)))
	if err != nil || m.Release != 7 || !m.Development {
		t.Errorf("signed %+v, %v", m, err)
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := run(root, []string{"key", key}, os.Getenv, io.Discard); err != nil {
		t.Fatal(err)
	}
	published, err := signIn(t, root, map[string]string{"BULLE_RELEASE_KEY": key})
	if err != nil || bytes.Equal(published, first) || !bytes.Contains(published, []byte("\nbuild release\n")) {
		t.Errorf("by a release key: %v", err)
	}
	other := checkout(t)
	file := filepath.Join(t.TempDir(), "published")
	write(t, file, string(published))
	adopted, err := signIn(t, other, map[string]string{"BULLE_RELEASE_MANIFEST": file})
	if err != nil || !bytes.Equal(adopted, published) {
		t.Errorf("a published manifest is not taken: %v", err)
	}
	write(t, filepath.Join(other, dist, "index.html"), "pagf")
	if _, err := signIn(t, other, map[string]string{"BULLE_RELEASE_MANIFEST": file}); err == nil {
		t.Error("a published manifest is taken for other files")
	}
}

func TestKeysAreKept(t *testing.T) {
	root := checkout(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := run(root, []string{"key", key}, os.Getenv, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := run(root, []string{"key", key}, os.Getenv, io.Discard); err == nil {
		t.Error("a key is overwritten")
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := signIn(t, root, map[string]string{"BULLE_RELEASE_KEY": key}); err == nil {
		t.Error("a key that everybody may read is used")
	}
	if err := run(root, nil, os.Getenv, io.Discard); err == nil {
		t.Error("no command is taken")
	}
}
