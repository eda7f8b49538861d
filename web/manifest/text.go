package manifest

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	release     = "release"
	development = "development"
)

func byName(a, b Header) int { return cmp.Compare(a.Name, b.Name) }
func byPath(a, b File) int   { return cmp.Compare(a.Path, b.Path) }

func (m *Manifest) append(text []byte) []byte {
	build := release
	if m.Development {
		build = development
	}
	text = fmt.Appendf(text, "%s %s\nrelease %d\nbuild %s\nkey %x\n", first, version, m.Release, build, m.Key)
	for _, h := range m.Headers {
		text = fmt.Appendf(text, "header %s: %s\n", h.Name, h.Value)
	}
	for _, f := range m.Files {
		text = fmt.Appendf(text, "file %x %d %x %d %s %s\n", f.Plain.Sum, f.Plain.Size, f.Brotli.Sum, f.Brotli.Size, f.Path, f.Type)
	}
	return text
}

func appendSignature(text, signature []byte) []byte {
	return fmt.Appendf(text, "signature %x\n", signature)
}

// validate refuses what the text cannot carry, or what a reader would not take.
func (m *Manifest) validate() error {
	name := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
	path := regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)
	words := regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)
	switch {
	case m.Release == 0 || m.Release > MaxRelease:
		return fmt.Errorf("%w: release %d", ErrMalformed, m.Release)
	case len(m.Files) == 0 || len(m.Files) > MaxFiles || len(m.Headers) > MaxHeaders:
		return fmt.Errorf("%w: %d files, %d headers", ErrMalformed, len(m.Files), len(m.Headers))
	}
	for i, h := range m.Headers {
		if !name.MatchString(h.Name) || !words.MatchString(h.Value) || i > 0 && byName(m.Headers[i-1], h) >= 0 {
			return fmt.Errorf("%w: header %q", ErrMalformed, h.Name)
		}
	}
	for i, f := range m.Files {
		if !path.MatchString(f.Path) || f.Path == Name || strings.HasSuffix(f.Path, ".br") || !words.MatchString(f.Type) ||
			!f.Plain.valid() || !f.Brotli.valid() || i > 0 && byPath(m.Files[i-1], f) >= 0 {
			return fmt.Errorf("%w: file %q", ErrMalformed, f.Path)
		}
	}
	return nil
}

func (d Digest) valid() bool { return d.Size >= 0 && d.Size <= MaxSize }

// parse reads a manifest and returns what its signature is over. It takes exactly
// the text that [Sign] would write.
func parse(text []byte) (m Manifest, signed, signature []byte, err error) {
	if len(text) > MaxText {
		return m, nil, nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(text))
	}
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if len(line) > MaxLine || signature != nil || !m.take(word, rest, &signature) {
			return m, nil, nil, fmt.Errorf("%w: at %q", ErrMalformed, word[:min(len(word), 16)])
		}
		if signature == nil {
			signed = text[:len(signed)+len(line)]
		}
	}
	if err := m.validate(); err != nil {
		return m, nil, nil, err
	}
	if len(signature) != ed25519.SignatureSize || !bytes.Equal(appendSignature(m.append(nil), signature), text) {
		return m, nil, nil, fmt.Errorf("%w: it is not in its one form", ErrMalformed)
	}
	return m, signed, signature, nil
}

// take reads one line, loosely: that the order and the form are right shows when
// the whole is written again.
func (m *Manifest) take(word, rest string, signature *[]byte) bool {
	var err error
	switch word {
	case "bulle":
	case "release":
		m.Release, err = strconv.ParseUint(rest, 10, 64)
	case "build":
		m.Development = rest == development
	case "key":
		err = readHex(m.Key[:], rest)
	case "header":
		name, value, _ := strings.Cut(rest, ": ")
		m.Headers = append(m.Headers, Header{name, value})
	case "file":
		part := strings.SplitN(rest, " ", 6)
		if len(part) != 6 {
			return false
		}
		f := File{Path: part[4], Type: part[5]}
		err = cmp.Or(f.Plain.read(part[0], part[1]), f.Brotli.read(part[2], part[3]))
		m.Files = append(m.Files, f)
	case "signature":
		*signature, err = hex.DecodeString(rest)
	default:
		return false
	}
	return err == nil && len(m.Files) <= MaxFiles && len(m.Headers) <= MaxHeaders
}

func (d *Digest) read(sum, size string) (err error) {
	if err := readHex(d.Sum[:], sum); err != nil {
		return err
	}
	d.Size, err = strconv.ParseInt(size, 10, 64)
	return err
}

func readHex(to []byte, text string) error {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(to) {
		return ErrMalformed
	}
	copy(to, b)
	return nil
}

// File returns the file with a path.
func (m *Manifest) File(path string) (File, bool) {
	i, found := slices.BinarySearchFunc(m.Files, path, func(f File, path string) int { return cmp.Compare(f.Path, path) })
	if !found {
		return File{}, false
	}
	return m.Files[i], true
}
