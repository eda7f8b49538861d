package bridge

import (
	"fmt"
	"reflect"
	"syscall/js"
	"time"
)

// toJS makes a JavaScript value of a Go value whose type can cross.
func toJS(v reflect.Value) js.Value {
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return js.ValueOf(0)
		}
		return js.ValueOf(x.UnixMilli())
	case None:
		return js.Null()
	case []byte:
		out := js.Global().Get("Uint8Array").New(len(x))
		js.CopyBytesToJS(out, x)
		return out
	case Blob:
		return x.value
	}
	switch v.Kind() {
	case reflect.Bool:
		return js.ValueOf(v.Bool())
	case reflect.String:
		return js.ValueOf(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return js.ValueOf(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return js.ValueOf(v.Uint())
	case reflect.Float64:
		return js.ValueOf(v.Float())
	case reflect.Pointer:
		if v.IsNil() {
			return js.Null()
		}
		return toJS(v.Elem())
	case reflect.Slice:
		out := js.Global().Get("Array").New(v.Len())
		for i := range v.Len() {
			out.SetIndex(i, toJS(v.Index(i)))
		}
		return out
	case reflect.Struct:
		out := js.Global().Get("Object").New()
		for f := range fields(v.Type()) {
			out.Set(jsName(f.Name), toJS(v.FieldByIndex(f.Index)))
		}
		return out
	default:
		panic("bridge: " + v.Type().String() + " cannot cross")
	}
}

// fromJS reads what the page sent into v. The page is not trusted to send the
// right types: a wrong one is an error.
func fromJS(in js.Value, v reflect.Value) error {
	switch v.Addr().Interface().(type) {
	case *time.Time:
		if in.Type() != js.TypeNumber {
			return wrongType(in, v)
		}
		v.Set(reflect.ValueOf(time.UnixMilli(int64(in.Float()))))
		return nil
	case *None:
		return nil
	case *File:
		if !in.InstanceOf(js.Global().Get("File")) {
			return wrongType(in, v)
		}
		v.Set(reflect.ValueOf(newFile(in)))
		return nil
	}
	switch kind := v.Kind(); {
	case kind == reflect.Bool && in.Type() == js.TypeBoolean:
		v.SetBool(in.Bool())
	case kind == reflect.String && in.Type() == js.TypeString:
		v.SetString(in.String())
	case v.CanInt() && in.Type() == js.TypeNumber:
		v.SetInt(int64(in.Float()))
	case v.CanUint() && in.Type() == js.TypeNumber && in.Float() >= 0:
		v.SetUint(uint64(in.Float()))
	case v.CanFloat() && in.Type() == js.TypeNumber:
		v.SetFloat(in.Float())
	case kind == reflect.Pointer:
		return fromPointer(in, v)
	case kind == reflect.Slice:
		return fromArray(in, v)
	case kind == reflect.Struct && in.Type() == js.TypeObject:
		return fromObject(in, v)
	default:
		return wrongType(in, v)
	}
	return nil
}

func fromPointer(in js.Value, v reflect.Value) error {
	if in.IsNull() || in.IsUndefined() {
		v.SetZero()
		return nil
	}
	v.Set(reflect.New(v.Type().Elem()))
	return fromJS(in, v.Elem())
}

func fromArray(in js.Value, v reflect.Value) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if !in.InstanceOf(js.Global().Get("Uint8Array")) {
			return wrongType(in, v)
		}
		b := make([]byte, in.Length())
		js.CopyBytesToGo(b, in)
		v.SetBytes(b)
		return nil
	}
	if !js.Global().Get("Array").Call("isArray", in).Bool() {
		return wrongType(in, v)
	}
	v.Set(reflect.MakeSlice(v.Type(), in.Length(), in.Length()))
	for i := range in.Length() {
		if err := fromJS(in.Index(i), v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func fromObject(in js.Value, v reflect.Value) error {
	for f := range fields(v.Type()) {
		if err := fromJS(in.Get(jsName(f.Name)), v.FieldByIndex(f.Index)); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func wrongType(in js.Value, v reflect.Value) error {
	return fmt.Errorf("a %s where a %s is needed", in.Type(), v.Type())
}
