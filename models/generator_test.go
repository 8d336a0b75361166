package models

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"ortho/preprocess"
	"ortho/runner/onnx"
)

// tensor is a value whose dimensions are numbers, or names of open ones.
func tensor(name string, t onnx.ElementType, op string, dims ...any) onnx.Value {
	v := onnx.Value{Name: name, Type: t, Kind: "tensor", Ranked: true, Op: op}
	for _, d := range dims {
		if size, ok := d.(int); ok {
			v.Dims = append(v.Dims, onnx.Dim{Size: int64(size)})
		} else {
			v.Dims = append(v.Dims, onnx.Dim{Size: -1, Name: d.(string)})
		}
	}
	return v
}

func generatorOf(t *testing.T, in, out []onnx.Value, files fstest.MapFS, flags Settings) (*Model, *GeneratorSpec, error) {
	t.Helper()
	m := &Model{Name: "model", Graph: &onnx.Graph{Inputs: in, Outputs: out}}
	if files == nil {
		files = fstest.MapFS{}
	}
	if err := m.resolve(files, flags); err != nil {
		t.Fatal(err)
	}
	spec, err := m.Generator()
	return m, spec, err
}

func list(values ...onnx.Value) []onnx.Value { return values }

func TestGenerators(t *testing.T) {
	const f, h = onnx.Float, onnx.Float16
	files := func(json string) fstest.MapFS {
		return fstest.MapFS{"ortho.json": {Data: []byte(json)}, "words.txt": {Data: []byte("<pad>\n<unk>\nseven\n")}}
	}
	unit := preprocess.Spec{Channels: 3, Range: [2]float64{0, 1}, Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Orientation: preprocess.ApplyOrientation}
	style := unit
	style.Height, style.Width, style.Range = 720, 720, [2]float64{0, 255}
	style.Resize, style.Interpolation = preprocess.Resize{Mode: preprocess.Exact, Height: 720, Width: 720}, preprocess.Bicubic
	luma := unit
	luma.Channels, luma.Mean, luma.Std = 1, []float64{0}, []float64{1}
	bytes := unit
	bytes.Layout, bytes.Type, bytes.ColorOrder, bytes.Range = preprocess.NHWC, preprocess.Uint8, preprocess.BGR, [2]float64{0, 255}
	for _, test := range []struct {
		name    string
		in, out []onnx.Value
		files   fstest.MapFS
		flags   []string
		want    GeneratorSpec // its vocabulary is not compared
	}{
		{"super-resolution", list(tensor("x", f, "", "n", 3, "h", "w")), list(tensor("y", f, "DepthToSpace", "n", 3, "H", "W")),
			files(`{"input_range": [0, 1], "output_range": [0, 1], "tile": 256, "tile_overlap": 32, "size_multiple": 8}`), nil,
			GeneratorSpec{Image: &ImagePort{"x", unit, false, 8}, Output: PicturePort{Name: "y", Type: f, Channels: 3, Range: [2]float64{0, 1}}, Tile: 256, Overlap: 32}},
		{"style transfer", list(tensor("x", f, "", "None", 3, 720, 720)), list(tensor("y", f, "Add", "None", 3, 720, 720)), nil,
			[]string{"input-range", "0,255", "output-range", "0,255"},
			GeneratorSpec{Image: &ImagePort{"x", style, false, 1}, Output: PicturePort{Name: "y", Type: f, Channels: 3, Height: 720, Width: 720, Range: [2]float64{0, 255}}}},
		{"sub-pixel", list(tensor("x", f, "", 1, 1, "h", "w")), list(tensor("y", f, "Sigmoid", 1, 1, "H", "W")), nil, []string{"input-range", "0,1"},
			GeneratorSpec{Batch: 1, Image: &ImagePort{"x", luma, true, 1}, Output: PicturePort{Name: "y", Type: f, Channels: 1, Range: [2]float64{0, 1}}}},
		{"gray", list(tensor("x", f, "", 1, 1, "h", "w")), list(tensor("y", f, "Sigmoid", 1, 1, "H", "W")), nil, []string{"input-range", "0,1", "color", "gray"},
			GeneratorSpec{Batch: 1, Image: &ImagePort{"x", luma, false, 1}, Output: PicturePort{Name: "y", Type: f, Channels: 1, Range: [2]float64{0, 1}}}},
		{"bytes", list(tensor("x", onnx.Uint8, "", 1, "h", "w", 3)), list(tensor("y", onnx.Uint8, "Cast", 1, "H", "W", 3)), nil, []string{"color-order", "bgr"},
			GeneratorSpec{Batch: 1, Image: &ImagePort{"x", bytes, false, 1}, Output: PicturePort{Name: "y", Type: onnx.Uint8, Channels: 3, Layout: preprocess.NHWC, ColorOrder: preprocess.BGR, Range: [2]float64{0, 255}}}},
		{"DCGAN", list(tensor("z", f, "", "n", 100, 1, 1)), list(tensor("image", f, "Tanh", "n", 3, 64, 64)), nil, nil,
			GeneratorSpec{Latents: &LatentsPort{"z", f, []int64{100, 1, 1}, false}, Output: PicturePort{Name: "image", Type: f, Channels: 3, Height: 64, Width: 64, Range: [2]float64{-1, 1}}}},
		{"class and truncation", list(tensor("z", h, "", 1, 128), tensor("class", h, "", 1, 1000), tensor("truncation", f, "", 1)), list(tensor("image", h, "Tanh", 1, 3, 256, 256)), nil,
			[]string{"latent-distribution", "uniform"},
			GeneratorSpec{Batch: 1, Latents: &LatentsPort{"z", h, []int64{128}, true}, Class: &ClassPort{"class", h, []int64{1000}, true, 1000}, Truncation: "truncation",
				Output: PicturePort{Name: "image", Type: h, Channels: 3, Height: 256, Width: 256, Range: [2]float64{-1, 1}}}},
		{"class ids", list(tensor("noise", f, "", "n", 16), tensor("ids", onnx.Int64, "", "n")), list(tensor("image", f, "Sigmoid", "n", 1, 28, 28)),
			files(`{"labels": ["zero", "one"], "invert": true}`), nil,
			GeneratorSpec{Latents: &LatentsPort{"noise", f, []int64{16}, false}, Class: &ClassPort{"ids", onnx.Int64, []int64{}, false, 2}, Labels: []Label{{Name: "zero"}, {Name: "one"}},
				Output: PicturePort{Name: "image", Type: f, Channels: 1, Height: 28, Width: 28, Range: [2]float64{0, 1}, Invert: true}}},
		{"texts", list(tensor("input_ids", onnx.Int64, "", "n", "l"), tensor("attention_mask", onnx.Int32, "", "n", "l"), tensor("z", f, "", "n", 8)), list(tensor("image", f, "Sigmoid", "n", 1, 28, 28)),
			files(`{"vocabulary": "words.txt", "text_length": 12}`), nil,
			GeneratorSpec{Latents: &LatentsPort{"z", f, []int64{8}, false}, Text: &TextPort{Name: "input_ids", Mask: "attention_mask", Type: onnx.Int64, MaskType: onnx.Int32, Length: 12},
				Output: PicturePort{Name: "image", Type: f, Channels: 1, Height: 28, Width: 28, Range: [2]float64{0, 1}}}},
		{"image and mask", list(tensor("mask", f, "", 1, 1, "h", "w"), tensor("x", f, "", 1, 3, "h", "w")), list(tensor("y", f, "Sigmoid", 1, 3, "h", "w")), nil, []string{"input-range", "0,1"},
			GeneratorSpec{Batch: 1, Image: &ImagePort{"x", unit, false, 1}, Mask: &MaskPort{Name: "mask", Type: f}, Output: PicturePort{Name: "y", Type: f, Channels: 3, Range: [2]float64{0, 1}}}},
		{"named class", list(tensor("a", f, "", "n", 16), tensor("b", f, "", "n", 3)), list(tensor("image", f, "Tanh", "n", 3, 8, 8)), nil, []string{"class-input", "b"},
			GeneratorSpec{Latents: &LatentsPort{"a", f, []int64{16}, false}, Class: &ClassPort{"b", f, []int64{3}, true, 3},
				Output: PicturePort{Name: "image", Type: f, Channels: 3, Height: 8, Width: 8, Range: [2]float64{-1, 1}}}},
		{"named output, fixed input size", list(tensor("x", f, "", "n", 3, "h", "w")), list(tensor("mask", f, "Sigmoid", "n", 1, "h", "w"), tensor("image", f, "Tanh", "n", 3, "h", "w")), nil,
			[]string{"output-name", "image", "input-range", "0,255", "input-size", "720"},
			GeneratorSpec{Image: &ImagePort{"x", style, false, 1}, Output: PicturePort{Name: "image", Type: f, Channels: 3, Range: [2]float64{-1, 1}}}},
	} {
		m, got, err := generatorOf(t, test.in, test.out, test.files, settings(t, test.flags...))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if m.Task != Generate || (got.Text == nil) != (test.want.Text == nil) {
			t.Fatalf("%s: task %s, text %v", test.name, m.Task, got.Text)
		}
		if got.Text != nil {
			if got.Text.Vocabulary.Len() != 3 {
				t.Errorf("%s: %d tokens", test.name, got.Text.Vocabulary.Len())
			}
			test.want.Text.Vocabulary = got.Text.Vocabulary
		}
		if !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s:\n%+v, want\n%+v", test.name, *got, test.want)
		}
		_, classes := classesOf(test.out[0], onnx.Dim{Size: -1})
		var other *TaskError
		if _, err := m.Classifier(); !errors.As(err, &other) || other.Wanted != Classify || other.Is != Generate || other.MayClassify != classes || !strings.Contains(err.Error(), "gives no classes but an image") {
			t.Errorf("%s as a classifier: %v", test.name, err)
		}
	}
}

