package certificate_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bulle/protocol/over"
	"bulle/server/certificate"
)

// kept is a keeper that runs, with a clock that can be set apart from the one that
// passes, as a machine's clock can.
type kept struct {
	*certificate.Keeper
	mu      sync.Mutex
	offset  time.Duration
	hosts   []string
	notices []error
}

func keep(t *testing.T, a *certificate.Authority, hosts ...string) *kept {
	t.Helper()
	k := &kept{hosts: hosts}
	var err error
	k.Keeper, err = certificate.NewKeeper(certificate.Config{
		Key: newKey(t), Authority: a,
		Hosts:  func() []string { k.mu.Lock(); defer k.mu.Unlock(); return k.hosts },
		Now:    k.now,
		Notice: func(err error) { k.mu.Lock(); defer k.mu.Unlock(); k.notices = append(k.notices, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { k.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	return k
}

func (k *kept) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Now().Add(k.offset)
}

func (k *kept) set(offset time.Duration, hosts ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.offset, k.hosts = offset, hosts
}

func (k *kept) leaf(t *testing.T) *x509.Certificate {
	t.Helper()
	c, err := k.Certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf
}

// TestLeavesAreRenewed lets fourteen months pass, and the clock be set.
func TestLeavesAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t, "bulle.local") // the bubble's clock begins in 2000: before any relay ran
		k := keep(t, a, "bulle.local")
		first := k.leaf(t)
		k.set(time.Until(now.AddDate(2, 0, 0)), "bulle.local") // the machine asked somebody for the time
		<-time.After(2 * time.Minute)
		second := k.leaf(t)
		if second == first || k.now().Before(second.NotBefore) || k.now().After(second.NotAfter) {
			t.Fatalf("at %v the leaf is still of %v to %v", k.now(), second.NotBefore, second.NotAfter)
		}
		pin := over.Pin(second)
		renewed := map[*x509.Certificate]bool{}
		for range 430 {
			<-time.After(24 * time.Hour)
			synctest.Wait()
			leaf := k.leaf(t)
			renewed[leaf] = true
			if left := leaf.NotAfter.Sub(k.now()); left < 58*24*time.Hour || over.Pin(leaf) != pin {
				t.Fatalf("at %v the leaf has %v left, pin %x", k.now(), left, over.Pin(leaf))
			}
		}
		if len(renewed) != 2 {
			t.Errorf("%d leaves in fourteen months", len(renewed))
		}
		k.set(time.Until(now.AddDate(-5, 0, 0)), "bulle.local") // and back to a clock that was never set
		<-time.After(2 * time.Minute)
		if leaf := k.leaf(t); leaf.NotBefore.After(now) {
			t.Errorf("with the clock set back the leaf begins at %v", leaf.NotBefore)
		}
	})
}

func TestLeavesFollowTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t, "bulle.local")
		k := keep(t, a, "bulle.local", "192.168.1.7")
		first := k.leaf(t)
		<-time.After(time.Hour)
		if k.leaf(t) != first {
			t.Error("a leaf was issued for nothing")
		}
		k.set(0, "bulle.local", "10.9.8.7", "elsewhere.example")
		<-time.After(3 * time.Minute)
		leaf := k.leaf(t)
		if len(leaf.IPAddresses) != 1 || leaf.IPAddresses[0].String() != "10.9.8.7" {
			t.Errorf("the machine moved and the leaf says %v", leaf.IPAddresses)
		}
		k.set(0, "elsewhere.example")
		<-time.After(3 * time.Minute)
		var outside *certificate.OutsideError
		if len(k.notices) != 1 || !errors.As(k.notices[0], &outside) || !slices.Equal(outside.Hosts, []string{"elsewhere.example"}) {
			t.Errorf("told: %v", k.notices)
		}
	})
}

func TestAnEndedAuthorityIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t, "bulle.local")
		k := keep(t, a, "bulle.local")
		k.set(time.Until(a.NotAfter()), "bulle.local")
		<-time.After(5 * time.Minute)
		if len(k.notices) != 1 || !errors.Is(k.notices[0], certificate.ErrEnded) {
			t.Errorf("told: %v", k.notices)
		}
		if late := keep(t, a, "x.bulle.local"); late.leaf(t) == nil {
			t.Error("nothing is served")
		}
		ended, err := certificate.NewKeeper(certificate.Config{
			Key: newKey(t), Authority: a, Hosts: func() []string { return nil },
			Now: a.NotAfter, Notice: func(error) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := ended.Certificate(nil); err != nil || c == nil {
			t.Errorf("devices, which look at the key alone, are served %v, %v", c, err)
		}
	})
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	a := newAuthority(t, "bulle.local")
	key, other := newKey(t), newKey(t)
	at := now
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Minute) // a file system's clock may be coarse
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	chain := func(signer any) []byte {
		t.Helper()
		k := key
		if signer == any(other) {
			k = other
		}
		leaf, _, err := a.Issue(k, []string{"bulle.local"}, now)
		if err != nil {
			t.Fatal(err)
		}
		var b []byte
		for _, der := range leaf.Certificate {
			b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		return b
	}
	encode := func(signer any) []byte {
		t.Helper()
		der, err := x509.MarshalPKCS8PrivateKey(signer)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	if _, err := certificate.OpenFiles(certFile, keyFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no files: %v", err)
	}
	write(certFile, chain(key))
	write(keyFile, encode(other))
	if _, err := certificate.OpenFiles(certFile, keyFile); !errors.Is(err, certificate.ErrPair) {
		t.Errorf("a certificate and another's key: %v", err)
	}
	write(keyFile, encode(key))
	if err := os.Chmod(keyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := certificate.OpenFiles(certFile, keyFile); !errors.Is(err, certificate.ErrReadable) {
		t.Errorf("a key for everybody: %v", err)
	}
	write(keyFile, encode(key))
	if err := os.Chmod(keyFile, 0o640); err != nil {
		t.Fatal(err)
	}
	f, err := certificate.OpenFiles(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	first := f.Certificate()
	if err := f.Reload(); err != nil || f.Certificate() != first {
		t.Errorf("files that did not change: %v", err)
	}
	for name, c := range map[string]struct {
		change func()
		want   error
	}{
		"half a file": {func() { write(certFile, chain(key)[:100]) }, certificate.ErrPair},
		"another key": {func() { write(certFile, chain(other)); write(keyFile, encode(other)) }, certificate.ErrOtherKey},
		"gone":        {func() { _ = os.Remove(certFile) }, os.ErrNotExist},
	} {
		c.change()
		if err := f.Reload(); !errors.Is(err, c.want) || f.Certificate() != first {
			t.Errorf("%s: %v", name, err)
		}
		if err := f.Reload(); err != nil {
			t.Errorf("%s is told twice: %v", name, err)
		}
	}
	write(certFile, chain(key))
	write(keyFile, encode(key))
	if err := f.Reload(); err != nil || f.Certificate() == first || over.Pin(f.Certificate().Leaf) != over.Pin(first.Leaf) {
		t.Errorf("a renewed certificate is not taken: %v", err)
	}
	k, err := certificate.NewKeeper(certificate.Config{Files: f, Notice: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	k.Look()
	if c, err := k.Certificate(nil); err != nil || c != f.Certificate() {
		t.Errorf("the keeper serves %v, %v", c, err)
	}
}
