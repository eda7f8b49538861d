package bulle_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// entrances are the pages a reader starts from.
var entrances = []string{"README.md", "docs/README.md"}

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	span    = regexp.MustCompile("`([^`\n]+)`")
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	ownPath = regexp.MustCompile(`^(\.ci|bench|cmd|device|docs|e2e|mls|protocol|server|testvectors|tools|web)/[\w./*-]*$`)
)

// TestDocs checks that what the docs point to exists, and that every page can be
// found by following links.
func TestDocs(t *testing.T) {
	for _, fault := range checkDocs(t, os.DirFS(".")) {
		t.Error(fault)
	}
}

// checkDocs returns what is wrong with the Markdown files of a checkout.
func checkDocs(t *testing.T, tree fs.FS) (faults []string) {
	t.Helper()
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		names, err := fs.Glob(tree, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(tree, name)
			if err != nil {
				t.Fatal(err)
			}
			pages[name] = string(text)
		}
	}
	leads := map[string][]string{}
	for name, text := range pages {
		to, wrong := checkPage(tree, pages, name, text)
		leads[name] = to
		faults = append(faults, wrong...)
	}
	for name := range unreached(pages, leads) {
		faults = append(faults, name+": no page leads to it")
	}
	slices.Sort(faults)
	return faults
}

// checkPage returns the pages that one page leads to, and what is wrong with it.
func checkPage(tree fs.FS, pages map[string]string, name, text string) (leads, faults []string) {
	text = fence.ReplaceAllString(text, "")
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		file, anchor, _ := strings.Cut(m[1], "#")
		if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
			continue
		}
		to := name
		if file != "" {
			to = path.Join(path.Dir(name), file)
		}
		if _, err := fs.Stat(tree, to); err != nil {
			faults = append(faults, name+": no such file: "+m[1])
			continue
		}
		leads = append(leads, to)
		if page, ok := pages[to]; ok && anchor != "" && !slices.Contains(anchors(page), anchor) {
			faults = append(faults, name+": no such heading: "+m[1])
		}
	}
	for _, m := range span.FindAllStringSubmatch(text, -1) {
		pattern := strings.TrimSuffix(strings.TrimSuffix(m[1], "/..."), "/")
		if !ownPath.MatchString(m[1]) {
			continue
		}
		if found, err := fs.Glob(tree, pattern); err != nil || len(found) == 0 {
			faults = append(faults, name+": no such path: "+m[1])
		}
	}
	return leads, faults
}

// anchors returns the fragments that lead to the headings of a page.
func anchors(page string) (out []string) {
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		out = append(out, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 127:
				return r
			}
			return -1
		}, strings.ToLower(m[1])))
	}
	return out
}

func unreached(pages map[string]string, leads map[string][]string) map[string]string {
	left := maps.Clone(pages)
	maps.DeleteFunc(left, func(name, _ string) bool { return !strings.HasPrefix(name, "docs/") })
	todo, seen := slices.Clone(entrances), map[string]bool{}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		delete(left, name)
		todo = append(todo, leads[name]...)
	}
	return left
}

// TestDocRulesBite plants one fault of each kind.
func TestDocRulesBite(t *testing.T) {
	for name, c := range map[string]struct{ page, want string }{
		"dead link":    {"[a](docs/gone.md)", "no such file"},
		"dead heading": {"[a](docs/README.md#gone)", "no such heading"},
		"dead path":    {"see `mls/gone.go`", "no such path"},
		"dead glob":    {"see `mls/gone*.go`", "no such path"},
		"lost page":    {"nothing", "no page leads to it"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{
				"README.md":      {Data: []byte(c.page)},
				"docs/README.md": {Data: []byte("# Docs, all of them\n[here](#docs-all-of-them)\n")},
			}
			if c.want == "no page leads to it" {
				tree["docs/lost.md"] = &fstest.MapFile{Data: []byte("# Lost")}
			}
			faults := checkDocs(t, tree)
			if len(faults) != 1 || !strings.Contains(faults[0], c.want) {
				t.Errorf("got %q, want one fault with %q", faults, c.want)
			}
		})
	}
}

// TestTables compares the tables of the docs with the rules that are enforced.
func TestTables(t *testing.T) {
	want := map[string]string{}
	for folder, may := range allowed {
		want[folder] = strings.Join(may, " ")
	}
	compareTable(t, "docs/architecture.md", want)

	want = maps.Clone(outside)
	for _, dependency := range outsideTests {
		want[dependency] = "tests"
	}
	compareTable(t, "docs/decisions/dependencies.md", want)
}

// compareTable reads the rows of a page whose first cell is one code span.
func compareTable(t *testing.T, name string, want map[string]string) {
	t.Helper()
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !regexp.MustCompile("^ *`[^`]+` *$").MatchString(cells[1]) {
			continue
		}
		var words []string
		for _, m := range span.FindAllStringSubmatch(cells[2], -1) {
			words = append(words, m[1])
		}
		got[strings.Trim(cells[1], " `")] = strings.Join(words, " ")
	}
	for key := range maps.Keys(want) {
		if got[key] != want[key] {
			t.Errorf("%s: the row of %s says %q, the rule is %q", name, key, got[key], want[key])
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s: the row of %s has no rule", name, key)
		}
	}
}
