package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// Embed returns an ONNX file that holds the weights, too, which lie in files beside it: what
// can be loaded where there is no folder. data is the file, of which g is the header, and folder
// where its weights lie. It fails where one of them can't be used, or where all of it is more
// than [MaxBytes].
func (g *Graph) Embed(data []byte, folder fs.FS) ([]byte, error) {
	e := embedder{files: map[string][]byte{}, left: MaxBytes - int64(len(data))}
	for _, w := range g.WeightsIn(folder) {
		if w.Problem != nil {
			return nil, fmt.Errorf("its weights are in %s, which %w", w.Name, w.Problem)
		}
		if w.Size > e.left {
			return nil, errTooMuch
		}
		content, err := fs.ReadFile(folder, path.Clean(filepath.ToSlash(w.Name)))
		if err != nil {
			return nil, fmt.Errorf("its weights are in %s: %w", w.Name, err)
		}
		e.files[w.Name] = content
	}
	return e.message(data, inModel)
}

var errTooMuch = fmt.Errorf("with its weights it has more than %d bytes, and where they are not read from a folder it can have no more: "+
	"copy it and its weights to a folder, and open that", int64(MaxBytes))

// message is a kind of protobuf message: which of its fields hold others that tensors may be in.
type message map[protowire.Number]*message

// The messages of onnx.proto on the way to tensors.
var (
	inModel, inGraph, inNode, inAttribute, inFunction, inSparse message

	aTensor = message{}
)

func init() { // they hold one another
	inModel = message{7: &inGraph, 25: &inFunction}
	inGraph = message{1: &inNode, 5: &aTensor, 15: &inSparse}
	inNode = message{5: &inAttribute}
	inAttribute = message{5: &aTensor, 6: &inGraph, 10: &aTensor, 11: &inGraph, 22: &inSparse, 23: &inSparse}
	inFunction = message{7: &inNode, 11: &inAttribute}
	inSparse = message{1: &aTensor, 2: &aTensor}
}

// embedder copies messages.
type embedder struct {
	files map[string][]byte
	left  int64 // bytes that may be added
}

// message copies a message, with the data of the tensors in it.
func (e *embedder) message(data []byte, kind message) ([]byte, error) {
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return nil, malformed(n)
		}
		inner := kind[number]
		if inner == nil || typ != protowire.BytesType {
			out, data = append(out, data[:n]...), data[n:]
			continue
		}
		_, _, tag := protowire.ConsumeTag(data)
		body, _ := protowire.ConsumeBytes(data[tag:])
		data = data[n:]
		var err error
		if inner == &aTensor {
			body, err = e.tensor(body)
		} else {
			body, err = e.message(body, *inner)
		}
		if err != nil {
			return nil, err
		}
		out = protowire.AppendBytes(protowire.AppendTag(out, number, typ), body)
	}
	return out, nil
}

// tensor copies a TensorProto; what it has in another file becomes its raw_data.
func (e *embedder) tensor(data []byte) ([]byte, error) {
	m := &reader{scanner: &scanner{r: bytes.NewReader(data), size: int64(len(data))}, graph: &Graph{}, files: map[string]int64{}}
	_, t, err := m.tensor(field{end: int64(len(data))})
	if err != nil || t.outside == nil {
		return data, err
	}
	at, end := t.outside.offset, m.files[t.outside.name]
	content := e.files[t.outside.name]
	if at < 0 || end < at || end > int64(len(content)) {
		return nil, errors.New("a tensor's data lies beyond the end of the file that it is in")
	}
	if e.left -= end - at; e.left < 0 {
		return nil, errTooMuch
	}
	var out []byte
	for len(data) > 0 {
		number, _, n := protowire.ConsumeField(data)
		if n < 0 {
			return nil, malformed(n)
		}
		if number != 9 && number != 13 && number != 14 { // raw_data, external_data, data_location
			out = append(out, data[:n]...)
		}
		data = data[n:]
	}
	return protowire.AppendBytes(protowire.AppendTag(out, 9, protowire.BytesType), content[at:end]), nil
}
