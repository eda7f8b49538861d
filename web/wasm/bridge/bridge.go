// Package bridge carries typed calls between a web page and the Go core that runs
// in its worker. A [Method] is a Go function from one struct to another; the page
// calls it by name and gets a promise. [TypeScript] writes the page's half from
// the same Go types, so the two cannot disagree.
//
// What crosses, and as what:
//
//	bool, string              boolean, string
//	int64, float64, ...       number
//	[]byte                    Uint8Array
//	time.Time                 number, milliseconds since 1970
//	*T                        T | null
//	[]T                       T[]
//	struct                    object, field names with a small first letter
//	File                      File (page to core only)
//	Blob                      Blob (core to page only)
//	string with an enum tag   union of the tag's words
package bridge

import (
	"context"
	"fmt"
	"reflect"
)

// A Method is a function that the page may call.
type Method struct {
	Name string
	In   reflect.Type
	Out  reflect.Type
	call func(context.Context, reflect.Value) (reflect.Value, error)
}

// Handle makes a method from a function. In and Out are structs.
func Handle[In, Out any](name string, f func(context.Context, In) (Out, error)) Method {
	return Method{
		Name: name,
		In:   reflect.TypeFor[In](),
		Out:  reflect.TypeFor[Out](),
		call: func(ctx context.Context, in reflect.Value) (reflect.Value, error) {
			v, ok := in.Interface().(In)
			if !ok {
				return reflect.Value{}, fmt.Errorf("%s takes %s", name, in.Type())
			}
			out, err := f(ctx, v)
			return reflect.ValueOf(out), err
		},
	}
}

// None is what a method takes or returns when there is nothing.
type None struct{}

// An Error is a failure that the page can decide on by its code; the words are
// the page's, in its language.
type Error struct {
	Code string
}

func (e *Error) Error() string { return "bridge: " + e.Code }
