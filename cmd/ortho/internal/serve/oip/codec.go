package oip

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // which it stands on
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"ortho/cmd/ortho/internal/serve/oip/inference"
)

// Codec reads messages of gRPC as protobuf has them, but for raw tensors: these lie in the message as
// it came, and are not copied out of it.
type Codec struct{ encoding.CodecV2 }

// NewCodec makes one.
func NewCodec() Codec { return Codec{encoding.GetCodecV2("proto")} }

// Unmarshal reads a message.
func (c Codec) Unmarshal(data mem.BufferSlice, v any) error {
	if to, ok := v.(*inference.ModelInferRequest); ok {
		return unmarshal(data.Materialize(), to)
	}
	return c.CodecV2.Unmarshal(data, v)
}

// rawContents is the field raw_input_contents.
const rawContents = 7

// unmarshal reads a request to infer, whose raw tensors lie in data then.
func unmarshal(data []byte, to *inference.ModelInferRequest) error {
	var raw [][]byte
	var rest []byte
	for at := 0; at < len(data); {
		field, kind, n := protowire.ConsumeTag(data[at:])
		if n < 0 {
			return protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(field, kind, data[at+n:])
		if size < 0 {
			return protowire.ParseError(size)
		}
		if field == rawContents && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(data[at+n:])
			raw = append(raw, value[:len(value):len(value)])
		} else {
			rest = append(rest, data[at:at+n+size]...)
		}
		at += n + size
	}
	if err := proto.Unmarshal(rest, to); err != nil {
		return err
	}
	to.RawInputContents = raw
	return nil
}
