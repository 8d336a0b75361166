package onnx

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// MoveWeights returns an ONNX file in which the files that hold its weights have the names that
// to gives them: of initializers, of constants, and of those in subgraphs and functions.
func MoveWeights(file []byte, to func(name string) string) ([]byte, error) {
	moved, err := rewrite(file, func(tensor []byte) ([]byte, error) { return moveTensor(tensor, to) })
	if err != nil {
		return nil, fmt.Errorf("read ONNX file: %w", err)
	}
	return moved, nil
}

// moveTensor copies a TensorProto, with the file that its external_data names renamed.
func moveTensor(data []byte, to func(string) string) ([]byte, error) {
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return nil, malformed(n)
		}
		field := data[:n]
		data = data[n:]
		if number != 13 || typ != protowire.BytesType {
			out = append(out, field...)
			continue
		}
		_, _, tag := protowire.ConsumeTag(field)
		pair, _ := protowire.ConsumeBytes(field[tag:])
		pair, err := movePair(pair, to)
		if err != nil {
			return nil, err
		}
		out = protowire.AppendBytes(protowire.AppendTag(out, number, typ), pair)
	}
	return out, nil
}

// locationKey begins the pair whose value is the name of a file.
var locationKey = protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "location")

// movePair copies a StringStringEntryProto.
func movePair(data []byte, to func(string) string) ([]byte, error) {
	if !bytes.HasPrefix(data, locationKey) {
		return data, nil
	}
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return nil, malformed(n)
		}
		if number == 2 && typ == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(data)
			name, _ := protowire.ConsumeBytes(data[tag:])
			out = protowire.AppendString(protowire.AppendTag(out, number, typ), to(string(name)))
		} else {
			out = append(out, data[:n]...)
		}
		data = data[n:]
	}
	return out, nil
}
