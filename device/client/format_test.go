package client

import (
	"testing"
	"time"

	"bulle/protocol/syntax"
	"bulle/protocol/syntax/syntaxtest"
)

func formats() map[string]syntax.Value {
	return map[string]syntax.Value{
		"settings.bin":  &Settings{NoReceipts: true},
		"settings2.bin": &Settings{Notices: NoticesText},
		"mask.bin":      &Mask{On: true, Shown: 15 * time.Second},
		"ticket.bin":    &ticket{begun: 1, confirmed: true},
	}
}

func TestFormatsKeepTheirBytes(t *testing.T) { syntaxtest.KeepBytes(t, formats()) }

func FuzzFormats(f *testing.F) { syntaxtest.FuzzBytes(f, formats()) }
