package client

import (
	"context"
	"errors"

	"bulle/device/vault"
	"bulle/protocol/syntax"
)

const (
	settingsSegment = "settings"
	settingsVersion = 2
)

// Code implements [syntax.Value]:
//
//	struct {
//	    uint8 version;       // 1 or 2
//	    uint8 noReceipts;
//	    uint8 notices;       // version 2, which is written when it is not 0
//	} Settings;
func (s *Settings) Code(c *syntax.Codec) {
	version := uint8(1)
	if s.Notices != NoticesOff {
		version = settingsVersion
	}
	c.Uint8(&version)
	if c.Err() == nil && version != 1 && version != settingsVersion {
		c.Fail("settings of version %d", version)
	}
	c.Bool(&s.NoReceipts)
	if version < settingsVersion {
		return
	}
	syntax.Enum8(c, &s.Notices)
	if c.Err() == nil && (s.Notices == NoticesOff || s.Notices > NoticesText) {
		c.Fail("notices of kind %d", s.Notices)
	}
}

// Notices says what a screen announces of a message that nobody is looking at.
type Notices uint8

// What is announced: nothing, that there is one, from whom, or what it says too.
const (
	NoticesOff  Notices = 0
	NoticesBare Notices = 1
	NoticesName Notices = 2
	NoticesText Notices = 3
)

// String returns the word that the page sees.
func (n Notices) String() string {
	return []string{"off", "bare", "name", "text"}[min(n, NoticesText)]
}

// ParseNotices reads what String wrote; what it does not know is off.
func ParseNotices(word string) Notices {
	for n := NoticesBare; n <= NoticesText; n++ {
		if n.String() == word {
			return n
		}
	}
	return NoticesOff
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