// TestNoGenerator holds what is said of graphs that can't be run so.
func TestNoGenerator(t *testing.T) {
	const f = onnx.Float
	image, any := tensor("y", f, "Add", "n", 3, "H", "W"), tensor("x", f, "", "n", 3, "h", "w")
	for _, test := range []struct {
		name    string
		in, out []onnx.Value
		flags   []string
		want    []string
	}{
		{"nothing stated", list(any), list(image), nil, []string{"model does not say which values its pixels have, nor which values of its output are black and white: " +
			"give input-range and output-range (most graphs: 0,1 or 0,255)"}},
		{"a classifier", list(tensor("x", f, "", "n", 3, 224, 224)), list(tensor("y", f, "Gemm", "n", 10)), nil, []string{"gives no image", "y float32[n,10]"}},
		{"two images", list(any, tensor("other", f, "", "n", 3, "h", "w")), list(image), nil, []string{"more than one image"}},
		{"two outputs", list(any), list(image, tensor("z", f, "", "n", 3, "H", "W")), nil, []string{"and output-name"}},
		{"no such output", list(any), list(image), []string{"output-name", "q"}, []string{`no output "q"`}},
		{"open latents", list(tensor("z", f, "", "n", "d")), list(image), nil, []string{"leaves d open"}},
		{"a timestep", list(any, tensor("t", onnx.Double, "")), list(image), nil, []string{"input t", "does not say what"}},
		{"no such class input", list(tensor("z", f, "", "n", 8)), list(image), []string{"class-input", "foo"}, []string{`"foo"`, "z float32"}},
		{"no vocabulary", list(tensor("ids", onnx.Int64, "", "n", 77)), list(image), []string{"output-range", "0,1"}, []string{"give vocabulary FILE"}},
		{"another length", list(tensor("ids", onnx.Int64, "", "n", 77)), list(image), []string{"text-length", "12"}, []string{"77"}},
		{"labels", list(tensor("class", f, "", "n", 10)), list(image), []string{"labels", "doc.go"}, []string{"give other labels"}},
		{"luma of three channels", list(any), list(image), []string{"color", "luma"}, []string{"luma is one channel"}},
		{"resize of any size", list(any), list(image), []string{"resize", "256"}, []string{"give input-size"}},
		{"wide overlap", list(any), list(image), []string{"tile", "64", "tile-overlap", "48"}, []string{"more than half"}},
		{"a mask alone", list(tensor("mask", onnx.Int64, "", "n", 8)), list(image), nil, []string{"no token ids"}},
		{"task stated", list(any), list(tensor("y", f, "", "n", 3, 8)), []string{"task", "generate"}, []string{"gives no image"}},
	} {
		if _, _, err := generatorOf(t, test.in, test.out, nil, settings(t, test.flags...)); err == nil {
			t.Errorf("%s: no error", test.name)
		} else {
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %q lacks %q", test.name, err, want)
				}
			}
		}
	}
}

