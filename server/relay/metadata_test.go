package relay_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMetadataIsListed compares docs/metadata.md with the code: every field of
// every structure that a relay has in memory or on its disk, every table of its
// store, every file of its data directory and every attribute of its logs stands
// there, and nothing stands there that is not.
func TestMetadataIsListed(t *testing.T) {
	have, listed := held(t), documented(t)
	for what := range have {
		if !listed[what] {
			t.Errorf("docs/metadata.md does not list %s: say what it is, why a relay must hold it and for how long", what)
		}
	}
	for what := range listed {
		if !have[what] {
			t.Errorf("docs/metadata.md lists %s, which does not exist", what)
		}
	}
	if len(have) < 100 {
		t.Errorf("only %d things were found: the walk is broken", len(have))
	}
}

// documented reads the rows | `kind` | `name`, `name` | ... | of the page.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	page, err := os.ReadFile("../../docs/metadata.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*) \\|")
	name := regexp.MustCompile("`([^`]+)`")
	all := map[string]bool{}
	for _, r := range row.FindAllStringSubmatch(string(page), -1) {
		for _, n := range name.FindAllStringSubmatch(r[2], -1) {
			what := r[1] + " " + n[1]
			if all[what] {
				t.Errorf("docs/metadata.md lists %s twice", what)
			}
			all[what] = true
		}
	}
	return all
}

// held walks the code of the server.
func held(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "storetest" {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		w := walker{pkg: f.Name.Name, all: all}
		for _, decl := range f.Decls {
			w.declaration(decl)
		}
		ast.Inspect(f, w.logCall)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(slices.Collect(maps.Keys(all)), "relay.circuit grant") {
		t.Error("the walk does not see what a circuit holds")
	}
	return all
}

type walker struct {
	pkg string
	all map[string]bool
}

// declaration notes structures, variables, tables and files. What only configures
// a part, types named Config, Quota and File, says nothing about anybody.
func (w walker) declaration(decl ast.Decl) {
	d, ok := decl.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			w.structure(s.Name.Name, s.Type)
		case *ast.ValueSpec:
			w.value(d.Tok, s)
		}
	}
}

func (w walker) structure(name string, typ ast.Expr) {
	s, ok := typ.(*ast.StructType)
	if !ok || name == "Config" || name == "Quota" || name == "File" {
		return
	}
	for _, field := range s.Fields.List {
		for _, n := range field.Names {
			w.all[w.pkg+"."+name+" "+n.Name] = true
			w.structure(name+"."+n.Name, field.Type)
		}
		if len(field.Names) == 0 {
			w.all[w.pkg+"."+name+" "+embedded(field.Type)] = true
		}
	}
}

func embedded(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return embedded(e.X)
	}
	return "?"
}

func (w walker) value(kind token.Token, s *ast.ValueSpec) {
	for i, n := range s.Names {
		switch typ, _ := s.Type.(*ast.Ident); {
		case kind == token.VAR && !strings.HasPrefix(n.Name, "Err") && !strings.HasPrefix(n.Name, "err") && n.Name != "_":
			w.all["variable "+w.pkg+"."+n.Name] = true
		case typ != nil && typ.Name == "table":
			w.all["table "+n.Name] = true
		case kind == token.CONST && i < len(s.Values) && strings.HasSuffix(n.Name, "Name"):
			if lit, ok := s.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				file, _ := strconv.Unquote(lit.Value)
				w.all["file "+file] = true
			}
		}
	}
}

// logCall notes the keys of attributes: slog.String("key", ...) and its like.
func (w walker) logCall(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return true
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return true
	}
	from, ok := f.X.(*ast.Ident)
	key, isText := call.Args[0].(*ast.BasicLit)
	if ok && from.Name == "slog" && isText && key.Kind == token.STRING {
		text, _ := strconv.Unquote(key.Value)
		w.all["log "+text] = true
	}
	return true
}
