package onnx

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// nested is a message in fields, the outermost first.
func nested(inner []byte, fields ...protowire.Number) []byte {
	for i := len(fields) - 1; i >= 0; i-- {
		inner = protowire.AppendBytes(protowire.AppendTag(nil, fields[i], protowire.BytesType), inner)
	}
	return inner
}

func pair(key, value string) []byte {
	return append(nested([]byte(key), 1), nested([]byte(value), 2)...)
}

// TestMoveWeights: the names of files are found wherever a model may have weights, and nothing
// else changes.
func TestMoveWeights(t *testing.T) {
	tensor := append(nested([]byte("w"), 8), nested(pair("location", "a.bin"), 13)...)
	tensor = append(tensor, nested(pair("offset", "location"), 13)...)
	model := append(protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 8), nested([]byte("location"), 6)...)
	places := [][]protowire.Number{
		{7, 5},                 // initializer
		{7, 15, 1},             // sparse
		{7, 1, 5, 5},           // constant
		{7, 1, 5, 10},          // constants
		{7, 1, 5, 22, 1},       // sparse constant
		{7, 1, 5, 6, 5},        // of a branch
		{7, 1, 5, 11, 1, 5, 5}, // constant in one of several graphs
		{25, 7, 5, 5},          // in a function
	}
	for _, place := range places {
		model = append(model, nested(tensor, place...)...)
	}
	model = append(model, nested(pair("location", "a.bin"), 14)...) // metadata
	moved, err := MoveWeights(model, func(name string) string { return "much/further/" + name })
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(moved, []byte("much/further/a.bin")); n != len(places) {
		t.Errorf("%d names were moved, want %d", n, len(places))
	}
	back, err := MoveWeights(moved, func(name string) string { return strings.TrimPrefix(name, "much/further/") })
	if err != nil || !bytes.Equal(back, model) {
		t.Errorf("moved back it is another file: %v", err)
	}
	if _, err := MoveWeights(model[:len(model)-3], strings.Clone); err == nil {
		t.Error("a file that is cut short: no error")
	}
	deep := tensor
	for range 100 {
		deep = nested(deep, 1, 5, 6)
	}
	if _, err := MoveWeights(nested(deep, 7), strings.Clone); err == nil || !strings.Contains(err.Error(), "too deeply") {
		t.Errorf("300 messages in each other: %v", err)
	}
}

func FuzzMoveWeights(f *testing.F) {
	data, err := os.ReadFile("../../models/testdata/external/model.onnx")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		moved, err := MoveWeights(data, func(name string) string { return name + "x" })
		if err != nil {
			return
		}
		if _, err := MoveWeights(moved, strings.Clone); err != nil {
			t.Errorf("what was moved can't be read: %v", err)
		}
	})
}
