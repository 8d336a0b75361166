package preprocess

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"os"
	"testing"
)

// transformGoldens is testdata/transforms, written by
// scripts/goldens/transforms.py: arrays lie in one file, at byte offsets.
type transformGoldens struct {
	Resizes []struct {
		Input  [4]int // width, height, channels, offset
		Filter string
		Output [3]int // width, height, offset
	}
	Cases, More []transformCase
	data        []byte
}

type transformCase struct {
	Library string
	Config  json.RawMessage
	Spec    goldenSpec
	Tensors []struct {
		Input        [4]int
		Pixels       int    // offset of the crop's bytes, or
		SHA256       string // their digest
		Sample, Step int    // offset of every step-th element
	}
}

type goldenSpec struct {
	Height, Width int
	Resize        []any
	Interpolation string
	Mean, Std     []float64
	Range         [2]float64
	CropOffset    string `json:"crop_offset"`
	Fill          [3]uint8
	ColorOrder    string `json:"color_order"`
}

func (g goldenSpec) spec(t *testing.T) Spec {
	t.Helper()
	filter, err := ParseFilter(g.Interpolation)
	if err != nil {
		t.Fatal(err)
	}
	order, err := ParseColorOrder(g.ColorOrder)
	if err != nil {
		t.Fatal(err)
	}
	s := Spec{Height: g.Height, Width: g.Width, Channels: 3, Interpolation: filter, Mean: g.Mean, Std: g.Std, Range: g.Range, Fill: g.Fill, ColorOrder: order}
	var edges [2]int
	for i := range len(g.Resize) - 1 {
		edges[i] = int(g.Resize[i+1].(float64))
	}
	mode, ok := map[string]ResizeMode{"none": ResizeNone, "short": ShortEdge, "long": LongEdge, "exact": Exact, "fit": Fit, "cover": Cover}[g.Resize[0].(string)]
	if !ok {
		t.Fatalf("resize %v", g.Resize)
	}
	s.Resize = Resize{Mode: mode, Height: edges[0], Width: edges[1]}
	if len(g.Resize) == 2 {
		s.Resize = Resize{Mode: mode, Size: edges[0]}
	}
	if g.CropOffset == "floor" {
		s.CropOffset = Floor
	}
	return s
}

func loadTransforms(t *testing.T) *transformGoldens {
	t.Helper()
	text, err := os.ReadFile("testdata/transforms/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	g := new(transformGoldens)
	if err := json.Unmarshal(text, g); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("testdata/transforms/arrays.bin.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if g.data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *transformGoldens) image(in [4]int) *Image {
	return &Image{Width: in[0], Height: in[1], Channels: in[2], Pix: g.data[in[3] : in[3]+in[0]*in[1]*in[2]]}
}

func TestResampleEqualsPillow(t *testing.T) {
	g := loadTransforms(t)
	if len(g.Resizes) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range g.Resizes {
		filter, err := ParseFilter(c.Filter)
		if err != nil {
			t.Fatal(err)
		}
		got := Resample(g.image(c.Input), c.Output[0], c.Output[1], filter)
		if want := g.data[c.Output[2]:][:len(got.Pix)]; !bytes.Equal(got.Pix, want) {
			t.Errorf("%v to %v by %s differs from Pillow", c.Input[:3], c.Output[:2], c.Filter)
		}
	}
}

func TestTensorEqualsPython(t *testing.T) {
	g := loadTransforms(t)
	if len(g.Cases) == 0 || len(g.More) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range append(g.Cases, g.More...) {
		spec := c.Spec.spec(t)
		plain := spec // gives the crop's pixels
		plain.Type, plain.Layout, plain.ColorOrder, plain.Range = Uint8, NHWC, RGB, [2]float64{0, 255}
		plain.Mean, plain.Std = []float64{0, 0, 0}, []float64{1, 1, 1}
		pixels, tensor := make([]byte, plain.Bytes()), make([]byte, spec.Bytes())
		if len(c.Tensors) == 0 {
			t.Errorf("%s %s: no tensors", c.Library, c.Config)
		}
		for _, golden := range c.Tensors {
			img := g.image(golden.Input)
			if err := plain.Tensor(pixels, img); err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256(pixels)
			if golden.SHA256 != "" && golden.SHA256 != hex.EncodeToString(digest[:]) || golden.SHA256 == "" && !bytes.Equal(pixels, g.data[golden.Pixels:][:len(pixels)]) {
				t.Errorf("%s %s: %dx%d: the crop's pixels differ", c.Library, c.Config, img.Width, img.Height)
			}
			if err := spec.Tensor(tensor, img); err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i, at := 0, golden.Sample; i < len(tensor)/4; i, at = i+golden.Step, at+4 {
				got := float64(math.Float32frombits(binary.NativeEndian.Uint32(tensor[4*i:])))
				want := float64(math.Float32frombits(binary.LittleEndian.Uint32(g.data[at:])))
				worst = max(worst, math.Abs(got-want)/max(1, math.Abs(want)))
			}
			if !(worst <= 1e-6) {
				t.Errorf("%s %s: %dx%d: the tensor differs by %g", c.Library, c.Config, img.Width, img.Height, worst)
			}
		}
	}
}
