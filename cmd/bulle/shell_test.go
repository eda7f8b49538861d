package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"bulle/device/client"
	"bulle/device/terminal/lang"
	"bulle/device/terminal/safe"
)

func testShell(stdin string) (s *shell, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return newShell(strings.NewReader(stdin), stdout, stderr, func(string) string { return "" }), stdout, stderr
}

func TestJSONIsExactAndHarmless(t *testing.T) {
	for _, text := range []string{
		"plain", "<&>", "\x1b[31m", "a\u202eb\u200bc\ufeff", "\u009b2J\x7f", "tag \U000E0041", "private \ue000", "smile 🙂", "quote \" \\ \n",
	} {
		s, stdout, _ := testShell("")
		if err := s.line(map[string]string{"text": text}); err != nil {
			t.Fatal(err)
		}
		line := stdout.String()
		if strings.Count(line, "\n") != 1 {
			t.Errorf("%q is not one line", line)
		}
		for _, r := range strings.TrimSuffix(line, "\n") {
			if unicode.IsControl(r) || safe.Invisible(r) {
				t.Errorf("%U in %q", r, line)
			}
		}
		var back map[string]string
		if err := json.Unmarshal(stdout.Bytes(), &back); err != nil || back["text"] != text {
			t.Errorf("%q came back as %q: %v", text, back["text"], err)
		}
	}
}

func TestResultThatCannotBeWrittenFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer full.Close() //nolint:errcheck // nothing was written
	s, _, stderr := testShell("")
	s.stdout = full
	if code := run(t.Context(), s, []string{"version"}); code != exitDamaged {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestEverySentinelHasBothLanguages(t *testing.T) {
	names := map[string]bool{}
	page, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range sentences() {
		names[row.name] = true
		if row.sentinel == nil || row.words.EN == "" || row.words.FR == "" || row.words.EN == row.words.FR || row.code == exitOK {
			t.Errorf("%s: %+v", row.name, row.words)
		}
		for _, text := range []string{row.words.EN, row.words.FR} {
			if strings.Contains(text, "%") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is no plain sentence", row.name, text)
			}
		}
		if !bytes.Contains(page, []byte("`"+row.name+"`")) {
			t.Errorf("docs/commands.md lacks the error %s", row.name)
		}
	}
	s, _, _ := testShell("")
	for _, sentinel := range []error{client.ErrPin, client.ErrUnreachable, client.ErrLinkExpired, client.ErrLinkUsed, client.ErrNoContact} {
		wrapped := fmt.Errorf("outer: %w", fmt.Errorf("inner: %w", sentinel))
		if f := s.word(wrapped); f.name == "failed" || !errors.Is(f, sentinel) {
			t.Errorf("%v is told as %q", sentinel, f)
		}
	}
}

func TestUnknownFailureIsTold(t *testing.T) {
	s, _, stderr := testShell("")
	if code := s.report(errors.New("the moon is in the way")); code != exitGeneral || stderr.String() != "bulle: the moon is in the way\n" {
		t.Errorf("%d, %q", code, stderr)
	}
}

func TestLanguageOfTheCommandLine(t *testing.T) {
	for _, test := range []struct {
		args  []string
		want  lang.Lang
		found bool
	}{
		{[]string{"--lang", "fr", "read"}, lang.French, true},
		{[]string{"read", "--lang=fr_FR"}, lang.French, true},
		{[]string{"read", "--", "--lang=fr"}, lang.English, false},
		{[]string{"--lang"}, lang.English, false},
	} {
		if got, found := languageIn(test.args); got != test.want || found != test.found {
			t.Errorf("%v: %v, %v", test.args, got, found)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "7d": 7 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1h30m": 90 * time.Minute, "3j": 72 * time.Hour,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "0d", "-1d", "0s", "-1h", "soon", "7", "99999999d"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestTextToSend(t *testing.T) {
	for _, test := range []struct {
		words []string
		stdin string
		want  string
		code  exitCode
	}{
		{words: []string{"two", "words"}, want: "two words"},
		{words: []string{"-"}, stdin: "a\nb\n", want: "a\nb"},
		{words: []string{"-", "-"}, want: "- -"},
		{words: nil, want: ""},
		{words: []string{""}, code: exitUsage},
		{words: []string{"-"}, stdin: "\n", code: exitUsage},
		{words: []string{"-"}, stdin: "\xff", code: exitUsage},
		{words: []string{"-"}, stdin: strings.Repeat("x", client.MaxText), want: strings.Repeat("x", client.MaxText)},
		{words: []string{"-"}, stdin: strings.Repeat("x", client.MaxText+1), code: exitUsage},
	} {
		s, _, _ := testShell(test.stdin)
		got, err := s.textToSend(test.words)
		if test.code != exitOK {
			if err == nil || s.word(err).code != test.code {
				t.Errorf("%q: %v", test.words, err)
			}
			continue
		}
		if err != nil || got != test.want {
			t.Errorf("%q: %q, %v", test.words, got, err)
		}
	}
}

func TestPrintedMessageCannotAct(t *testing.T) {
	s, stdout, _ := testShell("")
	p := &printer{s: s, named: true}
	conv := client.Conversation{Name: "Crew\x1b[2J", Kind: client.KindGroup}
	msg := client.Message{FromName: "Eve\n12:00 Bob", Text: "hi\n12:00 Bob: \x1b]0;x\x07\u202e", Kind: client.MessageText, Sent: time.Now()}
	if err := p.show(t.Context(), conv, msg); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(stdout.String()) {
		if strings.HasPrefix(line, "12:00 Bob") {
			t.Errorf("a message made a line that looks like another's: %q", stdout)
		}
	}
	if strings.ContainsAny(stdout.String(), "\x1b\x07\u202e") {
		t.Errorf("%q", stdout)
	}
}

func TestOrders(t *testing.T) {
	input := strings.NewReader("{\"to\":\"Bob\",\"text\":\"hi\",\"ref\":\"1\"}\n\nnonsense\n")
	var got []order
	for o := range readOrders(t.Context(), input) {
		got = append(got, o)
	}
	if len(got) != 2 || got[0].To != "Bob" || got[0].Ref != "1" || got[0].invalid != nil || got[1].invalid == nil {
		t.Errorf("%+v", got)
	}
	for o := range readOrders(t.Context(), strings.NewReader(strings.Repeat("x", maxOrder+1))) {
		if o.invalid == nil {
			t.Error("took an endless line")
		}
	}
}

func TestListeningTellsOnceWhyTheRelayIsAway(t *testing.T) {
	s, stdout, stderr := testShell("")
	s.flags.json = true
	l := &listener{s: s}
	away := func(reason error) *client.Status { return &client.Status{State: client.LinkOffline, Reason: reason} }
	for _, status := range []*client.Status{
		{State: client.LinkConnecting},
		away(client.ErrUnreachable),
		{State: client.LinkConnecting},
		away(client.ErrUnreachable),
		away(client.ErrPin), away(client.ErrPin),
		{State: client.LinkOnline},
		away(client.ErrPin),
	} {
		if err := l.status(status); err != nil {
			t.Fatal(err)
		}
	}
	line := `{"event":"warning","warning":"pin_changed"}` + "\n"
	if stdout.String() != line+line {
		t.Errorf("scripts hear %q", stdout)
	}
	if strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "cannot be reached") {
		t.Errorf("people hear %q", stderr)
	}
}
