package indexeddb

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"bulle/device/vault"
)

// await waits for one of two events of target, and then forgets it.
func await(ctx context.Context, target js.Value, success, failure string) error {
	done := make(chan error, 2)
	ok := js.FuncOf(func(js.Value, []js.Value) any {
		done <- nil
		return nil
	})
	defer ok.Release()
	bad := js.FuncOf(func(js.Value, []js.Value) any {
		done <- reason(target.Get("error"))
		return nil
	})
	defer bad.Release()
	target.Set(success, ok)
	target.Set(failure, bad)
	// Before the functions are released, so that no late event meets a released one.
	defer func() {
		target.Set(success, js.Null())
		target.Set(failure, js.Null())
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle waits for a promise.
func settle(ctx context.Context, promise js.Value) (js.Value, error) {
	type result struct {
		value js.Value
		err   error
	}
	done := make(chan result, 1)
	var ok, bad js.Func
	finish := func(r result) any {
		ok.Release()
		bad.Release()
		done <- r
		return nil
	}
	ok = js.FuncOf(func(_ js.Value, args []js.Value) any { return finish(result{value: args[0]}) })
	bad = js.FuncOf(func(_ js.Value, args []js.Value) any { return finish(result{err: reason(args[0])}) })
	promise.Call("then", ok, bad)
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return js.Value{}, ctx.Err()
	}
}

// guard turns what JavaScript throws while f runs into an error. A browser may take
// a database away at any time, and every later call then throws.
func guard(f func()) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case js.Error:
			err = reason(thrown.Value)
		default:
			panic(thrown)
		}
	}()
	f()
	return nil
}

// reason tells a full disk from other failures.
func reason(thrown js.Value) error {
	name := "unknown"
	if thrown.Type() == js.TypeObject {
		name = thrown.Get("name").String()
	}
	if name == "QuotaExceededError" {
		return vault.ErrFull
	}
	return fmt.Errorf("browser database: %s: %w", name, vault.ErrBroken)
}

// listed reports whether the browser has a database of that name, or cannot tell.
func listed(ctx context.Context, name string) (bool, error) {
	factory := js.Global().Get("indexedDB")
	if !factory.Truthy() {
		return false, nil
	}
	if factory.Get("databases").Type() != js.TypeFunction {
		return true, nil
	}
	all, err := settle(ctx, factory.Call("databases"))
	if err != nil {
		return false, err
	}
	for i := range all.Length() {
		if all.Index(i).Get("name").String() == name {
			return true, nil
		}
	}
	return false, nil
}

// acquire takes the browser's lock of that name, which is also freed when the page
// or worker ends. It waits so long for a holder: a tab that was just closed is one for
// a moment more. release returns when others can take it.
func acquire(ctx context.Context, name string, patience time.Duration) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	manager := js.Global().Get("navigator").Get("locks")
	if !manager.Truthy() {
		return nil, errors.New("this browser has no locks: it is too old, or the page is not served safely")
	}
	var free js.Value
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		free = args[0]
		return nil
	})
	held := js.Global().Get("Promise").New(executor)
	executor.Release()
	granted := make(chan bool, 1)
	callback := js.FuncOf(func(_ js.Value, args []js.Value) any {
		granted <- !args[0].IsNull()
		if args[0].IsNull() {
			return nil
		}
		return held
	})
	defer callback.Release()
	signal := js.Undefined()
	options := map[string]any{"ifAvailable": true}
	if patience > 0 {
		signal = js.Global().Get("AbortSignal").Call("timeout", patience.Milliseconds())
		options = map[string]any{"signal": signal}
	}
	freed := manager.Call("request", "bulle vault "+name, options, callback)
	refused := make(chan error, 1)
	go func() {
		_, err := settle(context.WithoutCancel(ctx), freed)
		refused <- err
	}()
	// Giving up before the browser does could leave a lock that nobody frees.
	select {
	case ok := <-granted:
		if !ok {
			return nil, vault.ErrInUse
		}
	case err := <-refused:
		if signal.Truthy() && signal.Get("aborted").Bool() {
			err = vault.ErrInUse
		}
		return nil, err
	}
	return func() {
		free.Invoke()
		_ = <-refused // the promise of a lock that was held only resolves
	}, nil
}

func jsBytes(b []byte) js.Value {
	out := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(out, b)
	return out
}

// goBytes copies what a row holds, nil when there is none.
func goBytes(v js.Value) []byte {
	if v.IsUndefined() || v.IsNull() {
		return nil
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}
