package runner

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/runner/library"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

func float32Array(name string, shape []int64, values ...float32) npz.Array {
	a := npz.Array{Name: name, Type: onnx.Float, Shape: shape}
	for _, v := range values {
		a.Data = binary.LittleEndian.AppendUint32(a.Data, math.Float32bits(v))
	}
	return a
}

// runArrays runs a graph on arrays, and returns its outputs by their names.
func runArrays(t *testing.T, s *Session, arrays ...npz.Array) (map[string]npz.Array, error) {
	t.Helper()
	var in []*Tensor
	for _, a := range arrays {
		tensor, err := TensorOf(a)
		if err != nil {
			return nil, err
		}
		defer tensor.Close()
		in = append(in, tensor)
	}
	out := make([]*Tensor, len(s.Outputs))
	if err := s.Run(t.Context(), in, out); err != nil {
		for i, o := range out {
			if o != nil {
				t.Errorf("output %d is left behind by a run that failed", i)
			}
		}
		return nil, err
	}
	got := map[string]npz.Array{}
	for i, o := range out {
		got[s.Outputs[i].Name] = o.Array(s.Outputs[i].Name)
		o.Close()
	}
	return got, nil
}

func same(a, b npz.Array) bool {
	return a.String() == b.String() && bytes.Equal(a.Data, b.Data)
}