// TestPictureOf: outputs of other dimensions than four that are images.
func TestPictureOf(t *testing.T) {
	const f = onnx.Float
	for _, c := range []struct {
		dims []any
		form preprocess.Form
		want string // the view's dimensions; "": it is none
	}{
		{[]any{"n", 3, "h", "w"}, preprocess.Full, "[n,3,h,w]"}, {[]any{"n", 4, "h", "w"}, preprocess.Full, "[n,4,h,w]"},
		{[]any{"h", "w", 3}, preprocess.Full, "[1,h,w,3]"}, {[]any{4, "h", "w"}, preprocess.Full, "[1,4,h,w]"},
		{[]any{"n", 28, 28}, preprocess.Plane, "[n,1,28,28]"}, {[]any{"n", "h", "w"}, preprocess.Plane, "[n,1,h,w]"},
		{[]any{"n", 784}, preprocess.Row, "[n,1,28,28]"}, {[]any{1, 3072}, preprocess.Row, "[1,3,32,32]"},
		{[]any{"n", 1000}, 0, ""}, {[]any{"n", 49}, 0, ""}, {[]any{"n", 3, 8}, 0, ""}, {[]any{"n", "d"}, 0, ""}, {[]any{9}, 0, ""},
		{[]any{"n", 1 << 40}, 0, ""},
	} {
		view, form, ok := pictureOf(tensor("y", f, "", c.dims...))
		if ok != (c.want != "") || ok && (form != c.form || !strings.HasSuffix(view.String(), c.want)) {
			t.Errorf("%v: %s, %v, %v; want %s", c.dims, view, form, ok, c.want)
		}
	}
	_, spec, err := generatorOf(t, list(tensor("z", f, "", "n", 16)), list(tensor("y", f, "Sigmoid", "n", 784)), nil, settings(t, "task", "generate"))
	if err != nil || spec.Output.Form != preprocess.Row || spec.Output.Channels != 1 || spec.Output.Height != 28 || spec.Output.Width != 28 {
		t.Errorf("%+v, %v", spec, err)
	}
	if m, _, err := generatorOf(t, list(tensor("z", f, "", "n", 16)), list(tensor("y", f, "Softmax", "n", 784)), nil, Settings{}); err == nil || m.Task == Generate {
		t.Errorf("%s, where nothing states the task", m.Task)
	}
}
