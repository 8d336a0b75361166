package onnx

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ExternalFile is a file with weights beside the graph.
type ExternalFile struct {
	Name  string // as the graph has it, relative to the graph's folder
	Bytes int64  // that it must have at least: where the last of its tensors ends
}

// external is where a tensor's data lies outside of the file.
type external struct {
	name           string
	offset, length int64 // length: 0 where it is not stated
}

// external reads one entry of a TensorProto's external_data.
func (m *reader) external(v field, e *external) error {
	key, value, err := m.pair(v)
	if err != nil {
		return err
	}
	n, bad := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	switch {
	case key == "location":
		e.name = value
	case bad != nil || n < 0: // ONNX Runtime refuses it with its own words
	case key == "offset":
		e.offset = n
	case key == "length":
		e.length = n
	}
	return nil
}

// outside notes the file, and how far the tensor reaches in it.
func (m *reader) outside(e external, t *Tensor) {
	length := e.length
	if length == 0 {
		length = t.bytes()
	}
	end := e.offset + length
	if end < 0 { // no file reaches so far
		end = math.MaxInt64
	}
	m.files[e.name] = max(m.files[e.name], end)
}

// bytes are those that a tensor's elements take in a file; 0 where that is not known.
func (t *Tensor) bytes() int64 {
	n := t.Elements()
	if bits := int64(t.Type.Bits()); n > 0 && n < math.MaxInt64/128 {
		return (n*bits + 7) / 8
	}
	return 0
}

// externals are the files in the order of their names.
func externals(files map[string]int64) []ExternalFile {
	var all []ExternalFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, ExternalFile{name, files[name]})
	}
	return all
}
