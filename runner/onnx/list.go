package onnx

import "strings"

// List writes values one after the other, as messages have them.
func List(values []Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = v.String()
	}
	return strings.Join(texts, ", ")
}
