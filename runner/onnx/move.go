package onnx

import (
	"bytes"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// message says which fields of a message hold others that weights may be in.
type message map[protowire.Number]message

// Messages of onnx.proto, as far as weights go. An attribute may hold a graph again.
var (
	pairMessage   = message{}
	tensorMessage = message{13: pairMessage}                     // external_data
	sparseMessage = message{1: tensorMessage, 2: tensorMessage}  // values, indices
	graphMessage  = message{5: tensorMessage, 15: sparseMessage} // initializer, sparse_initializer; nodes below
	attribute     = message{5: tensorMessage, 10: tensorMessage, 6: graphMessage, 11: graphMessage, 22: sparseMessage, 23: sparseMessage}
	nodeMessage   = message{5: attribute}
	modelMessage  = message{7: graphMessage, 25: message{7: nodeMessage}} // graph, functions
)

func init() { graphMessage[1] = nodeMessage }

// MoveWeights returns an ONNX file in which the files that hold its weights have the names that
// to gives them: of initializers, of constants, and of those in subgraphs and functions.
func MoveWeights(file []byte, to func(name string) string) ([]byte, error) {
	const deepest = 100 // as deep as protobuf's own readers go
	moved, err := moveWeights(file, modelMessage, to, deepest)
	if err != nil {
		return nil, fmt.Errorf("read ONNX file: %w", err)
	}
	return moved, nil
}

func moveWeights(data []byte, m message, to func(string) string, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, errors.New("its messages are nested too deeply")
	}
	out := make([]byte, 0, len(data))
	location := bytes.HasPrefix(data, locationKey)
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		whole := data[:n]
		data = data[n:]
		inner, holds := m[number]
		name := location && number == 2 && len(m) == 0
		if typ != protowire.BytesType || !holds && !name {
			out = append(out, whole...)
			continue
		}
		_, _, tag := protowire.ConsumeTag(whole)
		value, _ := protowire.ConsumeBytes(whole[tag:])
		if name {
			value = []byte(to(string(value)))
		} else {
			var err error
			if value, err = moveWeights(value, inner, to, depth-1); err != nil {
				return nil, err
			}
		}
		out = protowire.AppendBytes(protowire.AppendTag(out, number, typ), value)
	}
	return out, nil
}

// locationKey begins the pair whose value is the name of a file.
var locationKey = protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "location")
