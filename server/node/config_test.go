package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bulle/server/node"
	"bulle/server/relay/ledger"
)

func problemOf(err error) node.Problem {
	var p *node.StartError
	if errors.As(err, &p) {
		return p.Problem
	}
	return 0
}

func TestConfigDefaults(t *testing.T) {
	c := node.Config{Data: "x"}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if c.Listen != node.DefaultListen || c.Store != node.StorePebble || c.Drain != 10*time.Second || c.MaxConnections == 0 {
		t.Errorf("the defaults are %+v", c)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		config node.Config
		want   node.Problem
	}{
		"no data":            {node.Config{}, node.NoData},
		"no port":            {node.Config{Data: "x", Listen: "localhost"}, node.BadListen},
		"a port too high":    {node.Config{Data: "x", Listen: ":65536"}, node.BadListen},
		"a named port":       {node.Config{Data: "x", Listen: ":https"}, node.BadListen},
		"everywhere":         {node.Config{Data: "x", Address: "0.0.0.0:8443"}, node.BadAddress},
		"no host":            {node.Config{Data: "x", Address: ":8443"}, node.BadAddress},
		"port 0":             {node.Config{Data: "x", Address: "a.example:0"}, node.BadAddress},
		"no such store":      {node.Config{Data: "x", Store: "sqlite"}, node.BadStore},
		"fewer than none":    {node.Config{Data: "x", MaxPerAddress: -1}, node.BadNumber},
		"an endless drain":   {node.Config{Data: "x", Drain: 2 * time.Hour}, node.BadDrain},
		"a backwards drain":  {node.Config{Data: "x", Drain: -1}, node.BadDrain},
		"no name":            {node.Config{Data: "x", Names: []string{"chat.example.org", "a b"}}, node.BadName},
		"half a pair":        {node.Config{Data: "x", Key: "key.pem"}, node.PairIncomplete},
		"a guide to nowhere": {node.Config{Data: "x", Guide: "8080"}, node.BadListen},
		"a guide to nothing": {node.Config{Data: "x", Guide: ":8080", Certificate: "c", Key: "k"}, node.GuideWithoutAuthority},
		"a name of names":    {node.Config{Data: "x", MDNS: "bulle.example.org"}, node.BadMDNS},
		"nobody to ask":      {node.Config{Data: "x", ACME: []string{"chat.example.org"}}, node.DirectoryMissing},
		"nothing to ask":     {node.Config{Data: "x", ACMEDirectory: "https://ca.example/dir"}, node.DirectoryMissing},
		"asked in the open":  {node.Config{Data: "x", ACME: []string{"chat.example.org"}, ACMEDirectory: "http://ca.example/dir"}, node.BadDirectory},
		"asked for a word":   {node.Config{Data: "x", ACME: []string{"chat"}, ACMEDirectory: "https://ca.example/dir"}, node.BadName},
		"two of a kind":      {node.Config{Data: "x", ACME: []string{"chat.example.org"}, ACMEDirectory: "https://ca.example/dir", Certificate: "c", Key: "k"}, node.TwoCertificates},
		"a quota of bytes":   {node.Config{Data: "x", Quota: ledger.Quota{Total: 5}}, node.BadSize},
		"a share too large":  {node.Config{Data: "x", Quota: ledger.Quota{Total: 1 << 30, Category: 2 << 30}}, node.QuotaExceedsTotal},
		"a disk in memory":   {node.Config{Data: "x", Store: node.StoreMemory, Quota: ledger.Quota{Reserve: 1 << 30}}, node.ReserveWithoutDisk},
	} {
		err := c.config.Check()
		if problemOf(err) != c.want || !c.want.Config() {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than a line: %v", name, err)
		}
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{
  "data": "/srv/bulle", "listen": "0.0.0.0:443", "address": "chat.example.org:443",
  "store": "memory", "max_connections": 5, "max_per_address": 2, "drain": "3s",
  "quota": "20GiB", "quota_category": "512MiB", "reserve": "1GiB",
  "names": ["chat.example.org", "10.0.0.1"], "certificate": "c.pem", "key": "k.pem", "guide": ":8080", "mdns": "b.local",
  "acme": ["chat.example.org"], "acme_directory": "https://ca.example/dir"
}`)
	c, err := node.ReadFile(path)
	want := node.Config{
		Data: "/srv/bulle", Listen: "0.0.0.0:443", Address: "chat.example.org:443",
		Store: node.StoreMemory, MaxConnections: 5, MaxPerAddress: 2, Drain: 3 * time.Second,
		Names: []string{"chat.example.org", "10.0.0.1"}, Certificate: "c.pem", Key: "k.pem", Guide: ":8080", MDNS: "b.local", ACME: []string{"chat.example.org"}, ACMEDirectory: "https://ca.example/dir",
		Quota: ledger.Quota{Total: 20 << 30, Category: 512 << 20, Reserve: 1 << 30},
	}
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("read %+v, %v", c, err)
	}
	for text, want := range map[string]struct {
		kind   node.Problem
		detail string
	}{
		"":                                      {node.FileShape, ""},
		"[]":                                    {node.FileShape, ""},
		"{":                                     {node.FileShape, ""},
		"{} {}":                                 {node.FileShape, ""},
		"{\n\n  \"data\": oops\n}":              {node.FileSyntax, "3"},
		`{"dta": "x"}`:                          {node.FileKey, "dta"},
		`{"data": 5}`:                           {node.FileValue, "data"},
		`{"max_connections": "many"}`:           {node.FileValue, "max_connections"},
		`{"data": "x", "data": "y"}`:            {node.FileTwice, "data"},
		`{"Data": "x"}`:                         {node.FileKey, "Data"},
		`null`:                                  {node.FileShape, ""},
		`{"quota": "20GB"}`:                     {node.BadSize, "20GB"},
		`{"reserve": "0MiB"}`:                   {node.BadSize, "0MiB"},
		`{"quota_category": "9999999999TiB"}`:   {node.BadSize, "9999999999TiB"},
		`{"drain": "soon"}`:                     {node.BadDrain, "soon"},
		`{"drain": "0s"}`:                       {node.BadDrain, "0s"},
		strings.Repeat(" ", 64<<10) + "{}     ": {node.FileTooLarge, ""},
	} {
		write(text)
		_, err := node.ReadFile(path)
		var p *node.StartError
		if !errors.As(err, &p) || p.Problem != want.kind || p.Detail != want.detail || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.30q: %v", text, err)
		}
	}
	if _, err := node.ReadFile(path + ".not"); problemOf(err) != node.FileUnreadable || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestProblemsHaveNames keeps every kind worded: the kinds of each group follow one another.
func TestProblemsHaveNames(t *testing.T) {
	kinds := node.Problems()
	for i, k := range kinds[1:] {
		if k != kinds[i]+1 && k != node.DataUnusable && k != node.CertificateUnreadable {
			t.Errorf("a kind between %v and %v has no name", kinds[i], k)
		}
	}
	for _, last := range []node.Problem{node.TwoCertificates, node.AccountDamaged, node.ACMEFailed} {
		if !slices.Contains(kinds, last) {
			t.Errorf("%d has no name", last)
		}
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add(`{"data": "x", "drain": "1s"}`)
	f.Add(`{"data": 5`)
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "relay.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := node.ReadFile(path)
		if err != nil && problemOf(err) == 0 {
			t.Errorf("%q: %v is no problem of ours", text, err)
		}
		if err == nil {
			_ = c.Check()
		}
	})
}
