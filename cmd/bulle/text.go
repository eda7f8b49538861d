package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"bulle/cmd/bulle/qr"
)

// parseDuration reads a Go duration, or a number of days or weeks: 90m, 24h, 7d, 2w.
func parseDuration(text string) (time.Duration, error) {
	units := map[byte]time.Duration{'d': 24 * time.Hour, 'j': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if n := len(text); n > 1 {
		if unit, ok := units[text[n-1]]; ok {
			count, err := strconv.ParseUint(text[:n-1], 10, 16)
			if err != nil {
				return 0, fmt.Errorf("read duration: %w", err)
			}
			if count == 0 {
				return 0, errNotPositive
			}
			return time.Duration(count) * unit, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("read duration: %w", err)
	}
	if d <= 0 {
		return 0, errNotPositive
	}
	return d, nil
}

// drawCode prints payload as a QR code.
func (s *shell) drawCode(payload []byte) error {
	draw := qr.Plain
	if s.coloured() {
		draw = qr.Terminal
	}
	code, err := draw(string(payload))
	if err != nil {
		return err
	}
	s.print("\n" + code)
	return nil
}

// errNotPositive is for a duration that is over before it begins.
var errNotPositive = errors.New("a duration is longer than nothing")
