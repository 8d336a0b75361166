package segments

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"ortho/models/boxes"
)

type packed struct {
	Shape []int
	Data  string
}

func (p packed) bytes(t *testing.T) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(p.Data)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (p packed) floats(t *testing.T) []float32 {
	data := p.bytes(t)
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}

// golden is a map that a processor has made.
type golden struct {
	Of                 int // the outputs
	Reading            Reading
	As                 As
	Height, Width      int
	Threshold, Overlap float64
	Map                packed
	Classes            []int
	Scores             []float32
}

// squashed is the place of an image that is all of its input.
func squashed(width, height int) boxes.Place {
	return boxes.Place{Input: boxes.Size{Width: 64, Height: 64}, Image: boxes.Size{Width: width, Height: height}, ScaleX: 64 / float64(width), ScaleY: 64 / float64(height)}
}

// TestTransformers: maps are those of transformers' image processors, pixel by pixel, of the same raw outputs
// (scripts/goldens/segments.py).
func TestTransformers(t *testing.T) {
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var goldens struct {
		Outputs [][]packed
		Cases   []golden
	}
	if err := json.Unmarshal(data, &goldens); err != nil {
		t.Fatal(err)
	}
	for _, c := range goldens.Cases {
		var outputs []boxes.Tensor
		for _, o := range goldens.Outputs[c.Of] {
			outputs = append(outputs, boxes.Tensor{Name: "o", Shape: o.Shape, Values: o.floats(t)})
		}
		m, err := c.Reading.Map(squashed(c.Width, c.Height), outputs, Options{As: c.As, Threshold: c.Threshold, Mask: 0.5, Overlap: c.Overlap})
		if err != nil {
			t.Errorf("%s %s: %v", c.Reading, c.As, err)
			continue
		}
		if c.As == Instance {
			sameInstances(t, c, m)
			continue
		}
		got := make([]byte, len(m.Values))
		for i, v := range m.Values {
			if c.As == Panoptic {
				v++
			}
			got[i] = byte(v)
		}
		differ := 0
		for i, want := range c.Map.bytes(t) {
			if got[i] != want {
				differ++
			}
		}
		if differ > 0 {
			t.Errorf("%s %s, %dx%d: %d of %d pixels differ", c.Reading, c.As, c.Width, c.Height, differ, len(got))
		}
		if c.As != Panoptic {
			continue
		}
		var classes []int
		for i, s := range m.Segments {
			classes = append(classes, s.Class)
			if i < len(c.Scores) && math.Abs(float64(s.Score-c.Scores[i])) > 2e-6 {
				t.Errorf("%s: segment %d has the score %v, want %v", c.Reading, i, s.Score, c.Scores[i])
			}
		}
		if !slices.Equal(classes, c.Classes) {
			t.Errorf("%s, threshold %v: segments of classes %v, want %v", c.Reading, c.Threshold, classes, c.Classes)
		}
	}
}

// TestTies: of equal scores the first class counts, and the last dimension may be that of the classes.
func TestTies(t *testing.T) {
	at := boxes.Place{Input: boxes.Size{Width: 2, Height: 1}, Image: boxes.Size{Width: 2, Height: 1}, ScaleX: 1, ScaleY: 1}
	for _, c := range []struct {
		shape  []int
		values []float32
		last   bool
		want   []uint16
	}{
		{[]int{3, 1, 2}, []float32{1, 0, 1, 2, 0, 2}, false, []uint16{0, 1}},
		{[]int{1, 2, 3}, []float32{1, 1, 0, 0, 2, 2}, true, []uint16{0, 1}},
		{[]int{2, 1, 2}, []float32{float32(math.Inf(-1)), -7, float32(math.Inf(-1)), float32(math.Inf(1))}, false, []uint16{0, 1}},
	} {
		m, err := Logits.Map(at, []boxes.Tensor{{Name: "o", Shape: c.shape, Values: c.values}}, Options{ClassLast: c.last})
		if err != nil || !slices.Equal(m.Values, c.want) {
			t.Errorf("%v: %v, want %v: %v", c.shape, m, c.want, err)
		}
	}
}

