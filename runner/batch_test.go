package runner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
	"ortho/runner/onnx"
)

// open opens one of models/testdata's graphs: it names the brightest channel of
// a 32x32 image.
func open(t testing.TB, name string, opt Options) *Session {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	path := "../models/testdata/" + name + "/model.onnx"
	graph, err := onnx.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Model{Path: path, Graph: graph}, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// paint fills an image so that channel n%3 is the brightest.
func paint(n int, row []byte) {
	for i := 0; i < len(row)/4; i++ {
		v := float32(0.1)
		if i/(32*32) == n%3 {
			v = 0.9
		}
		binary.NativeEndian.PutUint32(row[4*i:], math.Float32bits(v))
	}
}

func brightest(out Row) int {
	best, at := math.Inf(-1), -1
	for i := range 3 {
		if v := float64(math.Float32frombits(binary.NativeEndian.Uint32(out.Data[4*i:]))); v > best {
			best, at = v, i
		}
	}
	return at
}

func TestStream(t *testing.T) {
	for _, c := range []struct {
		model              string
		batch, concurrency int
		pad                bool
	}{
		{"float32_nchw", 1, 1, false}, {"float32_nchw", 1, 4, false}, {"float32_nchw", 4, 2, false}, {"float32_nchw", 7, 3, false},
		{"batch4", 4, 2, true}, {"no_shape", 3, 2, false}, {"pooled", 2, 2, false},
	} {
		t.Run(fmt.Sprintf("%s batch %d x %d", c.model, c.batch, c.concurrency), func(t *testing.T) {
			p := opened{open(t, c.model, Options{}), PoolOptions{Batch: c.batch, Pad: c.pad, Concurrency: c.concurrency}}
			next := 0
			for r := range painted(t.Context(), p, count(101), func(_ context.Context, n int) error {
				if n%7 == 5 {
					return fmt.Errorf("load %d", n)
				}
				return nil
			}) {
				if r.Item != next {
					t.Fatalf("item %d came where %d was due", r.Item, next)
				}
				if failed := next%7 == 5; failed != (r.Err != nil) || !failed && r.Value != next%3 {
					t.Errorf("item %d: %d, %v", next, r.Value, r.Err)
				}
				next++
			}
			if next != 101 {
				t.Errorf("%d results of 101", next)
			}
		})
	}
}

func TestFixedDimensions(t *testing.T) {
	run := func(s *Session, batch int64) error {
		in, err := NewTensor(onnx.Float, []int64{batch, 3, 32, 32})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out := make([]*Tensor, 1)
		err = s.Run(t.Context(), []*Tensor{in}, out)
		if out[0] != nil {
			out[0].Close()
		}
		return err
	}
	name := open(t, "float32_nchw", Options{}).Inputs[0].Dims[0].Name
	sizes := func(n int64) Options {
		return Options{Dims: func(provider string) map[string]int64 {
			if provider != CPU {
				t.Errorf("asked for provider %s", provider)
			}
			return map[string]int64{name: n}
		}}
	}
	fixed := open(t, "float32_nchw", sizes(2))
	if err := run(fixed, 2); err != nil || !fixed.Fixed {
		t.Errorf("fixed %v: %v", fixed.Fixed, err)
	}
	if run(fixed, 1) == nil {
		t.Error("a run of another size than was fixed: no error")
	}
	// What no session can be made of is left open.
	open := open(t, "batch2_unsaid", sizes(1))
	if err := run(open, 2); err != nil || open.Fixed {
		t.Errorf("fixed %v: %v", open.Fixed, err)
	}
}

func TestExactInt8(t *testing.T) {
	open(t, "float32_nchw", Options{}) // loads ONNX Runtime
	for _, saturates := range []bool{false, true} {
		options, err := ort.NewSessionOptions()
		if err != nil {
			t.Fatal(err)
		}
		defer options.Destroy()
		if err := exactInt8(options, saturates); err != nil {
			t.Fatal(err)
		}
		if got, err := options.HasSessionConfigEntry("session.x64quantprecision"); got != saturates || err != nil {
			t.Errorf("saturates %t: session.x64quantprecision set: %t, %v", saturates, got, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	model := Model{Path: "../models/testdata/float32_nchw/model.onnx", Graph: &onnx.Graph{Inputs: s.Inputs, Outputs: s.Outputs}}
	for name, opt := range map[string]Options{
		"unknown provider": {Providers: []Provider{{Name: "gpu"}}},
		"unknown output":   {Outputs: []string{"nope"}},
		"cpu option":       {Providers: []Provider{{Name: CPU, Options: map[string]string{"a": "b"}}}},
	} {
		if s, err := Open(t.Context(), model, opt); err == nil {
			s.Close()
			t.Errorf("%s: no error", name)
		}
	}
	if s.Library.Flavor == "cpu" {
		if _, err := Open(t.Context(), model, Options{Providers: []Provider{{Name: "cuda"}}}); err == nil {
			t.Error("cuda on the cpu flavor: no error")
		}
		both, err := Open(t.Context(), model, Options{Providers: []Provider{{Name: "cuda"}, {Name: CPU}}})
		if err != nil || both.Provider != CPU || len(both.Skipped) != 1 {
			t.Errorf("cuda,cpu on the cpu flavor: %+v, %v", both, err)
		}
		if err == nil {
			both.Close()
		}
	}
}

func TestRunCancelled(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	in, err := NewTensor(onnx.Float, []int64{1, 3, 32, 32})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx, []*Tensor{in}, make([]*Tensor, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestNewTensorRefuses(t *testing.T) {
	for _, c := range []struct {
		t     onnx.ElementType
		shape []int64
	}{{onnx.String, nil}, {onnx.Float, []int64{-1, 2}}, {onnx.Float, []int64{0, -1}}, {onnx.String, []int64{1}}, {onnx.Float, []int64{1 << 40, 1 << 40}}} {
		if tensor, err := NewTensor(c.t, c.shape); err == nil {
			tensor.Close()
			t.Errorf("%s%v: no error", c.t, c.shape)
		}
	}
}

// TestBatchThatCannotBeMade: what was made of it before the fault is closed.
func TestBatchThatCannotBeMade(t *testing.T) {
	open(t, "float32_nchw", Options{}) // loads ONNX Runtime
	value := func(name string, e onnx.ElementType) onnx.Value {
		return onnx.Value{Name: name, Kind: "tensor", Type: e, Ranked: true, Dims: []onnx.Dim{{Size: -1}, {Size: 3}}}
	}
	b := batch{row: []int64{3}, size: 2, session: &Session{
		Inputs:  []onnx.Value{value("in", onnx.Float)},
		Outputs: []onnx.Value{value("first", onnx.Float), value("second", onnx.String)},
	}}
	for range 2 {
		if err := b.open(); err == nil || b.in != nil {
			t.Fatalf("input %v, error %v", b.in, err)
		}
		if b.out[0] == nil || b.out[0].native != nil {
			t.Error("the first output is open")
		}
	}
}

// BenchmarkStream is what a stream costs around a small graph: 8192 items are loaded by
// nothing but a copy.
func BenchmarkStream(b *testing.B) {
	const items = 8192
	for _, batch := range []int{1, 4, 8} {
		b.Run(fmt.Sprintf("batch %d", batch), func(b *testing.B) {
			p := opened{open(b, "float32_nchw", Options{}), PoolOptions{Batch: batch, Concurrency: runtime.GOMAXPROCS(0)}}
			image := make([]byte, 4*3*32*32)
			paint(1, image)
			work := painting(func(_ context.Context, n int, row []byte) (int, error) {
				copy(row, image)
				return n, nil
			})
			b.ReportAllocs()
			for b.Loop() {
				for r := range p.each(b.Context(), work, count(items)) {
					if r.Err != nil || r.Value != 1 {
						b.Fatal(r.Value, r.Err)
					}
				}
			}
			b.ReportMetric(float64(b.N)*items/b.Elapsed().Seconds(), "items/s")
		})
	}
}
