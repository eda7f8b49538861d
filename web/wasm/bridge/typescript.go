package bridge

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// TypeScript returns the page's half of the methods and events: an interface for
// each struct, one interface Calls with a property per method and one interface
// Events with a property per event. The text depends on the Go types alone.
func TypeScript(methods []Method, events map[string]reflect.Type) string {
	w := writer{seen: map[reflect.Type]bool{}}
	var calls, news strings.Builder
	for _, m := range methods {
		fmt.Fprintf(&calls, "  %s: { in: %s; out: %s };\n", m.Name, w.name(m.In), w.name(m.Out))
	}
	names := make([]string, 0, len(events))
	for name := range events {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&news, "  %s: %s;\n", name, w.name(events[name]))
	}
	w.flush()
	slices.Sort(w.decls)
	return "// Written by `go generate ./web/wasm/...`; the Go types are the source.\n\n" +
		strings.Join(w.decls, "\n") +
		"\nexport interface Calls {\n" + calls.String() + "}\n" +
		"\nexport interface Events {\n" + news.String() + "}\n"
}

type writer struct {
	seen  map[reflect.Type]bool
	queue []reflect.Type
	decls []string
}

// name returns how TypeScript writes the type, and queues structs to be declared.
func (w *writer) name(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "number"
	case t == reflect.TypeFor[None]():
		return "null"
	case t == reflect.TypeFor[File]():
		return "File"
	case t == reflect.TypeFor[Blob]():
		return "Blob"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return "number"
	case reflect.Pointer:
		return w.name(t.Elem()) + " | null"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "Uint8Array"
		}
		elem := w.name(t.Elem())
		if strings.Contains(elem, " ") {
			elem = "(" + elem + ")"
		}
		return elem + "[]"
	case reflect.Struct:
		if !w.seen[t] {
			w.seen[t] = true
			w.queue = append(w.queue, t)
		}
		return t.Name()
	default:
		panic("bridge: " + t.String() + " cannot cross")
	}
}

// flush declares every queued struct, and those that they name.
func (w *writer) flush() {
	for len(w.queue) > 0 {
		t := w.queue[0]
		w.queue = w.queue[1:]
		var b strings.Builder
		fmt.Fprintf(&b, "export interface %s {\n", t.Name())
		for f := range fields(t) {
			fmt.Fprintf(&b, "  %s: %s;\n", jsName(f.Name), w.field(f))
		}
		b.WriteString("}\n")
		w.decls = append(w.decls, b.String())
	}
}

func (w *writer) field(f reflect.StructField) string {
	words := f.Tag.Get("enum")
	if words == "" {
		return w.name(f.Type)
	}
	quoted := strings.Split(words, ",")
	for i, word := range quoted {
		quoted[i] = "'" + word + "'"
	}
	return strings.Join(quoted, " | ")
}

// fields yields the exported fields of a struct.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !yield(f) {
				return
			}
		}
	}
}

// jsName makes the first letter small, and with it a leading abbreviation: ID is
// id, URLPath is urlPath.
func jsName(name string) string {
	n := 0
	for n < len(name) && name[n] >= 'A' && name[n] <= 'Z' {
		n++
	}
	if n > 1 && n < len(name) {
		n--
	}
	return strings.ToLower(name[:n]) + name[n:]
}
