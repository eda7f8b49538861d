package vault_test

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/file"
	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

// The test of what Lock leaves in memory runs in a process of its own, which uses a
// vault, locks it, and then searches all of its own memory. What it searches for
// it only keeps masked, and it masks what it reads before it compares, so that it
// does not find itself.

const (
	residueEnv = "BULLE_TEST_RESIDUE"
	maskByte   = 0xa5
)

func masked(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= maskByte
	}
	return out
}

func TestLockLeavesNothingInMemory(t *testing.T) {
	if dir := os.Getenv(residueEnv); dir != "" {
		useAndSearch(t, dir)
		return
	}
	for _, keep := range []string{"control", "lock"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLockLeavesNothingInMemory$", "-test.v")
		cmd.Env = append(os.Environ(), residueEnv+"="+t.TempDir(), "BULLE_TEST_KEEP="+keep)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", keep, err, out)
		} else if keep == "control" && !bytes.Contains(out, []byte("found")) {
			t.Errorf("an open vault shows nothing: the search is blind\n%s", out)
		} else {
			t.Logf("%s", out)
		}
	}
}

var floor = vault.Options{KDF: vault.PBKDF2(vault.MinIterations)}

// A needle is something that must not be there, masked.
type needle struct {
	name  string
	forms map[string][]byte
}

// newNeedle masks every form of b. The forms themselves are wiped.
func newNeedle(name string, b []byte) needle {
	n := needle{name, make(map[string][]byte)}
	add := func(form string, size int, write func(dst []byte)) {
		dst := make([]byte, size)
		write(dst)
		n.forms[form] = masked(dst)
		clear(dst)
	}
	b = b[:min(len(b), 24)] // a part is enough to say that it is there
	add("plain", len(b), func(d []byte) { copy(d, b) })
	add("hex", hex.EncodedLen(len(b)), func(d []byte) { hex.Encode(d, b) })
	add("base64", base64.StdEncoding.EncodedLen(len(b)), func(d []byte) { base64.StdEncoding.Encode(d, b) })
	add("UTF-16", 2*len(b), func(d []byte) {
		for i, x := range b {
			d[2*i] = x
		}
	})
	return n
}

func useAndSearch(t *testing.T, dir string) {
	t.Helper()
	var needles []needle
	plant := func(name string, b []byte) {
		if secret.Erases() || wipedByHand(name) {
			needles = append(needles, newNeedle(name, b))
		}
	}
	v := useVault(t, dir, plant)
	if os.Getenv("BULLE_TEST_KEEP") == "lock" {
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
	found := searchOwnMemory(t, needles)
	for _, f := range found {
		if os.Getenv("BULLE_TEST_KEEP") == "lock" {
			t.Error("found " + f)
		} else {
			fmt.Println("found " + f) //nolint:forbidigo // the parent reads it
		}
	}
}

// wipedByHand reports whether the vault itself wipes every copy of a secret. The
// others also pass through the standard library (its PBKDF2 copies the passphrase,
// its ciphers keep their keys), where only the runtime can erase them: without
// runtime/secret a copy stays until the memory is used again (docs/crypto.md).
func wipedByHand(name string) bool {
	switch name {
	case "value", "root", "stretched passphrase", "salt of the segment":
		return true
	}
	return false
}

// useVault does what a device does with a vault, and plants what must not stay.
func useVault(t *testing.T, dir string, plant func(string, []byte)) *vault.Vault {
	t.Helper()
	ctx := t.Context()
	pass, second := passphrase.Generate(), passphrase.Generate()
	plant("passphrase", pass.Reveal())
	plant("second passphrase", second.Reveal())
	b, err := file.Open(dir, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Create(ctx, b, pass, floor)
	if err != nil {
		t.Fatal(err)
	}
	value := secret.Random(300)
	plant("value", value.Reveal())
	update(t, v, func(tx *vault.Tx) error {
		if err := errors.Join(tx.NewSegment("chat"), tx.NewSegment("gone"), tx.Put("gone", "a", value.Reveal())); err != nil {
			return err
		}
		for i := range 50 {
			if err := tx.Put("chat", fmt.Sprint(i), value.Reveal()); err != nil {
				return err
			}
		}
		return nil
	})
	update(t, v, func(tx *vault.Tx) error { return tx.Shred("gone") })
	if err := vault.Planted(v, "chat", "7", plant); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(v.ChangePassphrase(ctx, pass, second, vault.KDF{}), v.Rotate(ctx)); err != nil {
		t.Fatal(err)
	}
	v.Lock()
	if v, err = vault.Open(ctx, b, second, floor); err != nil {
		t.Fatal(err)
	}
	if err := vault.Planted(v, "chat", "7", plant); err != nil {
		t.Fatal(err)
	}
	got, err := v.Get(ctx, "chat", "7")
	if err != nil || !bytes.Equal(got, value.Reveal()) {
		t.Fatal("read something else", err)
	}
	secret.Wipe(got)
	if err := v.Scan(ctx, "chat", vault.Range{}, func(string, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	value.Wipe()
	pass.Wipe()
	second.Wipe()
	return v
}

// searchOwnMemory returns what it finds, in a word each.
func searchOwnMemory(t *testing.T, needles []needle) (found []string) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Skip("this system does not let a process read its own memory: ", err)
	}
	defer func() { _ = mem.Close() }()
	const size = 1 << 20
	buf, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	searched, mask := 0, bytes.Repeat([]byte{maskByte}, size)
	for s := bufio.NewScanner(bytes.NewReader(maps)); s.Scan(); {
		fields := strings.Fields(s.Text())
		from, to, ok := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if !ok || err1 != nil || err2 != nil || !strings.HasPrefix(fields[1], "rw") {
			continue
		}
		for at := start; at < end; at += size - 4096 {
			n, err := mem.ReadAt(buf[:min(size, end-at)], int64(at))
			if err != nil && !errors.Is(err, io.EOF) {
				break // a page that the system keeps for itself
			}
			part := buf[:n]
			subtle.XORBytes(part, part, mask)
			searched += n
			for _, needle := range needles {
				for form, b := range needle.forms {
					if i := bytes.Index(part, b); i >= 0 {
						found = append(found, fmt.Sprintf("%s (%s) at %x in %s", needle.name, form, at+uint64(i), strings.Join(fields[5:], " ")))
					}
				}
			}
			clear(part)
		}
	}
	t.Logf("searched %d MiB for %d needles", searched>>20, len(needles))
	if searched < 1<<20 {
		t.Errorf("searched only %d bytes", searched)
	}
	return found
}