// TestIndices: classes that a graph has chosen itself come to the image's size by nearest neighbours, without the
// padding of a letterbox.
func TestIndices(t *testing.T) {
	values := make([]float32, 16) // 4x4, of which a letterboxed image of 8x4 takes the two rows in the middle
	for i := range values {
		values[i] = float32(i)
	}
	at := boxes.Place{Input: boxes.Size{Width: 4, Height: 4}, Image: boxes.Size{Width: 8, Height: 4}, ScaleX: 0.5, ScaleY: 0.5, Y: 1}
	m, err := Indices.Map(at, []boxes.Tensor{{Name: "o", Shape: []int{4, 4}, Values: values}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for y := range 4 {
		for x := range 8 {
			if want := uint16(4*(1+y/2) + x/2); m.Values[8*y+x] != want {
				t.Fatalf("%d,%d is %d, want %d: %v", x, y, m.Values[8*y+x], want, m.Values)
			}
		}
	}
	for _, bad := range []float32{0.5, 1 << 20, float32(math.NaN()), float32(math.Inf(1))} {
		values[5] = bad
		if _, err := Indices.Map(at, []boxes.Tensor{{Name: "o", Shape: []int{4, 4}, Values: values}}, Options{}); err == nil {
			t.Errorf("%v is a class", bad)
		}
	}
}

// sameInstances holds instances, which may overlap, against a processor's.
func sameInstances(t *testing.T, c golden, m *Map) {
	t.Helper()
	want, n := c.Map.bytes(t), c.Width*c.Height
	if len(m.Segments) != len(c.Classes) {
		t.Errorf("%s, %dx%d, %v: %d instances, want %d", c.Reading, c.Width, c.Height, c.Threshold, len(m.Segments), len(c.Classes))
		return
	}
	shares := m.Shares()
	for i, mask := range m.Masks() {
		s := m.Segments[i]
		if s.Class != c.Classes[i] || math.Abs(float64(s.Score-c.Scores[i])) > 2e-6 {
			t.Errorf("%s: instance %d is %+v, want class %d, %v", c.Reading, i, s, c.Classes[i], c.Scores[i])
		}
		pixels, err := mask.Pixels()
		if err != nil {
			t.Fatal(err)
		}
		differ, share := 0, 0
		for k, in := range pixels {
			if in != (want[i*n+k] != 0) {
				differ++
			}
			if in {
				share++
			}
			if v := m.Values[k]; v != None && int(v) > i && in || in && v == None {
				t.Fatalf("%s: pixel %d of instance %d is of %d", c.Reading, k, i, v)
			}
		}
		if differ > 0 || share != shares[i] {
			t.Errorf("%s, %dx%d: %d pixels of instance %d differ, %d of %d", c.Reading, c.Width, c.Height, differ, i, share, shares[i])
		}
	}
}

// TestMasks: the masks of a map are its pixels.
func TestMasks(t *testing.T) {
	m := &Map{Width: 5, Height: 4, Values: make([]uint16, 20), Segments: make([]Segment, 3)}
	for i := range m.Values {
		m.Values[i] = []uint16{0, 2, None, 0, 0, 2, 2, 1}[i*i%8]
	}
	shares := m.Shares()
	for s, mask := range m.Masks() {
		pixels, err := mask.Pixels()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, in := range pixels {
			if in != (m.Values[i] == uint16(s)) {
				t.Errorf("segment %d: pixel %d", s, i)
			}
			if in {
				n++
			}
		}
		if n != shares[s] {
			t.Errorf("segment %d has %d pixels, and a share of %d", s, n, shares[s])
		}
	}
}

// FuzzMap: whatever outputs there are, nothing panics, and values are those of segments.
func FuzzMap(f *testing.F) {
	f.Add(3, 2, 2, 5, 4, []byte{1, 200, 3, 4, 5, 6}, byte(0))
	f.Add(2, 3, 1, 3, 3, []byte{9}, byte(2))
	f.Fuzz(func(t *testing.T, a, b, c, width, height int, data []byte, how byte) {
		if width > 64 || height > 64 {
			return
		}
		tensor := func(shape ...int) boxes.Tensor {
			n := 1
			for _, d := range shape {
				if d < 0 || d > 64 {
					return boxes.Tensor{Name: "o", Shape: shape}
				}
				n *= d
			}
			values := make([]float32, n)
			for i := range values {
				if len(data) > 0 {
					values[i] = math.Float32frombits(uint32(data[i%len(data)])<<24 | uint32(i)<<13)
				}
			}
			return boxes.Tensor{Name: "o", Shape: shape, Values: values}
		}
		r := Readings[int(how)%len(Readings)]
		if r == Mask2Former && how&16 == 0 {
			return // slow
		}
		outputs := []boxes.Tensor{tensor(a, b, c)}
		if r.Queries() {
			outputs = []boxes.Tensor{tensor(a, b), tensor(a, c, b)}
		}
		m, err := r.Map(squashed(width, height), outputs, Options{As: All[int(how>>5)%len(All)], ClassLast: how&8 != 0, Threshold: 0.1})
		if err != nil {
			return
		}
		for i, v := range m.Values {
			if v != None && int(v) >= len(m.Segments) {
				t.Fatalf("pixel %d is of segment %d of %d", i, v, len(m.Segments))
			}
		}
		m.Masks()
	})
}
