package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// Fetcher is the part of the client that Save needs.
type Fetcher interface {
	SaveFile(ctx context.Context, id client.ConversationID, m client.MessageID, to client.FileTarget, progress func(client.Progress)) error
}

// Save fetches the file of msg into dir, which is made if it is missing, and returns its path. A file of
// the same name stays: ours becomes "name (2)"; if it is the very same file, nothing is fetched. What is
// incomplete stands under a hidden name, from which a later call goes on. progress may be nil.
func Save(ctx context.Context, c Fetcher, msg client.Message, dir string, progress func(client.Progress)) (path string, err error) {
	if msg.File == nil {
		return "", client.ErrNoMessage
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	path = filepath.Join(dir, Name(msg.File.Name))
	if same(path, msg.File) {
		return path, nil
	}
	part := filepath.Join(dir, ".bulle-"+msg.ID.String()+".part")
	if err := fetch(ctx, c, msg, part, progress); err != nil {
		return "", err
	}
	return settle(part, path)
}

func fetch(ctx context.Context, c Fetcher, msg client.Message, part string, progress func(client.Progress)) (err error) {
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // G304: a name of ours in the person's folder
	if err != nil {
		return fmt.Errorf("open file to save: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("resume file: %w", err)
	}
	if have > msg.File.Size {
		have = 0
	}
	if progress == nil {
		progress = func(client.Progress) {}
	}
	if err := c.SaveFile(ctx, msg.Conversation, msg.ID, client.FileTarget{Content: f, Have: have}, progress); err != nil {
		return fmt.Errorf("fetch file: %w", err)
	}
	if err := f.Truncate(msg.File.Size); err != nil {
		return fmt.Errorf("finish file: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("make file durable: %w", err)
	}
	return nil
}

// settle gives the complete file its name, the first that is free.
func settle(part, path string) (string, error) {
	stem, ext := strings.TrimSuffix(path, filepath.Ext(path)), filepath.Ext(path)
	for i := 1; i < 10_000; i++ {
		candidate := path
		if i > 1 {
			candidate = stem + " (" + strconv.Itoa(i) + ")" + ext
		}
		// The name is taken first, so that no other file is ever replaced.
		taken, err := os.OpenFile(candidate, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: the person's folder, a cleaned name
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("name saved file: %w", err)
		}
		if err := errors.Join(taken.Close(), os.Rename(part, candidate)); err != nil {
			return "", fmt.Errorf("name saved file: %w", err)
		}
		return candidate, nil
	}
	return "", fmt.Errorf("name saved file: %w", fs.ErrExist)
}

// same reports whether the file at path has the content that info promises.
func same(path string, info *client.FileInfo) bool {
	at, err := os.Lstat(path)
	if err != nil || !at.Mode().IsRegular() || at.Size() != info.Size {
		return false
	}
	f, err := os.Open(path) //nolint:gosec // G304: the person's folder, a cleaned name
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // only read
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return false
	}
	return bytes.Equal(hash.Sum(nil), info.SHA256[:])
}

// maxName keeps a name, with " (2)" and the like, below the 255 bytes that file systems allow.
const maxName = 200

// Name makes the name of a received file one that stays in the folder it is put in, is visible there,
// and means nothing to a shell's option parser: no separators, no leading dot or dash, no characters
// that file systems or eyes stumble over. It is never empty.
func Name(name string) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || !unicode.IsPrint(r) || unicode.Is(unicode.Co, r) {
			return '_'
		}
		return r
	}, safe.Line(name))
	clean = strings.TrimLeft(clean, ".- ")
	clean = strings.TrimRight(clean, ". ")
	if len(clean) > maxName {
		ext := filepath.Ext(clean)
		if len(ext) > 20 {
			ext = ""
		}
		clean = strings.ToValidUTF8(clean[:maxName-len(ext)], "") + ext
	}
	if clean == "" {
		return "file"
	}
	return clean
}
