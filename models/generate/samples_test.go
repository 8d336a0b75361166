package generate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/npz"
)

// decoder opens a model of testdata/samples: see scripts/goldens/samples.py.
func decoder(t testing.TB, name string, opt Options, change ...func(*models.GeneratorSpec)) *Generator {
	t.Helper()
	m, err := models.Open(filepath.Join("testdata/samples", name), models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := m.Generator()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(spec)
	}
	g, err := open(t.Context(), runner.Model{Path: m.Path, Graph: m.Graph}, name, spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

func samples(t testing.TB, g *Generator, requests ...Request) []Sample {
	t.Helper()
	s := slices.Collect(g.Samples(t.Context(), slices.Values(requests)))
	if len(s) != len(requests) {
		t.Fatalf("%d samples of %d requests", len(s), len(requests))
	}
	return s
}

func sampleOf(t testing.TB, g *Generator, r Request) *preprocess.Image {
	t.Helper()
	s := samples(t, g, r)[0]
	if s.Err != nil {
		t.Fatalf("%+v: %v", r, s.Err)
	}
	return s.Image
}

func class(n int) *int { return &n }

type sampleGolden struct {
	model   string
	request Request
	image   npz.Array
}

func sampleGoldens(t testing.TB) []sampleGolden {
	t.Helper()
	images, err := npz.ReadFile("testdata/samples/cases.npz")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/samples/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Model   string
		Request struct {
			Seed       string
			Latents    []float32
			Text       string
			Class      *int
			Truncation float64
		}
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) != len(images) {
		t.Fatalf("%d cases, %d images, %v", len(cases), len(images), err)
	}
	var out []sampleGolden
	for i, c := range cases {
		r := c.Request
		seed, err := strconv.ParseUint(r.Seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if images[i].Name != strconv.Itoa(i) {
			t.Fatalf("image %d is named %s", i, images[i].Name)
		}
		out = append(out, sampleGolden{c.Model, Request{Seed: seed, Latents: r.Latents, Text: r.Text, Class: r.Class, Truncation: r.Truncation}, images[i]})
	}
	return out
}

// TestSamplesEqualPython compares with PyTorch's noise through ONNX Runtime in Python.
func TestSamplesEqualPython(t *testing.T) {
	generators := map[string]*Generator{}
	values, same := 0, 0
	for _, c := range sampleGoldens(t) {
		if generators[c.model] == nil {
			generators[c.model] = decoder(t, c.model, Options{})
		}
		img := sampleOf(t, generators[c.model], c.request)
		if shape := []int64{int64(img.Height), int64(img.Width), int64(img.Channels)}; !slices.Equal(shape, c.image.Shape) {
			t.Fatalf("%s: %v, want %v", c.model, shape, c.image.Shape)
		}
		for i, v := range img.Pix {
			switch d := int(v) - int(c.image.Data[i]); d {
			case 0:
				same++
			case 1, -1:
			default:
				t.Fatalf("%s, %+v: value %d is %d, Python's %d", c.model, c.request, i, v, c.image.Data[i])
			}
		}
		values += len(img.Pix)
	}
	t.Logf("%d of %d values are Python's, the others one level off", same, values)
	if float64(same) < 0.999*float64(values) {
		t.Errorf("only %d of %d values are Python's", same, values)
	}
}

func TestSamplesInOrder(t *testing.T) {
	var requests []Request
	for i := range 30 {
		requests = append(requests, Request{Seed: uint64(i)})
	}
	requests[7].Class = class(9)
	one := samples(t, decoder(t, "class", Options{Concurrency: 1}), requests...)
	many := samples(t, decoder(t, "class", Options{Concurrency: 4}), requests...)
	for i, s := range many {
		if s.Request.Seed != uint64(i) {
			t.Errorf("sample %d has seed %d", i, s.Request.Seed)
		}
		if i == 7 {
			if s.Err == nil || s.Image != nil || models.StageOf(s.Err) != "input" {
				t.Errorf("class 9: %v (%s)", s.Err, models.StageOf(s.Err))
			}
			continue
		}
		if s.Err != nil || one[i].Err != nil || !bytes.Equal(s.Image.Pix, one[i].Image.Pix) || *s.Class != *one[i].Class {
			t.Errorf("sample %d is another with 4 runs in flight (%v, %v)", i, s.Err, one[i].Err)
		}
	}
	if bytes.Equal(one[0].Image.Pix, one[1].Image.Pix) {
		t.Error("two seeds give one image")
	}
}

// TestEach: items of the caller's come back with their own samples, also those that fail.
func TestEach(t *testing.T) {
	g := decoder(t, "class", Options{Concurrency: 3})
	items := []string{"a", "b", "broken", "d"}
	request := func(item string) Request {
		if item == "broken" {
			return Request{Class: class(9)}
		}
		return Request{Seed: uint64(item[0])}
	}
	i := 0
	for r := range Each(t.Context(), g, slices.Values(items), request) {
		if i >= len(items) || r.Item != items[i] || r.Value.Request.Seed != request(r.Item).Seed {
			t.Fatalf("result %d is of %s", i, r.Item)
		}
		i++
		if failed := r.Item == "broken"; failed != (r.Err != nil) || r.Value.Err != r.Err || failed != (r.Value.Image == nil) {
			t.Errorf("%s: %+v, %v", r.Item, r.Value, r.Err)
		}
	}
	if i != len(items) {
		t.Errorf("%d results of %d", i, len(items))
	}
}

func TestSamplesEnd(t *testing.T) {
	g := decoder(t, "dcgan", Options{Concurrency: 2})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for s := range g.Samples(ctx, func(yield func(Request) bool) {
		for seed := uint64(0); yield(Request{Seed: seed}); seed++ {
		}
	}) {
		if s.Err != nil || s.Request.Seed != uint64(n) {
			t.Fatalf("sample %d: seed %d, %v", n, s.Request.Seed, s.Err)
		}
		if n++; n == 5 {
			cancel()
		}
	}
	if n < 5 {
		t.Errorf("%d samples", n)
	}
}

func TestSampleTells(t *testing.T) {
	g := decoder(t, "text", Options{})
	s := samples(t, g, Request{Text: "Blue, bold blue three one two one zero"})[0]
	if s.Err != nil || !slices.Equal(s.Unknown, []string{"blue"}) || !slices.Equal(s.Cut, []string{"one", "zero"}) || s.Class != nil {
		t.Errorf("%q, %q, %v, %v", s.Unknown, s.Cut, s.Class, s.Err)
	}
	// A class is its label as the text.
	a, b := samples(t, g, Request{Class: class(3)})[0], samples(t, g, Request{Text: "three"})[0]
	if a.Err != nil || b.Err != nil || !bytes.Equal(a.Image.Pix, b.Image.Pix) || a.Class == nil || *a.Class != 3 {
		t.Errorf("class 3 and its label give two images (%v, %v)", a.Err, b.Err)
	}
	// The drawn class is the one that gives the image.
	g = decoder(t, "class", Options{})
	drawn := samples(t, g, Request{Seed: 8})[0]
	if asked := sampleOf(t, g, Request{Seed: 8, Class: drawn.Class}); !bytes.Equal(asked.Pix, drawn.Image.Pix) {
		t.Errorf("class %d gives another image than where it is drawn", *drawn.Class)
	}
}

func TestRequestsRefused(t *testing.T) {
	for _, c := range []struct {
		model   string
		request Request
		change  func(*models.GeneratorSpec)
		want    string
	}{
		{"class", Request{Class: class(5)}, nil, "class 5: the classes of class are 0 to 4"},
		{"class", Request{Class: class(-1)}, nil, "class -1: the classes of class are 0 to 4"},
		{"onehot", Request{Class: class(5)}, nil, "0 to 4"},
		{"text", Request{Class: class(5)}, nil, "0 to 4"},
		{"text", Request{Class: class(1), Text: "a"}, nil, "one of the two"},
		{"text", Request{Class: class(1)}, func(s *models.GeneratorSpec) { s.Labels = nil }, "takes no class"},
		{"class", Request{}, func(s *models.GeneratorSpec) { s.Class.Count = 0 }, "give the class"},
		{"class", Request{Class: class(-1)}, func(s *models.GeneratorSpec) { s.Class.Count = 0 }, "numbered from 0"},
		{"dcgan", Request{Class: class(0)}, nil, "takes no class"},
		{"dcgan", Request{Text: "seven"}, nil, "takes no text"},
		{"dcgan", Request{Latents: make([]float32, 15)}, nil, "15 latents, but dcgan takes 16 (shape [16 1 1])"},
		{"dcgan", Request{Latents: make([]float32, 16), Truncation: 0.5}, nil, "not truncated"},
		{"dcgan", Request{Truncation: 1.5}, nil, "above 0, and 1 at most"},
		{"dcgan", Request{Truncation: -1}, nil, "above 0, and 1 at most"},
		{"nhwc", Request{Truncation: 0.5}, nil, "uniform"},
		{"dcgan", Request{}, func(s *models.GeneratorSpec) { s.Latents = nil }, "what it takes is not known"},
		{"dcgan", Request{Truncation: 0.5}, func(s *models.GeneratorSpec) { s.Latents = nil }, "takes no latents"},
		{"dcgan", Request{Latents: []float32{1}}, func(s *models.GeneratorSpec) { s.Latents = nil }, "takes no latents"},
	} {
		change := c.change
		if change == nil {
			change = func(*models.GeneratorSpec) {}
		}
		s := samples(t, decoder(t, c.model, Options{}, change), c.request)[0]
		if s.Err == nil || !strings.Contains(s.Err.Error(), c.want) || models.StageOf(s.Err) != "input" || s.Image != nil {
			t.Errorf("%s, %+v: %v (%s), want %q in it", c.model, c.request, s.Err, models.StageOf(s.Err), c.want)
		}
	}
	s := samples(t, decoder(t, "dcgan", Options{}, func(s *models.GeneratorSpec) { s.Latents.Shape = []int64{16} }), Request{})[0]
	if s.Err == nil || models.StageOf(s.Err) != "run" {
		t.Errorf("latents of another rank: %v", s.Err)
	}
}

func TestUselessOutput(t *testing.T) {
	for _, c := range []struct {
		model   string
		latents []float32
		values  [2]float64 // black and white
		want    string
	}{
		{"nan", []float32{1, 1, -1}, [2]float64{-1, 1}, "16 of 48 values are NaN"},
		{"constant", []float32{1, 2, 3}, [2]float64{-1, 1}, "the colour [128 128 128]"},
		{"dcgan", nil, [2]float64{-1e-6, 1e-6}, "above white"},
	} {
		s := samples(t, decoder(t, c.model, Options{}, func(s *models.GeneratorSpec) { s.Output.Range = c.values }), Request{Latents: c.latents})[0]
		if s.Err == nil || !strings.Contains(s.Err.Error(), c.want) || models.StageOf(s.Err) != "output" || s.Image != nil {
			t.Errorf("%s: %v (%s), want %q in it", c.model, s.Err, models.StageOf(s.Err), c.want)
		}
	}
}

func TestOutputMeaning(t *testing.T) {
	plain := sampleOf(t, decoder(t, "dcgan", Options{}), Request{Seed: 1})
	inverted := sampleOf(t, decoder(t, "dcgan", Options{}, func(s *models.GeneratorSpec) { s.Output.Invert = true }), Request{Seed: 1})
	swapped := sampleOf(t, decoder(t, "dcgan", Options{}, func(s *models.GeneratorSpec) { s.Output.ColorOrder = preprocess.BGR }), Request{Seed: 1})
	for i, v := range plain.Pix {
		if d := int(v) + int(inverted.Pix[i]) - 255; d < -1 || d > 1 {
			t.Fatalf("value %d: %d, inverted %d", i, v, inverted.Pix[i])
		}
		if other := swapped.Pix[i/3*3+2-i%3]; v != other {
			t.Fatalf("value %d: %d, as BGR %d", i, v, other)
		}
	}
}

// TestCloseAmongSamples: what is under way ends before the session does, and no more is begun.
func TestCloseAmongSamples(t *testing.T) {
	g := decoder(t, "dcgan", Options{Concurrency: 2})
	requests := func(yield func(Request) bool) {
		for seed := range uint64(40) {
			if !yield(Request{Seed: seed}) {
				return
			}
		}
	}
	made, refused := 0, 0
	for s := range g.Samples(t.Context(), requests) {
		switch {
		case errors.Is(s.Err, runner.ErrClosed):
			refused++
		case s.Err != nil:
			t.Fatal(s.Err)
		default:
			made++
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A few had been begun before the first was yielded.
	if made < 1 || refused < 20 || made+refused != 40 {
		t.Errorf("%d were made, %d refused", made, refused)
	}
}

func TestSamplesOfImages(t *testing.T) {
	g := &Generator{name: "up", spec: &models.GeneratorSpec{Image: &models.ImagePort{Name: "x"}}, concurrency: 1}
	if s := samples(t, g, Request{})[0]; s.Err == nil || !strings.Contains(s.Err.Error(), "up makes images of images (input \"x\")") {
		t.Error(s.Err)
	}
}
