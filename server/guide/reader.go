package guide

import (
	"net/http"
	"strings"
)

// language is what the reader asked for, or what the browser prefers: the first of
// English and French in its list.
func language(r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); asked == "fr" || asked == "en" {
		return asked
	}
	for tag := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), ";")
		switch tag, _, _ = strings.Cut(tag, "-"); tag {
		case "fr", "en":
			return tag
		}
	}
	return "en"
}

// system guesses which instructions the reader needs. All are on the page anyhow.
func system(agent string) string {
	for _, guess := range []struct{ word, system string }{
		{"Android", "android"},
		{"iPhone", "ios"},
		{"iPad", "ios"},
		{"Firefox/", "firefox"},
		{"Windows", "windows"},
		{"Macintosh", "macos"},
		{"Linux", "linux"},
		{"CrOS", "linux"},
	} {
		if strings.Contains(agent, guess.word) {
			return guess.system
		}
	}
	return ""
}
