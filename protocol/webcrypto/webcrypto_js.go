// Package webcrypto lets the device core use the cryptography of the browser that it
// runs in: faster than Go's in WebAssembly, and in constant time. It exists for
// GOOS=js alone, and gives the same bytes as the standard library.
//
// Most callers need [Available], then [ImportAES], [ImportHMAC] or [PBKDF2], and
// [Bytes] to hand data over. Every call waits for a promise, so it must not be made on the event loop
// itself. All may be called concurrently.
package webcrypto

import (
	"errors"
	"syscall/js"
)

// Available reports whether there is a WebCrypto here. A page that did not come over
// TLS or from the machine itself has none.
func Available() bool { return subtle().Truthy() }

func subtle() js.Value {
	crypto := js.Global().Get("crypto")
	if !crypto.Truthy() {
		return js.Undefined()
	}
	return crypto.Get("subtle")
}

// A Key is held by the browser, which does not give its bytes out again.
type Key struct{ key js.Value }

// ImportAES imports a key for AES-GCM.
func ImportAES(raw []byte) (Key, error) {
	return imported(raw, "AES-GCM", "encrypt", "decrypt")
}

// ImportHMAC imports a key for HMAC-SHA256.
func ImportHMAC(raw []byte) (Key, error) {
	return imported(raw, map[string]any{"name": "HMAC", "hash": "SHA-256"}, "sign")
}

func imported(raw []byte, algorithm any, usages ...any) (Key, error) {
	b := Bytes(raw)
	key, err := Await(subtle().Call("importKey", "raw", b, algorithm, false, usages))
	b.Call("fill", 0)
	return Key{key}, err
}

// Seal encrypts data with AES-GCM and returns it with its tag, as a Uint8Array.
func (k Key) Seal(nonce []byte, data js.Value) (js.Value, error) {
	return array(subtle().Call("encrypt", gcm(nonce), k.key, data))
}

// Open decrypts what [Key.Seal] made. It fails when the tag is wrong.
func (k Key) Open(nonce []byte, sealed js.Value) (js.Value, error) {
	return array(subtle().Call("decrypt", gcm(nonce), k.key, sealed))
}

// Sign returns the HMAC-SHA256 of data.
func (k Key) Sign(data js.Value) ([]byte, error) {
	mac, err := array(subtle().Call("sign", "HMAC", k.key, data))
	if err != nil {
		return nil, err
	}
	out := make([]byte, mac.Length())
	js.CopyBytesToGo(out, mac)
	return out, nil
}

// PBKDF2 stretches a password with PBKDF2-HMAC-SHA256 (RFC 8018) to n bytes. The
// browser's copy of the password is an unexportable key that nothing refers to when
// this returns; ours is overwritten.
func PBKDF2(password, salt []byte, iterations, n int) ([]byte, error) {
	b := Bytes(password)
	key, err := Await(subtle().Call("importKey", "raw", b, "PBKDF2", false, []any{"deriveBits"}))
	b.Call("fill", 0)
	if err != nil {
		return nil, err
	}
	bits, err := array(subtle().Call("deriveBits", map[string]any{
		"name": "PBKDF2", "hash": "SHA-256", "salt": Bytes(salt), "iterations": iterations,
	}, key, 8*n))
	if err != nil {
		return nil, err
	}
	out := make([]byte, n)
	js.CopyBytesToGo(out, bits)
	bits.Call("fill", 0)
	return out, nil
}

func gcm(nonce []byte) map[string]any { return map[string]any{"name": "AES-GCM", "iv": Bytes(nonce)} }

// Bytes copies parts, one after the other, into a Uint8Array.
func Bytes(parts ...[]byte) js.Value {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	out := js.Global().Get("Uint8Array").New(n)
	at := 0
	for _, part := range parts {
		js.CopyBytesToJS(out.Call("subarray", at), part)
		at += len(part)
	}
	return out
}

// array makes a Uint8Array of the buffer that a promise gives.
func array(promise js.Value) (js.Value, error) {
	buffer, err := Await(promise)
	if err != nil {
		return js.Value{}, err
	}
	return js.Global().Get("Uint8Array").New(buffer), nil
}

// Await waits for a promise. Its failure tells the name of what was thrown only: its
// message might hold what should not be logged.
func Await(promise js.Value) (js.Value, error) {
	type result struct {
		value js.Value
		err   error
	}
	done := make(chan result, 1)
	ok := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- result{value: args[0]}
		return nil
	})
	defer ok.Release()
	failed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- result{err: errors.New("the browser refused: " + args[0].Get("name").String())}
		return nil
	})
	defer failed.Release()
	promise.Call("then", ok, failed)
	r := <-done
	return r.value, r.err
}
