package passphrase

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"bulle/protocol/secret"
)

// Strength is how hard a passphrase is to guess.
type Strength struct {
	// Bits is the logarithm, base 2, of how many guesses someone needs who knows
	// the language, the keyboard and the habits of people. It errs on the low side.
	Bits float64
	// Weakness is what makes most of the phrase cheap to guess.
	Weakness Weakness
}

// A Weakness is a reason why a passphrase is weak. Screens have a sentence for each.
type Weakness uint8

// The weaknesses.
const (
	TooShort   Weakness = iota // nothing but its length is wrong
	FewWords                   // it is made of few common words
	Famous                     // it is, or holds, one of the first that guessers try
	Sequence                   // it follows the alphabet, the numbers or the keyboard
	Repetition                 // it says the same again
	Date                       // it holds a date
)

// String returns one sentence in English that tells how to do better.
func (w Weakness) String() string {
	switch w {
	case FewWords:
		return "use six words or more that have nothing to do with one another"
	case Famous:
		return "leave out what everybody uses"
	case Sequence:
		return "leave out sequences and rows of the keyboard"
	case Repetition:
		return "leave out what repeats"
	case Date:
		return "leave out dates"
	case TooShort:
	}
	return "make it longer"
}

// maxRunes is how much of a passphrase is judged: more only adds strength.
const maxRunes = 128

// Estimate judges a passphrase by the cheapest way to put it together from words,
// sequences, repetitions, keyboard walks, dates and single characters. It fails with
// [ErrInvalid].
func Estimate(p *secret.Bytes) (Strength, error) {
	normal, err := Normalize(p)
	if err != nil {
		return Strength{}, err
	}
	defer normal.Wipe()
	var s Strength
	secret.Do(func() {
		e := newEstimator(normal.Reveal())
		defer e.wipe()
		s = e.judge()
	})
	return s, nil
}

// An estimator holds a phrase with the letters that it stands for.
type estimator struct {
	text  []rune // as it is
	plain []rune // in lower case, without accents, and with letters for look-alikes
	spots [][numKeyboards]keySpot
	bits  map[string]float64
	pairs *[27][27]float64
	best  []float64  // best[i] is the cost of the first i runes
	from  []int      // where the last part of the first i runes begins
	why   []Weakness // of that part
	buf   []byte
}

const (
	famousBits    = 8
	shortWordBits = 5  // of a word of one or two letters
	wordBits      = 12 // of a word in the lists: there are some 4,000
	strangeBits   = 13 // of a word that sounds like one and is in no list
	letterBits    = 4.7
)

func newEstimator(p []byte) *estimator {
	e := &estimator{bits: make(map[string]float64), pairs: pairCosts(), buf: make([]byte, 0, 4*maxWord)}
	for _, w := range strings.Fields(common) {
		e.bits[w] = wordBits
	}
	for _, w := range strings.Fields(words) {
		e.bits[w] = bitsPerWord
	}
	for _, w := range strings.Fields(guessed) {
		e.bits[w] = famousBits
	}
	e.text = make([]rune, 0, maxRunes)
	for len(p) > 0 && len(e.text) < maxRunes { // a range over a string would copy it
		r, n := utf8.DecodeRune(p)
		e.text, p = append(e.text, r), p[n:]
	}
	e.plain = make([]rune, len(e.text))
	e.spots = make([][numKeyboards]keySpot, len(e.text))
	for i, r := range e.text {
		e.plain[i], e.spots[i] = plainLetter(r), spotsOf(r)
	}
	return e
}

func (e *estimator) wipe() {
	clear(e.text)
	clear(e.plain)
	clear(e.spots)
	secret.Wipe(e.buf[:cap(e.buf)])
}

// plainLetter returns the letter that a rune stands for.
func plainLetter(r rune) rune {
	const fancy = "àâäáãåçéèêëíìîïñóòôöõúùûüýÿ@4310$5!7|8"
	const plain = "aaaaaaceeeeiiiinooooouuuuyyaaeiosstitlb"
	r = unicode.ToLower(r)
	i := 0
	for _, f := range fancy {
		if f == r {
			return rune(plain[i])
		}
		i++
	}
	return r
}

// judge finds the cheapest way to make the phrase of parts.
func (e *estimator) judge() Strength {
	n := len(e.text)
	e.best, e.from, e.why = make([]float64, n+1), make([]int, n+1), make([]Weakness, n+1)
	for end := 1; end <= n; end++ {
		e.best[end] = e.best[end-1] + charBits(e.text[end-1])
		e.from[end] = end - 1
		for start := range end {
			cost, why := e.part(start, end)
			if total := e.best[start] + cost; total < e.best[end] {
				e.best[end], e.from[end], e.why[end] = total, start, why
			}
		}
	}
	return Strength{Bits: e.best[n], Weakness: e.weakness(n)}
}

// weakness returns what covers most of the phrase.
func (e *estimator) weakness(n int) (most Weakness) {
	var covered [Date + 1]int
	for end := n; end > 0; end = e.from[end] {
		covered[e.why[end]] += end - e.from[end]
	}
	for w, c := range covered {
		if c > covered[most] {
			most = Weakness(w)
		}
	}
	return most
}

// charBits is the cost of a character that nothing else explains.
func charBits(r rune) float64 {
	switch {
	case r == ' ':
		return 1
	case r >= 'a' && r <= 'z':
		return letterBits
	case r >= '0' && r <= '9':
		return 3.3
	case r < unicode.MaxASCII:
		return 5.5
	}
	return 7
}

// part returns the cost of one part, infinite where there is no pattern in it.
func (e *estimator) part(start, end int) (float64, Weakness) {
	cost, why := math.Inf(1), TooShort
	for _, p := range []priced{
		e.word(start, end),
		{e.sequence(start, end), Sequence},
		{e.keyboard(start, end), Sequence},
		{e.repetition(start, end), Repetition},
		{e.date(start, end), Date},
	} {
		if p.cost < cost {
			cost, why = p.cost, p.why
		}
	}
	return cost, why
}
