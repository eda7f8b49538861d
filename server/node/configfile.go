package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// A File is the configuration file: one JSON object. docs/operate.md lists the
// keys. What the command line says goes before the file.
type File struct {
	Data           string   `json:"data"`
	Listen         string   `json:"listen"`
	Address        string   `json:"address"`
	Names          []string `json:"names"`
	Certificate    string   `json:"certificate"`
	Key            string   `json:"key"`
	ACME           []string `json:"acme"`
	ACMEDirectory  string   `json:"acme_directory"`
	Guide          string   `json:"guide"`
	MDNS           string   `json:"mdns"`
	Store          string   `json:"store"`
	MaxConnections int      `json:"max_connections"`
	MaxPerAddress  int      `json:"max_per_address"`
	Drain          string   `json:"drain"`
	Quota          string   `json:"quota"`
	QuotaCategory  string   `json:"quota_category"`
	Reserve        string   `json:"reserve"`
}

// maxFile is the largest configuration file in bytes.
const maxFile = 64 << 10

// ReadFile reads a configuration file. Errors are a [*StartError] that names the file
// and, where it can, the line or the key.
func ReadFile(path string) (Config, error) {
	b, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return Config{}, failed(FileUnreadable, path, err)
	}
	if len(b) > maxFile {
		return Config{}, problem(FileTooLarge, path, "")
	}
	f, err := parseFile(path, b)
	if err != nil {
		return Config{}, err
	}
	return f.config()
}

// config reads the values that a file holds as text.
func (f *File) config() (Config, error) {
	c := Config{
		Data: f.Data, Listen: f.Listen, Address: f.Address, Names: f.Names, Certificate: f.Certificate, Key: f.Key, ACME: f.ACME, ACMEDirectory: f.ACMEDirectory, Guide: f.Guide, MDNS: f.MDNS, Store: StoreKind(f.Store),
		MaxConnections: f.MaxConnections, MaxPerAddress: f.MaxPerAddress,
	}
	if f.Drain != "" {
		var err error
		if c.Drain, err = time.ParseDuration(f.Drain); err != nil || c.Drain == 0 {
			return Config{}, problem(BadDrain, "drain", f.Drain)
		}
	}
	for _, size := range []struct {
		name, text string
		to         *uint64
	}{{"quota", f.Quota, &c.Quota.Total}, {"quota_category", f.QuotaCategory, &c.Quota.Category}, {"reserve", f.Reserve, &c.Quota.Reserve}} {
		var ok bool
		if *size.to, ok = ParseSize(size.text); !ok && size.text != "" {
			return Config{}, problem(BadSize, size.name, size.text)
		}
	}
	return c, nil
}

// parseFile takes exactly one object with known keys, each at most once.
func parseFile(path string, b []byte) (File, error) {
	var f File
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&f); err != nil {
		return File{}, wordJSON(path, b, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return File{}, problem(FileShape, path, "")
	}
	return f, checkKeys(path, b)
}

// checkKeys looks at the keys of a valid object themselves: encoding/json takes a
// key twice, and in capitals, and the last one would win unseen.
func checkKeys(path string, b []byte) error {
	known := reflect.TypeFor[File]()
	d := json.NewDecoder(bytes.NewReader(b))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return problem(FileShape, path, "") // null decodes into anything
	}
	var seen []string
	for d.More() {
		token, err := d.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return problem(FileShape, path, "")
		}
		if !slices.ContainsFunc(reflect.VisibleFields(known), func(f reflect.StructField) bool { return f.Tag.Get("json") == key }) {
			return problem(FileKey, path, key)
		}
		if slices.Contains(seen, key) {
			return problem(FileTwice, path, key)
		}
		seen = append(seen, key)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return wordJSON(path, b, err)
		}
	}
	return nil
}

// wordJSON says where the file is wrong.
func wordJSON(path string, b []byte, err error) error {
	var syntaxError *json.SyntaxError
	var typeError *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntaxError):
		before := b[:min(int64(len(b)), syntaxError.Offset)]
		return problem(FileSyntax, path, strconv.Itoa(1+bytes.Count(before, []byte("\n"))))
	case errors.As(err, &typeError) && typeError.Field != "":
		return problem(FileValue, path, typeError.Field)
	}
	return problem(FileShape, path, "")
}
