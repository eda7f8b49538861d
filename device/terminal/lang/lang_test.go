package lang_test

import (
	"testing"
	"time"

	"bulle/device/terminal/lang"
)

func TestDetectFollowsPOSIXOrder(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want lang.Lang
	}{
		{nil, lang.English},
		{map[string]string{"LANG": "fr_FR.UTF-8"}, lang.French},
		{map[string]string{"LANG": "fr"}, lang.French},
		{map[string]string{"LANG": "fr_CA"}, lang.French},
		{map[string]string{"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, lang.English},
		{map[string]string{"LANG": "C.UTF-8", "LC_MESSAGES": "fr_BE.UTF-8"}, lang.French},
		{map[string]string{"LANG": "de_DE.UTF-8"}, lang.English},
	} {
		if got := lang.Detect(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("Detect(%v) = %v, want %v", test.env, got, test.want)
		}
	}
}

func TestSayFormatsOnlyWithArguments(t *testing.T) {
	if got := lang.French.Say("100%", "100 %"); got != "100 %" {
		t.Errorf("a sentence without arguments was formatted: %q", got)
	}
	if got := (lang.Words{EN: "%s left", FR: "%s est parti"}).In(lang.French, "Léa"); got != "Léa est parti" {
		t.Errorf("got %q", got)
	}
}

func TestDaysAreNamedAsPeopleNameThem(t *testing.T) {
	now := time.Date(2026, 3, 4, 0, 30, 0, 0, time.UTC)
	for _, test := range []struct {
		t          time.Time
		en, fr     string
		shortEN    string
		shortFRlen int
	}{
		{now, "Today", "Aujourd'hui", "00:30", 5},
		{now.Add(-time.Hour), "Yesterday", "Hier", "Tue", 3},
		{now.AddDate(0, 0, -3), "Sunday", "Dimanche", "Sun", 3},
		{now.AddDate(0, 0, -40), "January 23, 2026", "23 janvier 2026", "01/23/26", 8},
		{now.AddDate(0, 0, 2), "March 6, 2026", "6 mars 2026", "03/06/26", 8},
	} {
		if got := lang.English.Day(test.t, now); got != test.en {
			t.Errorf("Day = %q, want %q", got, test.en)
		}
		if got := lang.French.Day(test.t, now); got != test.fr {
			t.Errorf("Day = %q, want %q", got, test.fr)
		}
		if got := lang.English.Short(test.t, now); got != test.shortEN {
			t.Errorf("Short = %q, want %q", got, test.shortEN)
		}
		if got := lang.French.Short(test.t, now); len(got) != test.shortFRlen {
			t.Errorf("Short = %q", got)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64][2]string{
		0:               {"0 B", "0 o"},
		1023:            {"1023 B", "1023 o"},
		1536:            {"1.5 KB", "1,5 Ko"},
		100 << 20:       {"100.0 MB", "100,0 Mo"},
		1<<63 - 1:       {"8.0 EB", "8,0 Eo"},
		2<<30 + 512<<20: {"2.5 GB", "2,5 Go"},
	} {
		if got := lang.English.Size(n); got != want[0] {
			t.Errorf("Size(%d) = %q, want %q", n, got, want[0])
		}
		if got := lang.French.Size(n); got != want[1] {
			t.Errorf("Size(%d) = %q, want %q", n, got, want[1])
		}
	}
}
