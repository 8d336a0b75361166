// Package exact writes and reads JSON in which texts keep all their bytes: names of files may hold any, JSON's
// strings are UTF-8, and encoding/json puts U+FFFD for the rest, which names another file.
//
// A text that is UTF-8 is JSON's string. Any other begins with NUL, which no name of a file holds, and goes on
// as Go quotes it: "\u0000m\\xff.onnx".
package exact

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

const mark = "\x00"

// Marshal is [json.Marshal] of what [Value] makes of v.
func Marshal(v any) ([]byte, error) { return json.Marshal(Value(v)) }

// Value is a copy of v as any encoder of JSON may write it: in its strings, those of slices, maps, structs and
// pointers among them, no byte gets lost. [Unmarshal] reads it.
func Value(v any) any {
	if v == nil {
		return nil
	}
	copied, _ := with(reflect.ValueOf(v), func(s string) (string, error) { // which can't fail
		if utf8.ValidString(s) && !strings.HasPrefix(s, mark) {
			return s, nil
		}
		quoted := strconv.Quote(s)
		return mark + quoted[1:len(quoted)-1], nil
	})
	return copied.Interface()
}

// Unmarshal is [json.Unmarshal] of what Marshal has written, or any other JSON.
func Unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	if !strings.Contains(string(data), `\u0000`) {
		return nil
	}
	to := reflect.ValueOf(v).Elem()
	read, err := with(to, func(s string) (string, error) {
		quoted, is := strings.CutPrefix(s, mark)
		if !is {
			return s, nil
		}
		text, err := strconv.Unquote(`"` + quoted + `"`)
		if err != nil {
			return "", fmt.Errorf("read JSON: the text %q: %w", s, err)
		}
		return text, nil
	})
	if err == nil {
		to.Set(read)
	}
	return err
}

// with is a copy of v whose strings are what text makes of them.
func with(v reflect.Value, text func(string) (string, error)) (reflect.Value, error) {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	set := func(to, from reflect.Value) error {
		made, err := with(from, text)
		if err == nil {
			to.Set(made)
		}
		return err
	}
	switch v.Kind() {
	case reflect.String:
		s, err := text(v.String())
		out.SetString(s)
		return out, err
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			break
		}
		to := reflect.New(v.Elem().Type())
		if err := set(to.Elem(), v.Elem()); err != nil {
			return out, err
		}
		if v.Kind() == reflect.Interface {
			to = to.Elem()
		}
		out.Set(to)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				if err := set(out.Field(i), v.Field(i)); err != nil {
					return out, err
				}
			}
		}
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			break // bytes are base64, or JSON already
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			if err := set(out.Index(i), v.Index(i)); err != nil {
				return out, err
			}
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for key, value := range v.Seq2() {
			k, err := with(key, text)
			if err != nil {
				return out, err
			}
			if value, err = with(value, text); err != nil {
				return out, err
			}
			out.SetMapIndex(k, value)
		}
	}
	return out, nil
}
