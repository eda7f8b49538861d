package contact

import (
	"strings"
	"sync"
	"unicode"

	"bulle/protocol/text"
)

// Names that look alike. A joiner could call itself as another member does, in letters
// that the eye does not tell apart. Three rules stand against that:
//
//   - a name has letters of one of the scripts that look like each other: Latin,
//     Greek or Cyrillic, not two of them;
//   - names are the same name when they are equal after folding: the form in which
//     they were typed (NFKC: accents apart or not, width, style, ligatures), case, spaces,
//     and the letters of Greek and Cyrillic, digits and signs that look like Latin ones;
//   - accents that belong to no letter are folded away.
//
// So "paypal" in Cyrillic letters is taken when "paypal" is here.

// lookalikes are what a screen shows as the letter or digit before the colon.
const lookalikes = "a:аαɑ b:ьв c:сϲ d:ԁ e:еєε g:ɡ h:һн i:іιı1l|ӏ j:јϳ k:кκ m:м n:пηո o:оοσ0օ p:рρ q:ԛ r:г s:ѕ t:тτ u:υս v:ѵν w:ѡԝω x:хχ y:уγү z:ᴢζ ':’ʼ` -:‐‑–—"

// folding maps each of them to that letter. Capitals come here in small letters.
var folding = sync.OnceValue(func() map[rune]rune { //nolint:gochecknoglobals // made once from a constant
	out := map[rune]rune{}
	for _, group := range strings.Fields(lookalikes) {
		to, from, _ := strings.Cut(group, ":")
		for _, r := range from {
			out[r] = []rune(to)[0]
		}
	}
	return out
})

// fold returns what is left of a name when everything is gone that the eye may miss.
func fold(name string) string {
	var out strings.Builder
	letters := folding()
	for _, r := range text.NFKC(name) {
		r = unicode.ToLower(unicode.ToUpper(r)) // the long s is an s
		if to, ok := letters[r]; ok {
			r = to
		}
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Mn, r):
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// mixed reports whether a name has letters of two scripts that look alike.
func mixed(name string) bool {
	found := 0
	for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic} {
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(script, r) }) {
			found++
		}
	}
	return found > 1
}
