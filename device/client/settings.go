package client

import (
	"context"
	"errors"

	"bulle/device/vault"
	"bulle/protocol/syntax"
)

const (
	settingsSegment = "settings"
	settingsVersion = 1
)

// Code implements [syntax.Value]:
//
//	struct { uint8 version = 1; uint8 noReceipts; } Settings;
func (s *Settings) Code(c *syntax.Codec) {
	version := uint8(settingsVersion)
	c.Uint8(&version)
	if c.Err() == nil && version != settingsVersion {
		c.Fail("settings of version %d", version)
	}
	c.Bool(&s.NoReceipts)
}

// Settings returns what this device is set to.
func (c *Client) Settings() (Settings, error) {
	var s Settings
	b, err := c.cfg.Vault.Get(context.Background(), settingsSegment, "settings")
	if errors.Is(err, vault.ErrNoSegment) || errors.Is(err, vault.ErrNotFound) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return s, syntax.Unmarshal(b, &s)
}

// SetSettings changes them.
func (c *Client) SetSettings(s Settings) error {
	b, err := syntax.Marshal(&s)
	if err != nil {
		return err
	}
	return c.putSetting("settings", b)
}

// putSetting stores one record among the settings.
func (c *Client) putSetting(name string, b []byte) error {
	return c.cfg.Vault.Update(context.Background(), func(tx *vault.Tx) error {
		if !tx.HasSegment(settingsSegment) {
			if err := tx.NewSegment(settingsSegment); err != nil {
				return err
			}
		}
		return tx.Put(settingsSegment, name, b)
	})
}
