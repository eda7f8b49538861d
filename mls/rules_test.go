package mls

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

// A ruleTest breaks one rule of docs/mls-checks.md and nothing else, and returns
// what the check says.
type ruleTest func(t ruleT) error

// ruleT is the test of one rule.
type ruleT struct{ *testing.T }

// ruleTests has a test for each rule.
func ruleTests() map[string]ruleTest {
	all := map[string]ruleTest{}
	for _, part := range []map[string]ruleTest{framingRules(), leafRules(), treeRules(), commitRules(), externalRules(), joinRules()} {
		for id, f := range part {
			all[id] = f
		}
	}
	return all
}

// A checkRow is a row of the table in docs/mls-checks.md.
type checkRow struct{ id, file, symbol, refusal, test string }

func checkTable(t *testing.T) []checkRow {
	t.Helper()
	doc, err := os.ReadFile("../docs/mls-checks.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (V\\d+) \\| [^|]* \\| [^|]* \\| `([^`]*)`: `([^`]*)` \\| `([^`]*)` \\| `([^`]*)` \\|$")
	var rows []checkRow
	for _, m := range row.FindAllStringSubmatch(string(doc), -1) {
		rows = append(rows, checkRow{m[1], m[2], m[3], m[4], m[5]})
	}
	if len(rows) == 0 {
		t.Fatal("docs/mls-checks.md has no table of rules")
	}
	return rows
}

// ruleNames reads rules.go: the number of each rule that has a name.
func ruleNames(t *testing.T) map[string]Rule {
	t.Helper()
	source, err := os.ReadFile("rules.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]Rule{}
	for _, m := range regexp.MustCompile(`(Rule\w+)\s+Rule = "(V\d+)"`).FindAllStringSubmatch(string(source), -1) {
		names[m[1]] = Rule(m[2])
	}
	return names
}

// sentinels are the refusals of the rules without a name.
func sentinels() map[string]error {
	return map[string]error{
		"ErrMalformed": ErrMalformed, "ErrDecrypt": ErrDecrypt, "ErrConsumed": ErrConsumed, "ErrTooFar": ErrTooFar,
		"ErrWrongEpoch": ErrWrongEpoch, "ErrWrongGroup": ErrWrongGroup, "ErrRemoved": ErrRemoved, "ErrReInit": ErrReInit,
		"ErrPendingProposals": ErrPendingProposals, "ErrNotForUs": ErrNotForUs, "ErrPSK": ErrPSK, "ErrLimit": ErrLimit,
	}
}

// TestRules breaks each rule, and demands the refusal that the document promises.
func TestRules(t *testing.T) {
	tests, names := ruleTests(), ruleNames(t)
	rows := checkTable(t)
	for _, row := range rows {
		f := tests[row.id]
		delete(tests, row.id)
		if f == nil {
			t.Errorf("rule %s has no test", row.id)
			continue
		}
		t.Run(row.id, func(t *testing.T) {
			err := f(ruleT{t})
			if rule, ok := names[row.refusal]; ok {
				if !isRule(err, rule) {
					t.Errorf("got %v, want rule %s", err, rule)
				}
			} else if want := sentinels()[row.refusal]; want == nil || !errors.Is(err, want) {
				t.Errorf("got %v, want %s", err, row.refusal)
			}
		})
	}
	for id := range tests {
		t.Errorf("docs/mls-checks.md does not have rule %s", id)
	}
}

// TestChecksDocumentIsTrue compares the document with the code.
func TestChecksDocumentIsTrue(t *testing.T) {
	names := ruleNames(t)
	documented := map[string]bool{}
	for _, row := range checkTable(t) {
		documented[row.refusal] = true
		source, err := os.ReadFile("../" + row.file)
		if err != nil {
			t.Errorf("%s: %v", row.id, err)
			continue
		}
		if !regexp.MustCompile(`(?m)^(func (\([^)]*\) )?` + row.symbol + `\(|func \(\w+ \*?` + row.symbol + `\) Code)`).Match(source) {
			t.Errorf("%s: %s has no %s", row.id, row.file, row.symbol)
		}
		if row.test != "TestRules/"+row.id {
			t.Errorf("%s: its test is %s", row.id, row.test)
		}
		if rule, ok := names[row.refusal]; ok && string(rule) > row.id {
			t.Errorf("%s: %s is rule %s", row.id, row.refusal, rule)
		}
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		if n := f.Name(); strings.HasSuffix(n, ".go") && !strings.HasSuffix(n, "_test.go") && n != "rules.go" {
			b, err := os.ReadFile(n)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(b)
		}
	}
	for name := range names {
		if !documented[name] {
			t.Errorf("docs/mls-checks.md does not have %s", name)
		}
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(code.String()) {
			t.Errorf("no code checks %s", name)
		}
	}
}
