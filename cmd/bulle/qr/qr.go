// Package qr draws QR codes (ISO/IEC 18004) in a terminal, two modules to a character cell.
//
// [Terminal] names its colours, so that the code is dark on light whatever the theme; [Plain] draws the
// light modules in the terminal's own foreground, for where colour is unwanted. Both are safe for
// concurrent use.
package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the light border in modules. The standard asks for four; two scan everywhere we tried and
// leave a link's code small enough for a common window.
const quiet = 2

const (
	colours = "\x1b[38;5;16;48;5;231m" // black on white, not the theme's idea of them
	reset   = "\x1b[0m"
)

// Terminal returns text as a code in explicit black on white. It fails when text is longer than the
// largest code holds (2,953 bytes).
func Terminal(text string) (string, error) {
	return draw(text, func(top, bottom bool) string { return cell(top, bottom) }, colours, reset)
}

// Plain is Terminal without escape sequences, for a dark terminal: light is drawn, dark is left.
func Plain(text string) (string, error) {
	return draw(text, func(top, bottom bool) string { return cell(!top, !bottom) }, "", "")
}

func draw(text string, cell func(top, bottom bool) string, before, after string) (string, error) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return "", fmt.Errorf("draw QR code: %w", err)
	}
	dark := func(x, y int) bool {
		return x >= 0 && y >= 0 && x < code.Size && y < code.Size && code.Black(x, y)
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString(before)
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString(cell(dark(x, y), dark(x, y+1)))
		}
		b.WriteString(after + "\n")
	}
	return b.String(), nil
}

// cell draws two modules, one above the other, the set ones in the foreground.
func cell(top, bottom bool) string {
	switch {
	case top && bottom:
		return "█"
	case top:
		return "▀"
	case bottom:
		return "▄"
	}
	return " "
}
