package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// openssl returns how many MB/s of AES-256-GCM one core does in blocks of 256 KiB,
// by the clock on the wall as everything here.
func openssl(ctx context.Context) (float64, error) {
	out, err := exec.CommandContext(ctx, "openssl", "speed", "-elapsed", "-seconds", "2", "-bytes", "262144", "-evp", "aes-256-gcm").Output()
	if err != nil {
		return 0, fmt.Errorf("openssl speed: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		name, rate, ok := strings.Cut(lines.Text(), " ")
		if !ok || !strings.EqualFold(name, "aes-256-gcm") {
			continue
		}
		kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rate), "k"), 64)
		if err != nil {
			return 0, fmt.Errorf("openssl speed: %w", err)
		}
		return kilobytes / 1000, nil
	}
	return 0, errors.New("openssl speed printed no rate")
}
