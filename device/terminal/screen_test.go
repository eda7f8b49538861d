package terminal

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/terminal/lang"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// screen drives a model as the terminal would, inside a synctest bubble: every command runs, and what it
// brings back is applied before the next key.
type screen struct {
	t    *testing.T
	m    *model
	inch chan tea.Msg
	quit bool
}

func show(t *testing.T, f *fake, cfg Config, width, height int) *screen {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Client = f
	cfg.Now = f.clock
	s := &screen{t: t, m: newModel(ctx, cfg), inch: make(chan tea.Msg, 1000)}
	t.Cleanup(func() {
		cancel()
		s.m.work.Wait()
	})
	s.run(s.m.Init())
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	return s
}

// run starts command and what it is made of.
func (s *screen) run(command tea.Cmd) {
	if command == nil {
		return
	}
	go func() {
		if msg := command(); msg != nil {
			s.inch <- msg
		}
	}()
}

// send applies msg, then everything that follows from it.
func (s *screen) send(msg tea.Msg) {
	s.t.Helper()
	_, command := s.m.Update(msg)
	s.run(command)
	s.settle()
}

func (s *screen) settle() {
	s.t.Helper()
	for {
		synctest.Wait()
		select {
		case msg := <-s.inch:
			switch msg := msg.(type) {
			case tea.BatchMsg:
				for _, command := range msg {
					s.run(command)
				}
			case tea.QuitMsg:
				s.quit = true
			default:
				_, command := s.m.Update(msg)
				s.run(command)
			}
		default:
			s.check()
			return
		}
	}
}

func (s *screen) keys(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.send(press(name))
	}
}

func (s *screen) typing(text string) {
	s.t.Helper()
	for _, r := range text {
		s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// text is the picture without its styles.
func (s *screen) text() string {
	var lines []string
	for _, line := range strings.Split(ansi.Strip(s.m.View().Content), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.Join(lines, "\n")
}

// check finds what no picture may have: too many or too wide lines, or characters that act.
func (s *screen) check() {
	s.t.Helper()
	v := s.m.View()
	lines := strings.Split(v.Content, "\n")
	if len(lines) > s.m.height {
		s.t.Errorf("%d lines in a window of %d:\n%s", len(lines), s.m.height, s.text())
	}
	for _, line := range lines {
		if w := ansi.StringWidth(line); w > s.m.width {
			s.t.Errorf("a line of %d columns in a window of %d: %q", w, s.m.width, ansi.Strip(line))
		}
		for _, r := range ansi.Strip(line) {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				s.t.Errorf("control character %U on the screen", r)
			}
		}
	}
	if c := v.Cursor; c != nil && (c.X < 0 || c.X >= s.m.width || c.Y < 0 || c.Y >= s.m.height) {
		s.t.Errorf("cursor at %d,%d in a window of %dx%d", c.X, c.Y, s.m.width, s.m.height)
	}
}

// golden compares the picture with testdata/screens/name.txt.
func (s *screen) golden(name string) {
	s.t.Helper()
	path := filepath.Join("testdata", "screens", name+".txt")
	got := s.text() + "\n"
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if got != string(want) {
		s.t.Errorf("%s changed (go test ./device/terminal -update writes it anew):\n%s\nwant:\n%s", name, got, want)
	}
}

func (s *screen) contains(parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if text := s.text(); !strings.Contains(text, part) {
			s.t.Errorf("no %q on the screen:\n%s", part, text)
		}
	}
}

func (s *screen) lacks(part string) {
	s.t.Helper()
	if text := s.text(); strings.Contains(text, part) {
		s.t.Errorf("%q is on the screen:\n%s", part, text)
	}
}

func english() Config { return Config{Lang: lang.English} }
func french() Config  { return Config{Lang: lang.French} }
