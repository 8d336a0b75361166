package onnx

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

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

// rewrite copies an ONNX file, with the TensorProtos in it as tensor makes them: initializers,
// constants, and those of branches and functions.
func rewrite(file []byte, tensor func([]byte) ([]byte, error)) ([]byte, error) {
	const deepest = 100 // as deep as protobuf's own readers go
	return rewriteMessage(file, inModel, tensor, deepest)
}

func rewriteMessage(data []byte, kind message, tensor func([]byte) ([]byte, error), depth int) ([]byte, error) {
	if depth == 0 {
		return nil, errors.New("its messages are nested too deeply")
	}
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return nil, malformed(n)
		}
		field := data[:n]
		data = data[n:]
		inner := kind[number]
		if inner == nil || typ != protowire.BytesType {
			out = append(out, field...)
			continue
		}
		_, _, tag := protowire.ConsumeTag(field)
		body, _ := protowire.ConsumeBytes(field[tag:])
		var err error
		if inner == &aTensor {
			body, err = tensor(body)
		} else {
			body, err = rewriteMessage(body, *inner, tensor, depth-1)
		}
		if err != nil {
			return nil, err
		}
		out = protowire.AppendBytes(protowire.AppendTag(out, number, typ), body)
	}
	return out, nil
}
