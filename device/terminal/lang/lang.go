// Package lang words the screens in English and in French.
//
// Both texts of a sentence stand together where the sentence is used, so that neither is forgotten:
// l.Say("Nobody yet.", "Personne pour l'instant."). [Detect] finds the language the person asked their
// system for. All of it is free of state and may be called concurrently.
package lang

import (
	"fmt"
	"strings"
	"time"
)

// Lang is a language that the screens speak.
type Lang uint8

// The languages. English is what one gets who asked for neither.
const (
	English Lang = iota
	French
)

// Words is one sentence in each language, to be kept in a table.
type Words struct{ EN, FR string }

// Say chooses the sentence and formats args into it as fmt.Sprintf does.
func (l Lang) Say(en, fr string, args ...any) string {
	format := en
	if l == French {
		format = fr
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// In words w in the language l.
func (w Words) In(l Lang, args ...any) string { return l.Say(w.EN, w.FR, args...) }

// Parse reads a language as a person writes it (fr, fr_FR.UTF-8, French); ok is false for one we do not speak.
func Parse(name string) (l Lang, ok bool) {
	switch tag, _, _ := strings.Cut(strings.ToLower(name), "_"); tag {
	case "fr", "fr.utf-8", "french", "français", "francais", "fr-fr", "fr-be", "fr-ca", "fr-ch":
		return French, true
	case "en", "en.utf-8", "english", "en-us", "en-gb", "c", "c.utf-8", "posix":
		return English, true
	}
	return English, false
}

// Detect reads the language from the environment in POSIX order: LC_ALL, LC_MESSAGES, LANG, the first
// that is set deciding.
func Detect(getenv func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			l, _ := Parse(value)
			return l
		}
	}
	return English
}

// Clock is the time of day as one writes it in l: 14:05 in both, without seconds.
func (l Lang) Clock(t time.Time) string { return t.Format("15:04") }

// Day is the date of t as a heading, relative to now where that is shorter to read.
func (l Lang) Day(t, now time.Time) string {
	t = t.In(now.Location())
	switch days := daysBetween(t, now); {
	case days == 0:
		return l.Say("Today", "Aujourd'hui")
	case days == 1:
		return l.Say("Yesterday", "Hier")
	case days > 1 && days < 7:
		return l.weekday(t.Weekday())
	}
	if l == French {
		return fmt.Sprintf("%d %s %d", t.Day(), l.month(t.Month()), t.Year())
	}
	return fmt.Sprintf("%s %d, %d", l.month(t.Month()), t.Day(), t.Year())
}

// Short is a moment in at most eight columns: the time today, the weekday this week, else the date.
func (l Lang) Short(t, now time.Time) string {
	t = t.In(now.Location())
	switch days := daysBetween(t, now); {
	case days == 0:
		return l.Clock(t)
	case days > 0 && days < 7:
		return l.weekday(t.Weekday())[:3]
	}
	return l.Say(t.Format("01/02/06"), t.Format("02/01/06"))
}

// Size is a number of bytes as a person reads it, in binary thousands under their everyday names.
func (l Lang) Size(n int64) string {
	unit := l.Say("B", "o")
	if n < 1024 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	value, prefixes := float64(n), "KMGTPE"
	i := -1
	for value >= 1024 && i < len(prefixes)-1 {
		value /= 1024
		i++
	}
	text := fmt.Sprintf("%.1f", value)
	if l == French {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text + " " + prefixes[i:i+1] + unit
}

// daysBetween counts midnights from t to now in now's place; negative when t is in the future.
func daysBetween(t, now time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	}
	return int(day(now).Sub(day(t)).Hours() / 24)
}

func (l Lang) weekday(d time.Weekday) string {
	if l == French {
		return [...]string{"Dimanche", "Lundi", "Mardi", "Mercredi", "Jeudi", "Vendredi", "Samedi"}[d]
	}
	return d.String()
}

func (l Lang) month(m time.Month) string {
	if l == French {
		return [...]string{
			"janvier", "février", "mars", "avril", "mai", "juin", "juillet",
			"août", "septembre", "octobre", "novembre", "décembre",
		}[m-1]
	}
	return m.String()
}
