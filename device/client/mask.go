package client

import (
	"context"
	"errors"
	"time"

	"bulle/device/vault"
	"bulle/protocol/syntax"
)

const maskVersion = 1

// Mask says whether screens show ciphertext until the member asks to read, and for
// how long they then show the text. Screens that cannot mask ignore it.
type Mask struct {
	On    bool
	Shown time.Duration // whole seconds, up to 255; 0 means never set
}

// Code implements [syntax.Value]:
//
//	struct { uint8 version = 1; uint8 on; uint8 seconds; } Mask;
func (m *Mask) Code(c *syntax.Codec) {
	version, seconds := uint8(maskVersion), uint8(min(m.Shown/time.Second, 255)) //nolint:gosec // G115: bounded
	c.Uint8(&version)
	if c.Err() == nil && version != maskVersion {
		c.Fail("mask of version %d", version)
	}
	c.Bool(&m.On)
	c.Uint8(&seconds)
	m.Shown = time.Duration(seconds) * time.Second
}

// Mask returns how this device masks its screen; it is off when it was never set.
func (c *Client) Mask() (Mask, error) {
	var m Mask
	b, err := c.cfg.Vault.Get(context.Background(), settingsSegment, "mask")
	if errors.Is(err, vault.ErrNoSegment) || errors.Is(err, vault.ErrNotFound) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	return m, syntax.Unmarshal(b, &m)
}

// SetMask changes it.
func (c *Client) SetMask(m Mask) error {
	b, err := syntax.Marshal(&m)
	if err != nil {
		return err
	}
	return c.putSetting("mask", b)
}
