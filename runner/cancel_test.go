package runner

import (
	"context"
	"errors"
	"strings"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
)

// TestOpenIsCancelled: Open returns when its context is done, while the session is still
// being made.
func TestOpenIsCancelled(t *testing.T) {
	path := "../models/testdata/float32_nchw/model.onnx"
	s := open(t, "float32_nchw", Options{})
	model := Model{Path: path, Graph: &onnx.Graph{Inputs: s.Inputs, Outputs: s.Outputs}}
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	stuck := Options{Dims: func(string) map[string]int64 {
		cancel()
		<-release
		return nil
	}}
	if s, err := Open(ctx, model, stuck); !errors.Is(err, context.Canceled) || s != nil {
		t.Errorf("%v, %v, want context.Canceled", s, err)
	}
	close(release)
	if s, err := Open(ctx, model, Options{Dims: func(string) map[string]int64 { t.Error("begun"); return nil }}); !errors.Is(err, context.Canceled) || s != nil {
		t.Errorf("%v, %v, want context.Canceled", s, err)
	}
	// The context of Open is not that of the session.
	ctx, cancel = context.WithCancel(t.Context())
	lasting, err := Open(ctx, model, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer lasting.Close()
	cancel()
	in, err := NewTensor(onnx.Float, []int64{1, 3, 32, 32})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out := make([]*Tensor, 1)
	if err := lasting.Run(t.Context(), []*Tensor{in}, out); err != nil {
		t.Fatal(err)
	}
	out[0].Close()
}

// TestCancelLoad: ONNX Runtime gives a session up where it has been asked to, and the place
// in its table is the right one.
func TestCancelLoad(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	options, err := ort.NewSessionOptions()
	if err != nil {
		t.Fatal(err)
	}
	defer options.Destroy()
	made := func() error {
		session, err := ort.NewDynamicAdvancedSession("../models/testdata/float32_nchw/model.onnx", names(s.Inputs), names(s.Outputs), options)
		if err == nil {
			session.Destroy()
		}
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancellable(ctx, s.Library, options)()
	if err := made(); err != nil {
		t.Fatal(err)
	}
	stop := cancellable(ctx, s.Library, options)
	cancel()
	stop()
	if err := made(); err == nil || !strings.Contains(strings.ToLower(err.Error()), "cancel") {
		t.Errorf("%v, want that it was cancelled", err)
	}
}