func TestScalars(t *testing.T) {
	s := open(t, "scalars", Options{})
	for range 3 {
		got, err := runArrays(t, s, float32Array("x", []int64{2, 3}, 1, 2, 3, 4, 5, 6), float32Array("scale", nil, 2))
		if err != nil {
			t.Fatal(err)
		}
		if want := float32Array("y", []int64{2, 3}, 2, 4, 6, 8, 10, 12); !same(got["y"], want) {
			t.Errorf("%v, want %v", got["y"], want)
		}
		if want := float32Array("total", nil, 42); !same(got["total"], want) {
			t.Errorf("%v, want %v", got["total"], want)
		}
	}
	// An output that the caller made.
	x, err := TensorOf(float32Array("x", []int64{1, 3}, 1, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	scale, err := NewTensor(onnx.Float, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer scale.Close()
	total, err := NewTensor(onnx.Float, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer total.Close()
	for i := range 3 {
		scale.Float32s()[0] = float32(i) // written between runs
		out := []*Tensor{nil, total}
		if err := s.Run(t.Context(), []*Tensor{x, scale}, out); err != nil {
			t.Fatal(err)
		}
		out[0].Close()
		if got := total.Float32s()[0]; got != float32(3*i) {
			t.Errorf("total %v, want %v", got, 3*i)
		}
	}
}

func TestScalarTypes(t *testing.T) {
	s := open(t, "scalar_types", Options{})
	a := npz.Array{Name: "a", Type: onnx.Int64, Data: binary.LittleEndian.AppendUint64(nil, uint64(math.MaxUint64))}
	b := npz.Array{Name: "b", Type: onnx.Bool, Data: []byte{1}}
	got, err := runArrays(t, s, a, b)
	if err != nil || !bytes.Equal(got["a_out"].Data, a.Data) || !bytes.Equal(got["b_out"].Data, b.Data) || got["b_out"].String() != "b_out bool[]" {
		t.Errorf("%v, %v", got, err)
	}
	for kind := onnx.Float; kind <= onnx.BFloat16; kind++ {
		if kind.Size() == 0 {
			continue
		}
		scalar, err := NewTensor(kind, nil)
		if err != nil || len(scalar.Bytes()) != kind.Size() || len(scalar.Shape) != 0 {
			t.Errorf("%s: %+v, %v", kind, scalar, err)
			continue
		}
		scalar.Close()
	}
}

// TestHalfScalar: graphs have scalars of 16-bit floats (a float16 UNet's timestep).
func TestHalfScalar(t *testing.T) {
	s := open(t, "scalar_float16", Options{})
	for i := range uint16(1000) {
		a := npz.Array{Name: "a", Type: onnx.Float16, Data: binary.LittleEndian.AppendUint16(nil, 0x3c00+i)}
		got, err := runArrays(t, s, a)
		if err != nil || !bytes.Equal(got["b"].Data, a.Data) || got["b"].String() != "b float16[]" {
			t.Fatalf("%d: %v, %v", i, got, err)
		}
	}
	scalar, err := NewTensor(onnx.BFloat16, nil)
	if err != nil || len(scalar.Bytes()) != 2 || scalar.Type != onnx.BFloat16 {
		t.Fatalf("%+v, %v", scalar, err)
	}
	scalar.Close()
}

// TestAllocatedTypes: outputs of each type, whose shape only a run shows.
func TestAllocatedTypes(t *testing.T) {
	s := open(t, "types_unsaid", Options{})
	got, err := runArrays(t, s, float32Array("x", []int64{3, 2}, 0, 1, 2, 3, 4, 5))
	if err != nil {
		t.Fatal(err)
	}
	back := open(t, "types_in", Options{})
	var in []npz.Array
	for _, v := range back.Inputs {
		a := got[v.Name]
		if a.Type != v.Type || len(a.Shape) != 2 || a.Shape[0] != 3 || len(a.Data) != 6*v.Type.Size() {
			t.Fatalf("%v for %v", a, v)
		}
		in = append(in, a)
	}
	got, err = runArrays(t, back, in...)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range got {
		for i := range 6 {
			want := float64(i)
			if name == "bool_out" {
				want = min(1, want)
			}
			if v := math.Float64frombits(binary.LittleEndian.Uint64(a.Data[8*i:])); v != want {
				t.Errorf("%s[%d] is %v, want %v", name, i, v, want)
			}
		}
	}
}

func TestFloat16Outputs(t *testing.T) {
	x := float32Array("x", []int64{2, 2}, 0, 1, -2, 0.5)
	got, err := runArrays(t, open(t, "float16_out", Options{}), x)
	want := npz.Array{Name: "y", Type: onnx.Float16, Shape: []int64{2, 2}, Data: []byte{0, 0, 0, 0x3c, 0, 0xc0, 0, 0x38}}
	if err != nil || !same(got["y"], want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	wide := npz.Array{Name: "y", Type: onnx.Float16, Shape: []int64{2, 4}, Data: slices.Concat(want.Data[:4], want.Data[:4], want.Data[4:], want.Data[4:])}
	for _, name := range []string{"float16_scaled", "float16_misnamed"} {
		got, err := runArrays(t, open(t, name, Options{}), x)
		if err != nil || !same(got["y"], wide) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, wide)
		}
	}
	got, err = runArrays(t, open(t, "float16_unsaid", Options{}), x)
	if err != nil || !same(got["y"], want) {
		t.Errorf("a float16 output of unknown shape: %v, %v, want %v", got, err, want)
	}
}

func TestEmptyOutput(t *testing.T) {
	s := open(t, "empty_out", Options{})
	for _, c := range []struct {
		x    []float32
		want string
	}{{[]float32{0, 0}, "found int64[2,0]"}, {[]float32{0, 1}, "found int64[2,1]"}} {
		got, err := runArrays(t, s, float32Array("x", []int64{1, 2}, c.x...))
		if err != nil || got["found"].String() != c.want {
			t.Errorf("%v: %v, %v", c.x, got, err)
		}
	}
}

// TestUnsaidScalar: a scalar that the graph does not say is one.
func TestUnsaidScalar(t *testing.T) {
	got, err := runArrays(t, open(t, "scalar_unsaid", Options{}), float32Array("x", []int64{1, 3}, 1, 2, 3))
	if err != nil || !same(got["total"], float32Array("total", nil, 6)) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestStrings: outputs of strings are made by each run.
func TestStrings(t *testing.T) {
	s := open(t, "named_class", Options{Outputs: []string{"label"}})
	got, err := runArrays(t, s, float32Array("x", []int64{3, 3}, 0, 0, 1, 1, 0, 0, 0, 1, 0))
	want := npz.Array{Name: "label", Type: onnx.String, Shape: []int64{3}, Data: []byte("\u00e9cureuilcat\x00\x00\x00\x00\x00\x00dog\x00\x00\x00\x00\x00\x00")}
	if err != nil || !same(got["label"], want) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := runArrays(t, s, float32Array("x", []int64{0, 3})); err != nil || got["label"].String() != "label string[0]" {
		t.Errorf("no rows: %v, %v", got, err)
	}
	x, err := TensorOf(float32Array("x", []int64{1, 3}, 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	out := make([]*Tensor, 1)
	if err := s.Run(t.Context(), []*Tensor{x}, out); err != nil {
		t.Fatal(err)
	}
	defer out[0].Close()
	if err := s.Run(t.Context(), []*Tensor{x}, out); err == nil || !strings.Contains(err.Error(), "output label") {
		t.Errorf("into strings that are there: %v", err)
	}
}

// TestEmptyInput: a batch without rows is one.
func TestEmptyInput(t *testing.T) {
	got, err := runArrays(t, open(t, "scalars", Options{}), float32Array("x", []int64{0, 3}), float32Array("scale", nil, 2))
	if err != nil || !same(got["y"], float32Array("y", []int64{0, 3})) || !same(got["total"], float32Array("total", nil, 0)) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestRefusedValues(t *testing.T) {
	x := float32Array("x", []int64{1, 2}, 1, 2)
	for _, c := range []struct {
		model  string
		arrays []npz.Array
		want   []string
	}{
		{"sequence_out", []npz.Array{x}, []string{"output list", "sequence"}},
		{"no_inputs", nil, []string{"without inputs"}},
		{"scalars", []npz.Array{x}, []string{"1 inputs"}},
		{"float32_nchw", []npz.Array{{Name: "input", Type: onnx.Float, Shape: []int64{1}, Data: []byte{1}}}, []string{"input input", "1 bytes"}},
		{"float32_nchw", []npz.Array{{Name: "input", Type: onnx.String, Shape: []int64{1}}}, []string{"input", "string"}},
		{"float32_nchw", []npz.Array{x}, []string{"run on cpu"}},
	} {
		_, err := runArrays(t, open(t, c.model, Options{}), c.arrays...)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want it to say %q", c.model, err, want)
			}
		}
	}
}

// TestSharedModels runs graphs that others exported, where they are.
func TestSharedModels(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	run := func(name string, in npz.Array) (map[string]npz.Array, error) {
		path := "../../shared/models/" + name
		graph, err := onnx.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			t.Skip("needs " + path)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), Model{Path: path, Graph: graph}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return runArrays(t, s, in)
	}
	got, err := run("sum_and_difference.onnx", float32Array("1x4 Input Vector", []int64{1, 1, 4}, 0.2, 0.3, 0.6, 0.9))
	if out := got["1x2 Output Vector"]; err != nil || out.String() != "1x2 Output Vector float32[1,1,2]" ||
		math.Abs(float64(math.Float32frombits(binary.LittleEndian.Uint32(out.Data)))-2) > 0.1 {
		t.Errorf("sum_and_difference: %v, %v", got, err)
	}
	half := npz.Array{Name: "data_0", Type: onnx.Float16, Shape: []int64{1, 3, 224, 224}, Data: make([]byte, 2*3*224*224)}
	got, err = run("squeezenet_fp16.onnx", half)
	if out := got["softmaxout_1"]; err != nil || out.String() != "softmaxout_1 float16[1,1000,1,1]" || len(out.Data) != 2000 {
		t.Errorf("squeezenet_fp16: %v, %v", got, err)
	}
}

// TestForgottenTensors: pinned memory whose pin is left behind would end the program.
func TestForgottenTensors(t *testing.T) {
	s := open(t, "scalars", Options{})
	freed := make(chan struct{}, 3)
	func() {
		x, err := NewTensor(onnx.Float, []int64{2, 3})
		if err != nil {
			t.Fatal(err)
		}
		scale, err := NewTensor(onnx.Float, nil)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]*Tensor, 2)
		if err := s.Run(t.Context(), []*Tensor{x, scale}, out); err != nil {
			t.Fatal(err)
		}
		for _, tensor := range []*Tensor{x, scale, out[0]} {
			runtime.AddCleanup(tensor, func(c chan struct{}) { c <- struct{}{} }, freed)
		}
		out[1].Close()
	}()
	for range 3 {
		for waiting := true; waiting; {
			runtime.GC()
			select {
			case <-freed:
				waiting = false
			case <-time.After(time.Millisecond):
			}
		}
	}
	for range 3 { // what holds the pins is collected
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// TestClosedTensors are refused, not run.
func TestClosedTensors(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	made := func(shape ...int64) *Tensor {
		tensor, err := NewTensor(onnx.Float, shape)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tensor.Close)
		return tensor
	}
	closed := made(1, 3, 32, 32)
	closed.Close()
	if err := s.Run(t.Context(), []*Tensor{closed}, make([]*Tensor, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed input: %v", err)
	}
	if err := s.Run(t.Context(), []*Tensor{made(1, 3, 32, 32)}, []*Tensor{closed}); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed output: %v", err)
	}
	if err := s.Run(t.Context(), []*Tensor{nil}, make([]*Tensor, 1)); err == nil {
		t.Error("no input: no error")
	}
}
