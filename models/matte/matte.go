// Package matte says what the outputs of background removers mean: which of a table of rules a model's output
// is read by, and how its values become alpha.
//
//	output of one image --Rule.Read--> Matte (bytes, at the output's size) --Matte.Alpha--> alpha at the image's size
//
// It knows values, and neither sessions nor files.
package matte

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"ortho/preprocess"
	"ortho/runner/onnx"
)

// Setting is the value of a key, as models.Settings has it.
type Setting struct{ Key, Value string }

// Rule is how a program feeds a model, and reads its output. Each is the program's own.
type Rule struct {
	Name  string // as the setting matte has it
	About string // whose rule it is, and of which models
	By    string // the program, as the source of facts

	Input []Setting // how the image becomes the input

	Sigmoid  bool              // values are logits, unless the graph ends in a Sigmoid itself
	Stretch  bool              // the least value of an image becomes 0, the largest 1
	Truncate bool              // 255 times the value is cut to a byte, else rounded
	Filter   preprocess.Filter // by which alpha is brought to the image's size
}

// The rules of rembg 2.0.86 (rembg/sessions): normalize() of base.py divides by the image's own largest value.
var (
	rembg    = []Setting{{"resize", "squash"}, {"interpolation", "lanczos"}, {"input-range", "0,1"}, {"white-point", "max"}}
	imageNet = []Setting{{"mean", "0.485,0.456,0.406"}, {"std", "0.229,0.224,0.225"}}
	half     = []Setting{{"mean", "0.5"}, {"std", "1"}}
	at320    = []Setting{{"input-size", "320"}}
	at1024   = []Setting{{"input-size", "1024"}}
)

// Rules is the table, in the order in which messages have it.
var Rules = []*Rule{
	{Name: "u2net", About: "U2Net, U2Netp, silueta, as rembg runs them", By: "rembg's u2net",
		Input: slices.Concat(rembg, imageNet, at320), Stretch: true, Truncate: true, Filter: preprocess.Lanczos},
	{Name: "isnet", About: "ISNet (DIS) and BRIA's RMBG, as rembg runs them", By: "rembg's isnet",
		Input: slices.Concat(rembg, half, at1024), Stretch: true, Truncate: true, Filter: preprocess.Lanczos},
	{Name: "birefnet", About: "BiRefNet, as rembg runs it: logits", By: "rembg's birefnet",
		Input: slices.Concat(rembg, imageNet, at1024), Sigmoid: true, Stretch: true, Truncate: true, Filter: preprocess.Lanczos},
	// ZHKKKe/MODNet, onnx/inference_onnx.py. An open height and width are made 512 square here; that program
	// keeps the ratio, and brings the short edge to 512 and both down to multiples of 32.
	{Name: "modnet", About: "MODNet's own program", By: "MODNet",
		Input: []Setting{{"resize", "squash"}, {"interpolation", "area-cv2"}, {"input-range", "-1,1"}, {"input-size", "512"}}, Truncate: true, Filter: preprocess.AreaCV2},
	{Name: "probability", About: "values from 0 to 1 that are alpha as they are", By: "the rule probability",
		Input: []Setting{{"resize", "squash"}, {"interpolation", "bilinear"}}, Filter: preprocess.Bilinear},
}

