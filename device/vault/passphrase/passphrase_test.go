package passphrase_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

func list(tb testing.TB) []string {
	tb.Helper()
	b, err := os.ReadFile("words.txt")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Fields(string(b))
}

func TestEstimate(t *testing.T) {
	for _, c := range []struct {
		phrase string
		ok     bool
		why    passphrase.Weakness
	}{
		{"password1234", false, passphrase.Famous},
		{"P4ssw0rd!2024", false, passphrase.Famous},
		{"correct horse", false, passphrase.Famous},
		{"correct horse battery staple", false, passphrase.Famous},
		{"Tr0ub4dor&3", false, passphrase.FewWords},
		{"qwertyuiop[]asdfghjkl", false, passphrase.Sequence},
		{"azertyuiopqsdfghjklm", false, passphrase.Sequence},
		{"abcdefghijklmnopqrstuvwxyz0123456789", false, passphrase.Sequence},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, passphrase.Repetition},
		{"banana banana banana banana banana banana banana banana", false, passphrase.Repetition},
		{"14/07/1989 25/12/2001", false, passphrase.Date},
		{"Marseille13", false, passphrase.Famous},
		{"maison fenêtre", false, passphrase.FewWords},
		{"liberté égalité fraternité", false, passphrase.FewWords},
		{"ilovemydogbuddy", false, passphrase.FewWords},
		{"1q2w3e4r5t6y7u8i", false, passphrase.Sequence},
		{"Summer2024!Winter2025!", false, passphrase.Famous},
		{"x", false, passphrase.TooShort},
		{"kv7#Qz", false, passphrase.TooShort},
		{"seven quiet otters paint the wooden bridge at noon", true, 0},
		{"kqzvhxwjpgtrmd", true, 0},
		{"T9$kq!mZ2v&x", true, 0},
		{"les six lapins bleus mangent la lune ronde", true, 0},
	} {
		s, err := passphrase.Estimate(secret.Copy([]byte(c.phrase)))
		if err != nil || s.Bits >= passphrase.Floor != c.ok || !c.ok && s.Weakness != c.why {
			t.Errorf("%q: %.1f bits, %q, %v", c.phrase, s.Bits, s.Weakness, err)
		}
	}
}

func TestSixRandomWordsPassAndFourDoNot(t *testing.T) {
	words, random := list(t), rand.New(rand.NewPCG(1, 2))
	pick := func(n int) *secret.Bytes {
		var p []string
		for range n {
			p = append(p, words[random.IntN(len(words))])
		}
		return secret.Copy([]byte(strings.Join(p, " ")))
	}
	for range 20 {
		if p := pick(6); passphrase.Check(p) != nil {
			t.Errorf("%q is refused: %v", p.Reveal(), passphrase.Check(p))
		}
		p, weak := pick(3), new(passphrase.WeakError)
		if err := passphrase.Check(p); !errors.As(err, &weak) || !errors.Is(err, passphrase.ErrWeak) {
			t.Errorf("%q passes: %v", p.Reveal(), err)
		}
	}
}

func TestGenerate(t *testing.T) {
	words := list(t)
	used := map[string]bool{}
	for i := range 200 {
		p := passphrase.Generate()
		parts := strings.Split(string(p.Reveal()), " ")
		if len(parts) != 24 {
			t.Fatalf("generated %d words", len(parts))
		}
		for _, w := range parts {
			if _, ok := slices.BinarySearch(words, w); !ok {
				t.Fatalf("%q is not in the list", w)
			}
			used[w] = true
		}
		if i > 10 {
			continue
		}
		if s, err := passphrase.Estimate(p); err != nil || s.Bits < 180 {
			t.Errorf("24 words are worth %.0f bits, %v", s.Bits, err)
		}
	}
	if len(used) < 1700 { // 4,800 draws leave a tenth of the words out
		t.Errorf("only %d words were used", len(used))
	}
}

func TestWordsAreDistinct(t *testing.T) {
	words := list(t)
	if len(words) != 2048 || !slices.IsSorted(words) {
		t.Fatalf("%d words, sorted: %v", len(words), slices.IsSorted(words))
	}
	starts := map[string]string{}
	for _, w := range words {
		if len(w) < 4 || len(w) > 8 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q has another form", w)
		}
		start := w[:min(5, len(w))]
		if starts[start] != "" {
			t.Errorf("%q and %q begin alike", w, starts[start])
		}
		starts[start] = w
	}
	for i, a := range words {
		for _, b := range words[i+1:] {
			if near(a, b) {
				t.Errorf("%q and %q differ by one letter", a, b)
			}
		}
	}
}

// near reports whether one letter put in, left out or changed makes b of a.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	same := 0
	for same < len(a) && a[same] == b[same] {
		same++
	}
	if len(a) == len(b) {
		return same == len(a) || a[same+1:] == b[same+1:]
	}
	return a[same:] == b[same+1:]
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"cafe\u0301 noir", "café noir"},
		{"caf\u00e9 noir", "café noir"},
		{"  two\n words\u00a0\u3000here\t", "two words here"},
		{"K\u212b", "K\u00c5"},
		{strings.Repeat("a", passphrase.MaxSize), strings.Repeat("a", passphrase.MaxSize)},
		{strings.Repeat("\U0001D160", passphrase.MaxSize/4), strings.Repeat("\U0001D158\U0001D165\U0001D16E", passphrase.MaxSize/4)},
	} {
		got, err := passphrase.Normalize(secret.Copy([]byte(c.in)))
		if err != nil || string(got.Reveal()) != c.want {
			t.Errorf("%q becomes %q, %v; want %q", c.in, got.Reveal(), err, c.want)
		}
	}
	for _, bad := range []string{"", " \n", "a\x00b", "a\x1bb", "\xff", "\u0085x\u0007", strings.Repeat("a", passphrase.MaxSize+1)} {
		if got, err := passphrase.Normalize(secret.Copy([]byte(bad))); !errors.Is(err, passphrase.ErrInvalid) {
			t.Errorf("%q becomes %q, %v; want ErrInvalid", bad, got.Reveal(), err)
		}
	}
}

func FuzzEstimate(f *testing.F) {
	for _, s := range []string{"password", "14-07-1989", "abcabc", "é\u0301 x", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := secret.Copy([]byte(s))
		strength, err := passphrase.Estimate(p)
		if err != nil {
			return
		}
		if strength.Bits < 0 || strength.Bits > 8*passphrase.MaxSize {
			t.Errorf("%q: %v bits", s, strength.Bits)
		}
		normal, err := passphrase.Normalize(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := passphrase.Normalize(normal)
		if err != nil || !again.Equal(normal) {
			t.Errorf("%q is normalised to %q and then %q, %v", s, normal.Reveal(), again.Reveal(), err)
		}
	})
}

func BenchmarkEstimate(b *testing.B) {
	p := passphrase.Generate()
	for b.Loop() {
		if _, err := passphrase.Estimate(p); err != nil {
			b.Fatal(err)
		}
	}
}
