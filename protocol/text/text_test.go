package text_test

import (
	"testing"

	"bulle/protocol/text"
)

func TestOneForm(t *testing.T) {
	if got := string(text.AppendNFC([]byte("x"), []byte("e\u0301"))); got != "x\u00e9" {
		t.Errorf("AppendNFC: %q", got)
	}
	for in, want := range map[string]string{"e\u0301": "\u00e9", "ＺＯＥ": "ZOE", "ﬁn": "fin", "𝐩𝐚𝐲": "pay", "x²": "x2"} {
		if got := text.NFKC(in); got != want {
			t.Errorf("NFKC(%q) = %q, want %q", in, got, want)
		}
	}
}