// Named is the rule of a name; nil where there is none.
func Named(name string) *Rule {
	for _, r := range Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// architectures are the names of models' classes that a rule is for.
var architectures = map[string]string{"BiRefNet": "birefnet", "BriaRMBG": "isnet", "ISNet": "isnet", "ISNetDIS": "isnet", "ISNetGTEncoder": "isnet",
	"U2NET": "u2net", "U2NETP": "u2net", "MODNet": "modnet"}

// OfArchitecture is the rule for a model of a class, as a config.json states it; nil where none is known.
func OfArchitecture(class string) *Rule { return Named(architectures[class]) }

// OfOutputs is the rule that a graph's outputs leave no doubt about; nil where there is any. U2Net's has seven
// maps of 320x320 pixels: of all its stages, what they say together first.
func OfOutputs(outputs []onnx.Value) *Rule {
	if len(outputs) != 7 {
		return nil
	}
	for _, v := range outputs {
		if d := v.Dims; len(d) != 4 || d[1].Size != 1 || d[2].Size != 320 || d[3].Size != 320 {
			return nil
		}
	}
	return Named("u2net")
}

// IsMap reports whether an output may be a map of alpha: [N,1,H,W], [N,H,W,1] or [N,H,W] of floats.
func IsMap(v onnx.Value) bool {
	if v.Kind != "tensor" || v.Type != onnx.Float && v.Type != onnx.Float16 && v.Type != onnx.Double {
		return false
	}
	one := func(d onnx.Dim) bool { return d.Size == 1 || !d.Fixed() }
	large := func(d onnx.Dim) bool { return d.Size > 1 || !d.Fixed() }
	switch d := v.Dims; {
	case !v.Ranked:
		return true
	case len(d) == 4:
		return one(d[1]) && large(d[2]) && large(d[3]) || one(d[3]) && large(d[1]) && large(d[2])
	case len(d) == 3:
		return large(d[1]) && large(d[2])
	}
	return false
}

// Matte says how much of each pixel is what is meant, from 0 to 255, at the size of a graph's output.
type Matte struct {
	Width, Height int
	Pix           []byte
	filter        preprocess.Filter
}

// Read reads one image's output, whose shape is [1,H,W], [H,W,1] or [H,W]. Inside says that the graph ends in a
// Sigmoid. It fails where values are no numbers. A map of one value alone, which can't be stretched, is 0 as a
// whole where it is stretched: rembg divides 0 by 0 there, and casts what that gives.
func (r *Rule) Read(shape []int, values []float32, inside bool) (Matte, error) {
	plane := shape
	switch {
	case len(plane) == 3 && plane[0] == 1:
		plane = plane[1:]
	case len(plane) == 3 && plane[2] == 1:
		plane = plane[:2]
	}
	if len(plane) != 2 || plane[0] < 1 || plane[1] < 1 || len(values) != plane[0]*plane[1] {
		return Matte{}, fmt.Errorf("an output of %v with %d values is no map of alpha", shape, len(values))
	}
	m := Matte{Width: plane[1], Height: plane[0], Pix: make([]byte, len(values)), filter: r.Filter}
	lo, hi := float32(math.Inf(1)), float32(math.Inf(-1))
	at := func(v float32) float32 {
		if r.Sigmoid && !inside {
			return 1 / (1 + float32(math.Exp(float64(-v))))
		}
		return v
	}
	for i, v := range values {
		if v = at(v); v != v {
			return Matte{}, fmt.Errorf("value %d of the map of alpha is no number", i)
		}
		lo, hi = min(lo, v), max(hi, v)
	}
	if r.Stretch && (math.IsInf(float64(lo), 0) || math.IsInf(float64(hi), 0)) {
		return Matte{}, fmt.Errorf("the map of alpha has infinite values")
	}
	if r.Stretch && lo == hi {
		return m, nil
	}
	for i, v := range values {
		v = at(v)
		if r.Stretch {
			v = (v - lo) / (hi - lo)
		}
		v = min(max(v, 0), 1) * 255
		if !r.Truncate {
			v += 0.5
		}
		m.Pix[i] = byte(v)
	}
	return m, nil
}

// Alpha is the matte at the size of an image, by the rule's filter: Pillow's or OpenCV's, to the bit.
func (m Matte) Alpha(width, height int) ([]byte, error) {
	if m.filter == preprocess.AreaCV2 {
		s := preprocess.Spec{Height: height, Width: width, Channels: 1, Resize: preprocess.Resize{Mode: preprocess.Exact, Height: height, Width: width},
			Interpolation: m.filter, Range: [2]float64{0, 255}, Mean: []float64{0}, Std: []float64{1}, Type: preprocess.Uint8}
		if err := s.Validate(); err != nil {
			return nil, err
		}
		out := make([]byte, s.Bytes())
		return out, s.Tensor(out, &preprocess.Image{Width: m.Width, Height: m.Height, Channels: 1, Pix: m.Pix})
	}
	var out bytes.Buffer
	out.Grow(width * height)
	to, err := preprocess.NewResampler(&out, m.Width, m.Height, 1, width, height, m.filter)
	if err != nil {
		return nil, err
	}
	if _, err := to.Write(m.Pix); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
