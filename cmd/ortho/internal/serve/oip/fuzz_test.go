package oip

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/cmd/ortho/internal/serve/oip/inference"
)

func FuzzInfer(f *testing.F) {
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":10}}]}`+"\x01\x00\x00\x00a\x01\x00\x00\x00b"), "88")
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[2],"datatype":"INT64","data":[[1],[2]]}],"outputs":[{"name":"y","parameters":{"classification":2}}]}`), "")
	for _, s := range samples {
		f.Add([]byte(`{"inputs":[`+s.tensor(false)+`]}`), "")
	}
	f.Fuzz(func(t *testing.T, body []byte, length string) {
		asked, err := readInfer(body, length)
		if err != nil {
			if fault.Of(err).Status >= 500 {
				t.Errorf("%v", err)
			}
			return
		}
		for i := range asked.Inputs {
			in := &asked.Inputs[i]
			n, err := count(in.Name, in.Shape)
			if err != nil {
				t.Fatal(err)
			}
			back := tensor{Array: in.Array}
			back.Data = nil
			if err := fromRaw(&back, in.raw()); err != nil || nameOf(in.Type) != "BYTES" && len(in.Data) != n*in.Type.Size() {
				t.Errorf("%+v: %v", in, err)
			}
		}
	})
}

// FuzzCodec: messages are read as protobuf reads them, or refused as there.
func FuzzCodec(f *testing.F) {
	whole, err := proto.Marshal(&inference.ModelInferRequest{ModelName: "m", Id: "7", RawInputContents: [][]byte{{1, 2}, {}, {3}},
		Inputs:     []*inference.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "INT8", Shape: []int64{1, 2}, Contents: &inference.InferTensorContents{IntContents: []int32{1}}}},
		Parameters: map[string]*inference.InferParameter{"p": {ParameterChoice: &inference.InferParameter_BoolParam{BoolParam: true}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{0x38, 1})                         // the field as a number
	f.Add([]byte{0x3b, 0x3a, 1, 'a', 0x3c})        // as a group
	f.Add([]byte{0xba, 0x80, 0x00, 1, 'a'})        // with more bytes than its number needs
	f.Add([]byte{0x3a, 0xff, 0xff, 0xff, 0xff, 7}) // longer than the message
	f.Fuzz(func(t *testing.T, data []byte) {
		var want, got inference.ModelInferRequest
		failed := proto.Unmarshal(data, &want)
		err := unmarshal(data, &got)
		if (err != nil) != (failed != nil) {
			t.Fatalf("%v, want %v", err, failed)
		}
		if err == nil && !slices.EqualFunc(got.RawInputContents, want.RawInputContents, bytes.Equal) {
			t.Fatalf("%q, want %q", got.RawInputContents, want.RawInputContents)
		}
		got.RawInputContents, want.RawInputContents = nil, nil
		if err == nil && !proto.Equal(&got, &want) {
			t.Fatalf("%v, want %v", &got, &want)
		}
	})
}
