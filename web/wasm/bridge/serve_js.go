package bridge

import (
	"context"
	"errors"
	"reflect"
	"syscall/js"
)

// maxCalls is how many calls may run at once; more are refused.
const maxCalls = 256

// Serve answers the page until ctx ends. A call arrives as {id, method, params}
// and is answered with {id, result} or {id, error}, error being a code; every
// call runs in a goroutine of its own. describe turns an error into its code.
func Serve(ctx context.Context, methods []Method, describe func(error) string) {
	table := make(map[string]Method, len(methods))
	for _, m := range methods {
		table[m.Name] = m
	}
	slots := make(chan struct{}, maxCalls)
	listen := js.FuncOf(func(_ js.Value, args []js.Value) any {
		call := args[0].Get("data")
		select {
		case slots <- struct{}{}:
			go func() {
				defer func() { <-slots }()
				answer(ctx, table, call, describe)
			}()
		default:
			post(map[string]any{"id": call.Get("id"), "error": "busy"})
		}
		return nil
	})
	defer listen.Release()
	js.Global().Call("addEventListener", "message", listen)
	defer js.Global().Call("removeEventListener", "message", listen)
	post(map[string]any{"ready": true})
	<-ctx.Done()
}

func answer(ctx context.Context, table map[string]Method, call js.Value, describe func(error) string) {
	id := call.Get("id")
	m, ok := table[call.Get("method").String()]
	if !ok {
		post(map[string]any{"id": id, "error": "unknown-method"})
		return
	}
	in := reflect.New(m.In).Elem()
	if err := fromJS(call.Get("params"), in); err != nil {
		post(map[string]any{"id": id, "error": "bad-call"})
		return
	}
	out, err := m.call(ctx, in)
	if err != nil {
		var known *Error
		if errors.As(err, &known) {
			post(map[string]any{"id": id, "error": known.Code})
			return
		}
		post(map[string]any{"id": id, "error": describe(err)})
		return
	}
	post(map[string]any{"id": id, "result": toJS(out)})
}

// Announce tells the page of an event. value is a struct that can cross.
func Announce(event string, value any) {
	post(map[string]any{"event": event, "value": toJS(reflect.ValueOf(value))})
}

func post(message map[string]any) { js.Global().Call("postMessage", message) }
