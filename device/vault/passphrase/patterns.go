package passphrase

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWord is the longest part that is looked up, in letters.
const maxWord = 26

// priced is what a pattern makes of a part.
type priced struct {
	cost float64
	why  Weakness
}

// word prices a part as a word: from the lists, or one that sounds like one.
// Capitals and look-alikes cost what guessers pay for trying them.
func (e *estimator) word(start, end int) priced {
	n := end - start
	none := priced{math.Inf(1), FewWords}
	if n < 3 && e.alone(start, end) {
		return priced{shortWordBits, FewWords}
	}
	if n < 3 || n > maxWord {
		return none
	}
	e.buf = e.buf[:0]
	capitals, alike := 0, 0
	for i := start; i < end; i++ {
		e.buf = utf8.AppendRune(e.buf, e.plain[i])
		if unicode.IsUpper(e.text[i]) {
			capitals++
		} else if e.plain[i] != e.text[i] && !unicode.IsLetter(e.text[i]) {
			alike++ // an accent is free
		}
	}
	extra := math.Min(float64(capitals), 2) + math.Min(float64(alike), 3)
	bits, listed := e.bits[string(e.buf)]
	e.buf = e.buf[:0]
	for _, r := range e.text[start:end] {
		e.buf = utf8.AppendRune(e.buf, r)
	}
	if exact, ok := e.bits[string(e.buf)]; ok { // as "abc123" is
		bits, listed, extra = exact, true, 0
	}
	switch {
	case listed && bits == famousBits:
		return priced{bits + extra, Famous}
	case listed:
		return priced{bits + extra, FewWords}
	case e.sounds(start, end):
		return priced{strangeBits + 2*math.Max(0, float64(n-8)) + extra, FewWords}
	}
	return none
}

// alone reports whether a part is letters with none beside them.
func (e *estimator) alone(start, end int) bool {
	for i := start; i < end; i++ {
		if !unicode.IsLower(e.text[i]) {
			return false
		}
	}
	return (start == 0 || !unicode.IsLetter(e.text[start-1])) && (end == len(e.text) || !unicode.IsLetter(e.text[end]))
}

// sounds reports whether a part reads like a word: its pairs of letters are usual.
func (e *estimator) sounds(start, end int) bool {
	const usual = 4.1 // bits a letter; words of the lists have 3.7 on average, random letters more than 5
	if end-start < 4 {
		return false
	}
	cost, last := 0.0, 26
	for i := start; i < end; i++ {
		r := e.plain[i]
		if r < 'a' || r > 'z' {
			return false
		}
		cost += e.pairs[last][r-'a']
		last = int(r - 'a')
	}
	return cost/float64(end-start) < usual
}

// pairCosts learns from the lists how many bits each letter is worth after another
// one, or (row 26) at the start of a word.
func pairCosts() *[27][27]float64 {
	var count, out [27][27]float64
	for _, list := range []string{words, common} {
		for w := range strings.FieldsSeq(list) {
			last := 26
			for _, r := range w {
				if r >= 'a' && r <= 'z' {
					count[last][r-'a']++
					last = int(r - 'a')
				}
			}
		}
	}
	for i := range count {
		total := 0.0
		for j := range 26 {
			total += count[i][j] + 1
		}
		for j := range 26 {
			out[i][j] = math.Log2(total / (count[i][j] + 1))
		}
	}
	return &out
}

// sequence prices a part that counts or spells up or down: abc, 9876, acegi.
func (e *estimator) sequence(start, end int) float64 {
	if end-start < 3 {
		return math.Inf(1)
	}
	step := e.text[start+1] - e.text[start]
	if step == 0 || step > 3 || step < -3 {
		return math.Inf(1)
	}
	for i := start + 2; i < end; i++ {
		if e.text[i]-e.text[i-1] != step {
			return math.Inf(1)
		}
	}
	return 5 + math.Log2(float64(end-start))
}

// keyboards returns the keys, row by row, of those that most people type on.
func keyboards() [numKeyboards][4]string {
	return [numKeyboards][4]string{
		{"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"},
		{"&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù*", "wxcvbn,;:!"},
		{"1234567890ß", "qwertzuiopü+", "asdfghjklöä#", "yxcvbnm,.-"},
	}
}

const numKeyboards = 3

// A keySpot is where a character is on a keyboard; row 0 is nowhere.
type keySpot struct{ row, column int8 }

// spotsOf returns where a character is on each keyboard.
func spotsOf(r rune) (spots [numKeyboards]keySpot) {
	r = unicode.ToLower(r)
	for i, rows := range keyboards() {
		for row, keys := range rows {
			column := int8(0)
			for _, key := range keys {
				if key == r {
					spots[i] = keySpot{int8(row + 1), column}
				}
				column++
			}
		}
	}
	return spots
}

// next reports whether two keys touch.
func (a keySpot) next(b keySpot) bool {
	r, c := a.row-b.row, a.column-b.column
	return a.row > 0 && b.row > 0 && r >= -1 && r <= 1 && c >= -1 && c <= 1
}

// keyboard prices a part whose keys are neighbours, on any of the keyboards.
func (e *estimator) keyboard(start, end int) float64 {
	if end-start < 4 {
		return math.Inf(1)
	}
	for k := range numKeyboards {
		walks := true
		for i := start + 1; i < end && walks; i++ {
			walks = e.spots[i-1][k].next(e.spots[i][k])
		}
		if walks {
			return 5 + 1.2*float64(end-start)
		}
	}
	return math.Inf(1)
}

// repetition prices a part that says its beginning again, as a whole.
func (e *estimator) repetition(start, end int) float64 {
	n := end - start
	for unit := 1; unit <= n/2; unit++ {
		if n%unit == 0 && n >= 3 && e.repeats(start, end, unit) {
			// The first time is priced with all that is before it.
			return e.best[start+unit] - e.best[start] + math.Log2(float64(n/unit)) + 1
		}
	}
	return math.Inf(1)
}

func (e *estimator) repeats(start, end, unit int) bool {
	for i := start + unit; i < end; i++ {
		if e.plain[i] != e.plain[i-unit] {
			return false
		}
	}
	return true
}

// date prices digits, with or without separators, that are a year or a day.
func (e *estimator) date(start, end int) float64 {
	if end-start > 10 {
		return math.Inf(1)
	}
	var digits []byte
	for i := start; i < end; i++ {
		switch r := e.text[i]; {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case !strings.ContainsRune("/-. ", r):
			return math.Inf(1)
		}
	}
	defer clear(digits)
	separators := float64(end - start - len(digits))
	switch {
	case len(digits) == 4 && separators == 0 && isYear(digits):
		return 7
	case separators > 2:
	case len(digits) == 8 && (isDay(digits[:2], digits[2:4]) && isYear(digits[4:]) || isYear(digits[:4]) && isDay(digits[6:], digits[4:6])),
		len(digits) == 6 && isDay(digits[:2], digits[2:4]):
		return 15 + separators
	}
	return math.Inf(1)
}

func isYear(d []byte) bool { return string(d[:2]) == "19" || string(d[:2]) == "20" }

// isDay reports whether two pairs of digits are a day and a month, in either order.
func isDay(a, b []byte) bool {
	x, y := int(a[0]-'0')*10+int(a[1]-'0'), int(b[0]-'0')*10+int(b[1]-'0')
	return x >= 1 && y >= 1 && (x <= 31 && y <= 12 || y <= 31 && x <= 12)
}
