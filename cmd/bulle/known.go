package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"bulle/device/terminal/lang"
)

// A knownBubble is a relay that `bulle open` was once given a link to. Nothing of
// it is secret.
type knownBubble struct {
	Address string `json:"address"` // host:port of the relay
	Pin     string `json:"pin"`     // hexadecimal SHA-256 of its TLS key
	// Listen is where this machine serves the page: an address and port of this
	// bubble alone, always the same, since a browser keeps what it stores by them.
	Listen string `json:"listen"`

	pin [32]byte
}

// maxKnown bounds the file; the bubble that was opened longest ago leaves first.
const maxKnown = 64

// knownFile is where bulle open remembers relays: beside the vault.
func (s *shell) knownFile() (string, error) {
	dir, err := s.vaultDir()
	return dir + "-open.json", err
}

// knownBubbles returns the bubbles, the one that was opened last first.
func (s *shell) knownBubbles() ([]knownBubble, error) {
	name, err := s.knownFile()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(name) //nolint:gosec // G304: beside the vault that the user names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read known bubbles: %w", err)
	}
	var all []knownBubble
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&all)
	for i := range all {
		pin, bad := hex.DecodeString(all[i].Pin)
		if bad != nil || len(pin) != len(all[i].pin) {
			err = errors.Join(err, fs.ErrInvalid)
			break
		}
		copy(all[i].pin[:], pin)
	}
	if err != nil || len(all) > maxKnown {
		return nil, failf(exitDamaged, "damaged", lang.Words{
			EN: "%s is damaged: remove it and run bulle open LINK.",
			FR: "%s est endommagé : supprimez-le et lancez bulle open LIEN.",
		}, name)
	}
	return all, nil
}

// rememberBubble puts a bubble first and writes the file, whole or not at all.
func (s *shell) rememberBubble(all []knownBubble, address string, pin [32]byte) (knownBubble, error) {
	b := knownBubble{Address: address, Pin: hex.EncodeToString(pin[:]), Listen: newLoopback(), pin: pin}
	if i := slices.IndexFunc(all, func(k knownBubble) bool { return k.pin == pin }); i >= 0 {
		b.Listen = all[i].Listen
		all = slices.Delete(all, i, i+1)
	}
	all = append([]knownBubble{b}, all...)
	all = all[:min(len(all), maxKnown)]
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return b, fmt.Errorf("write known bubbles: %w", err)
	}
	name, err := s.knownFile()
	if err == nil {
		err = writeWhole(name, append(text, '\n'))
	}
	if err != nil {
		return b, fmt.Errorf("write known bubbles: %w", err)
	}
	return b, nil
}

// writeWhole replaces a file, readable by its owner only.
func writeWhole(name string, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// newLoopback draws an address of this machine that no other program is likely to
// use: cookies and stored data of a browser go by it. Systems other than Linux know
// 127.0.0.1 only, so the port is drawn as well.
func newLoopback() string {
	var b [5]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	ip := net.IPv4(127, 1+b[0]%254, b[1], 1+b[2]%254)
	const first, count = 20000, 20000 // below the ports that systems hand out by themselves
	port := first + (int(b[3])<<8|int(b[4]))%count
	return net.JoinHostPort(ip.String(), strconv.Itoa(port))
}
