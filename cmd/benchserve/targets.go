package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"

	"ortho/runner"
	"ortho/runner/onnx"
)

// shape is that of the tensors.
var shape = []int64{1, 3, 224, 224}

// open makes a target of its words.
func open(ctx context.Context, words, graph, photo string) (target, error) {
	parts := strings.Split(words, ",")
	t := target{name: parts[0], stop: func() {}}
	if words == "bare" {
		return t, t.bare(ctx, graph)
	}
	if len(parts) < 4 {
		return t, errors.New("a target is NAME,PID,grpc,ADDRESS,MODEL or NAME,PID,http,URL")
	}
	var err error
	if t.pid, err = strconv.Atoi(parts[1]); err != nil {
		return t, err
	}
	switch {
	case parts[2] == "grpc" && len(parts) == 5:
		return t, t.tensors(parts[3], parts[4])
	case parts[2] == "http":
		return t, t.files(parts[3], photo)
	}
	return t, fmt.Errorf("%q is no protocol", parts[2])
}

// values are those of the tensors, in memory as they are sent.
func values() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, shape[1]*shape[2]*shape[3]*4)
	for i := 0; i < len(b); i += 4 { // of numbers around 1
		b[i], b[i+1], b[i+2], b[i+3] = byte(random.Uint32()), byte(random.Uint32()), 0x80|byte(random.Uint32()), 0x3f
	}
	return b
}

// bare runs the graph's session in this process, a tensor for each request in flight.
func (t *target) bare(ctx context.Context, graph string) error {
	file, err := onnx.ReadFile(graph)
	if err != nil {
		return err
	}
	session, err := runner.Open(ctx, runner.Model{Path: graph, Graph: file}, runner.Options{})
	if err != nil {
		return err
	}
	t.stop = func() { session.Close() }
	// As many runs at once as bench run finds best on a CPU: one a core.
	_, lanes := runner.DefaultBatch(session.Provider)
	idle := make(chan *runner.Tensor, lanes)
	for range lanes {
		in, err := runner.NewTensor(onnx.Float, shape)
		if err != nil {
			return err
		}
		copy(in.Bytes(), values())
		idle <- in
	}
	t.ask = func(ctx context.Context, _ int) error {
		in := <-idle
		defer func() { idle <- in }()
		out := make([]*runner.Tensor, len(session.Outputs))
		if err := session.Run(ctx, []*runner.Tensor{in}, out); err != nil {
			return err
		}
		for _, o := range out {
			o.Close()
		}
		return nil
	}
	return nil
}

// raw is a codec of messages that are bytes already: the client costs next to nothing.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Name() string                  { return "proto" }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

// tensors asks by the Open Inference Protocol over gRPC.
func (t *target) tensors(address, model string) error {
	client, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return err
	}
	t.stop = func() { client.Close() }
	text := func(b []byte, field protowire.Number, value []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), value)
	}
	var dims []byte
	for _, d := range shape {
		dims = protowire.AppendVarint(dims, uint64(d))
	}
	input := text(text(text(nil, 1, []byte("input0")), 2, []byte("FP32")), 3, dims)
	message := text(text(text(nil, 1, []byte(model)), 5, input), 7, values())
	t.ask = func(ctx context.Context, _ int) error {
		var answer []byte
		if err := client.Invoke(ctx, "/inference.GRPCInferenceService/ModelInfer", &message, &answer); err != nil {
			return err
		}
		if len(answer) < 4000 {
			return fmt.Errorf("an answer of %d bytes", len(answer))
		}
		return nil
	}
	return nil
}

// files sends a file, as a form has it.
func (t *target) files(url, photo string) error {
	data, err := os.ReadFile(photo)
	if err != nil {
		return err
	}
	var form bytes.Buffer
	to := multipart.NewWriter(&form)
	part, err := to.CreateFormFile("content", filepath.Base(photo))
	if err != nil {
		return err
	}
	part.Write(data)
	to.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	t.stop = client.CloseIdleConnections
	t.ask = func(ctx context.Context, _ int) error {
		r, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(form.Bytes()))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", to.FormDataContentType())
		response, err := client.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%d: %.200s", response.StatusCode, answer)
		}
		return err
	}
	return nil
}
