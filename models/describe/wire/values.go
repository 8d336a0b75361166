package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// object is a JSON object whose fields may have any type.
type object map[string]any

// parse reads the first JSON value of some bytes, which is an object, or a list whose first value is one.
func parse(data []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("it is no JSON object")
	}
	return o, nil
}

// of is a field that is an object; nil: it is not.
func (o object) of(name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

// first is the first object of a field that is a list of them, or the object that it is.
func (o object) first(name string) object {
	if list, ok := o[name].([]any); ok && len(list) > 0 {
		m, _ := list[0].(map[string]any)
		return m
	}
	return o.of(name)
}

// text is the first of some fields that is a text which is not empty, or a number.
func (o object) text(names ...string) string {
	for _, name := range names {
		switch v := o[name].(type) {
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		}
	}
	return ""
}

// count is the first of some fields that is a number, or a text of one.
func (o object) count(names ...string) int {
	for _, name := range names {
		n, err := strconv.ParseFloat(strings.TrimSpace(o.text(name)), 64)
		if err == nil && n >= 0 && n <= math.MaxInt32 {
			return int(n)
		}
	}
	return 0
}
