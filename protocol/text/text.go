// Package text brings text to one form, so that what a person takes for the same is
// the same bytes: the normalisation forms of Unicode (UAX 15).
package text

import "golang.org/x/text/unicode/norm"

// AppendNFC appends src in form C, the composed one, to dst: at most three times the
// bytes of src. When dst has the room, no copy of src is made elsewhere.
func AppendNFC(dst, src []byte) []byte { return norm.NFC.Append(dst, src...) }

// NFKC returns s in form KC: composed, and with letters of another width, style or
// joining replaced by the plain ones.
func NFKC(s string) string { return norm.NFKC.String(s) }
