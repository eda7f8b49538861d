package manifest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// packed is what the compressed copy of a file has after its name.
const packed = ".br"

// List reads the files of a built app: all but the manifest, each with its brotli
// copy beside it. kind gives the Content-Type of a path.
func List(files fs.FS, kind func(path string) string) ([]File, error) {
	var list []File
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == Name {
			return err
		}
		if plain, copied := strings.CutSuffix(path, packed); copied {
			if _, err := fs.Stat(files, plain); err != nil {
				return fmt.Errorf("%w: %s is a copy of nothing", ErrFiles, path)
			}
			return nil
		}
		f := File{Path: path, Type: kind(path)}
		if f.Plain, err = digest(files, path); err != nil {
			return err
		}
		if f.Brotli, err = digest(files, path+packed); err != nil {
			return err
		}
		list = append(list, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the app: %w", err)
	}
	slices.SortFunc(list, byPath)
	return list, nil
}

// Check says whether a built app is the one that the manifest lists: no byte, no
// file and no type other, missing or too many.
func (m *Manifest) Check(files fs.FS, kind func(path string) string) error {
	list, err := List(files, kind)
	if err != nil {
		return err
	}
	for _, f := range list {
		if want, listed := m.File(f.Path); !listed || want != f {
			return fmt.Errorf("%w: %s", ErrFiles, f.Path)
		}
	}
	if len(list) != len(m.Files) {
		return fmt.Errorf("%w: %d of %d", ErrFiles, len(list), len(m.Files))
	}
	return nil
}

// DigestOf returns the digest of bytes.
func DigestOf(b []byte) Digest { return Digest{sha256.Sum256(b), int64(len(b))} }

func digest(files fs.FS, path string) (d Digest, err error) {
	f, err := files.Open(path)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	d.Size, err = io.Copy(h, f)
	h.Sum(d.Sum[:0])
	return d, err
}
