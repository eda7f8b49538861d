// Package files connects a person's own files with the client: [Open] makes one ready to be sent,
// [Reopen] finds it again after a restart, and [Save] fetches a received one into a folder. It is shared
// by the full-screen client and the commands. All functions may be called concurrently.
package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bulle/device/client"
)

// ErrKind is returned for what is no regular file: a folder, a device, a pipe.
var ErrKind = errors.New("only regular files can be sent")

// ErrChanged is returned by [Reopen] when the file is not the one that was to be sent.
var ErrChanged = errors.New("the file has changed since it was to be sent")

// reference finds a file again. It stands in the vault, sealed.
type reference struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// Open opens the file at path to be sent. Whoever takes the source closes its Content.
func Open(path string) (client.FileSource, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return client.FileSource{}, fmt.Errorf("find file: %w", err)
	}
	f, at, err := open(whole)
	if err != nil {
		return client.FileSource{}, err
	}
	ref, err := json.Marshal(at)
	if err != nil {
		return client.FileSource{}, errors.Join(fmt.Errorf("describe file: %w", err), f.Close())
	}
	return client.FileSource{
		Name:      strings.ToValidUTF8(filepath.Base(whole), "_"), // a name is text for others
		Size:      at.Size,
		MediaType: mime.TypeByExtension(filepath.Ext(whole)),
		Shown:     look(f),
		Content:   f,
		Ref:       string(ref),
	}, nil
}

// Reopen opens the file that Open described by ref, if it is still the same: its size and the time of
// its last change are compared.
func Reopen(ref string) (client.FileContent, error) {
	var was reference
	if err := json.Unmarshal([]byte(ref), &was); err != nil {
		return nil, fmt.Errorf("read file reference: %w", err)
	}
	f, is, err := open(was.Path)
	if err != nil {
		return nil, err
	}
	if is.Size != was.Size || !is.Modified.Equal(was.Modified) {
		return nil, errors.Join(ErrChanged, f.Close())
	}
	return f, nil
}

func open(path string) (*os.File, reference, error) {
	// A pipe would block on opening; it is refused before.
	if info, err := os.Stat(path); err != nil {
		return nil, reference{}, fmt.Errorf("open file: %w", err)
	} else if !info.Mode().IsRegular() {
		return nil, reference{}, ErrKind
	}
	f, err := os.Open(path) //nolint:gosec // G304: the person named this file
	if err != nil {
		return nil, reference{}, fmt.Errorf("open file: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, reference{}, errors.Join(fmt.Errorf("look at file: %w", err), f.Close())
	}
	if !info.Mode().IsRegular() {
		return nil, reference{}, errors.Join(ErrKind, f.Close())
	}
	return f, reference{Path: path, Size: info.Size(), Modified: info.ModTime().UTC()}, nil
}
