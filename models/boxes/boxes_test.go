package boxes

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/runner/onnx"
)

// output is an output of a graph: numbers are fixed dimensions, names open ones.
func output(name string, dims ...any) onnx.Value {
	v := onnx.Value{Name: name, Kind: "tensor", Type: onnx.Float, Ranked: true}
	for _, d := range dims {
		switch d := d.(type) {
		case int:
			v.Dims = append(v.Dims, onnx.Dim{Size: int64(d)})
		case string:
			v.Dims = append(v.Dims, onnx.Dim{Size: -1, Name: d})
		}
	}
	return v
}

// TestMatch: which families a graph may belong to. Metadata make one certain; shapes alone may leave
// several.
func TestMatch(t *testing.T) {
	ultralytics := func(s Stated) *Graph { s.Source = "ONNX metadata"; return &Graph{Exporter: "ultralytics", Stated: s} }
	of := func(g *Graph, outputs ...onnx.Value) *Graph { g.Outputs = outputs; return g }
	sized := func(classes int) *Graph { return &Graph{Stated: Stated{Width: 640, Height: 640, Classes: classes}} }
	exp := sized(0)
	exp.Ops = map[string]int{"Exp": 2}
	for name, c := range map[string]struct {
		g    *Graph
		want string
	}{
		"v8":                   {of(ultralytics(Stated{Task: "detect", Classes: 80}), output("output0", 1, 84, 8400)), "yolov8!"},
		"v8, dynamic":          {of(ultralytics(Stated{Task: "detect", Classes: 80}), output("output0", "batch", 84, "anchors")), "yolov8!"},
		"v8, all open":         {of(ultralytics(Stated{Task: "detect", Classes: 80}), output("output0", "batch", "c", "n")), "yolov8!"},
		"v8, of other classes": {of(ultralytics(Stated{Task: "detect", Classes: 3}), output("output0", 1, 84, 8400)), ""},
		"v10":                  {of(ultralytics(Stated{Task: "detect", Classes: 80, EndToEnd: true, Head: "v10Detect"}), output("output0", 1, 300, 6)), "yolov10!"},
		"v10, older":           {of(ultralytics(Stated{Task: "detect", Classes: 80}), output("output0", 1, 300, 6)), "yolov10!"},
		"v10 or RT-DETR":       {of(ultralytics(Stated{Task: "detect", Classes: 2}), output("output0", 1, 300, 6)), "yolov10 rtdetr-ultralytics"},
		"NMS inside, open":     {of(ultralytics(Stated{Task: "detect", Classes: 80, NMSInside: true}), output("output0", "batch", "n", "m")), "yolov10!"},
		"RT-DETR":              {of(ultralytics(Stated{Task: "detect", Classes: 80, Head: "RTDETRDecoder"}), output("output0", 1, 300, 6)), "rtdetr-ultralytics!"},
		"RT-DETR, older":       {of(ultralytics(Stated{Task: "detect", Classes: 80}), output("output0", 1, 300, 84)), "rtdetr-ultralytics!"},
		"segment":              {of(ultralytics(Stated{Task: "segment", Classes: 80}), output("output0", 1, 116, 8400), output("output1", 1, 32, 160, 160)), "yolov8-seg!"},
		"segment, end to end":  {of(ultralytics(Stated{Task: "segment", Classes: 80, EndToEnd: true}), output("output0", 1, 300, 38), output("output1", 1, 32, 160, 160)), "yolov10-seg!"},
		"pose":                 {of(ultralytics(Stated{Task: "pose", Classes: 1, Keypoints: [2]int{17, 3}}), output("output0", 1, 56, 8400)), "yolov8-pose!"},
		"obb":                  {of(ultralytics(Stated{Task: "obb", Classes: 15}), output("output0", 1, 20, 21504)), "yolov8-obb!"},
		"v8 without metadata":  {of(sized(80), output("output0", 1, 84, 8400)), "yolov8"},
		"and without labels":   {of(sized(0), output("output0", 1, 84, 8400)), "yolov8 yolov8-obb"},
		"boxes of six":         {of(sized(80), output("output0", 1, 300, 6)), "yolov10 rtdetr-ultralytics"},
		"YOLOv5":               {of(sized(0), output("output", 1, 25200, 85)), "yolov5"},
		"YOLOX":                {of(sized(0), output("output", 1, 8400, 85)), "yolov6 yolox"},
		"YOLOX, decoded":       {of(exp, output("output", 1, 8400, 85)), "yolox-decoded"},
		"features":             {of(sized(0), output("last_hidden_state", 1, 197, 768)), ""},
		"a map":                {of(sized(0), output("logits", 1, 150, 160, 160)), ""},
		"nothing":              {of(sized(0)), ""},
	} {
		var got []string
		for _, h := range Match(c.g) {
			certain := ""
			if h.Certain {
				certain = "!"
			}
			got = append(got, h.Family.Name+certain)
			if h.decode == nil || h.By == "" || h.Reading == "" || h.RulesBy == "" || len(h.Input) == 0 {
				t.Errorf("%s: %+v is not complete", name, h)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
	names := map[string]bool{}
	for _, f := range Families {
		if names[f.Name] || f.About == "" {
			t.Errorf("%s is there twice, or says nothing of itself", f.Name)
		}
		names[f.Name] = true
	}
}

func random(n, classes int, rng *rand.Rand) []Box {
	all := make([]Box, n)
	for i := range all {
		x, y := rng.Float32()*640, rng.Float32()*640
		all[i] = Box{Rect: [4]float32{x, y, x + rng.Float32()*200, y + rng.Float32()*200}, Score: rng.Float32(), Class: int32(rng.IntN(classes)), At: int32(i)}
	}
	return all
}

// plain is suppression as torchvision and YOLOX write it down, without any short cut.
func plain(r Rules, all []Box) (kept []Box) {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b Box) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	one := float32(0)
	if r.Suppression == PlusOne {
		one = 1
	}
	moved := func(b Box) (m [4]float32) {
		for i, v := range b.Rect {
			m[i] = v
			if !r.Agnostic {
				m[i] += float32(b.Class) * classOffset
			}
		}
		return m
	}
	area := func(b [4]float32) float32 { return (b[2] - b[0] + one) * (b[3] - b[1] + one) }
next:
	for _, b := range order {
		for _, k := range kept {
			m, n := moved(k), moved(b)
			inter := max(0, min(m[2], n[2])-max(m[0], n[0])+one) * max(0, min(m[3], n[3])-max(m[1], n[1])+one)
			if float64(inter/(area(m)+area(n)-inter)) > r.Overlap {
				continue next
			}
		}
		kept = append(kept, b)
	}
	if r.Most > 0 {
		kept = kept[:min(r.Most, len(kept))]
	}
	return kept
}

// TestSuppression: what is left is what the plain rule leaves, in its order: of boxes anywhere, of equal
// scores, of none.
func TestSuppression(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, r := range []Rules{
		{Overlap: 0.7, Most: 300, Suppression: Torch}, {Overlap: 0.45, Suppression: Torch, Agnostic: true}, {Overlap: 0.45, Agnostic: true, Suppression: PlusOne},
		{Overlap: 0.3, Suppression: PlusOne}, {Overlap: 0, Suppression: Torch}, {Overlap: 1, Suppression: Torch, Most: 5},
	} {
		for _, n := range []int{0, 1, 2, 700} {
			for _, spread := range []float32{1, 40} { // far boxes of different classes may meet when they are moved
				all := random(n, 5, rng)
				for i := range all {
					for k := range all[i].Rect {
						all[i].Rect[k] *= spread
					}
					if i%3 == 0 {
						all[i].Score = 0.5
					}
					if i%50 == 0 {
						all[i].Rect[2] = all[i].Rect[0] // of no size
					}
				}
				if got, want := r.pick(all), plain(r, all); !slices.Equal(got, want) {
					t.Errorf("%+v of %d boxes: %d are left, want %d", r, n, len(got), len(want))
				}
			}
		}
	}
}

// TestOrder: best first; of equal scores, of which 0 and -0 are, the first first.
func TestOrder(t *testing.T) {
	zero := float32(0)
	all := []Box{{Score: 0.5}, {Score: -1}, {Score: 0.9}, {Score: 0.5}, {Score: 7}, {Score: -3}, {Score: zero}, {Score: 0.9}}
	if got := byScore(all); !slices.Equal(got, []int32{4, 2, 7, 0, 3, 6, 1, 5}) {
		t.Errorf("%v", got)
	}
}

// TestOddAnswers: values that are no numbers, shapes that are others, a million boxes.
func TestOddAnswers(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	head := Match(&Graph{Exporter: "ultralytics", Stated: Stated{Task: "detect", Classes: 1, Source: "m"}, Outputs: []onnx.Value{output("y", 1, 5, "n")}})[0]
	at := Place{Input: Size{64, 64}, Image: Size{640, 320}, ScaleX: 0.1, ScaleY: 0.1, Y: 16}
	of := func(values ...float32) []Tensor { return []Tensor{{"y", []int{5, len(values) / 5}, values}} }
	for name, c := range map[string]struct {
		outputs []Tensor
		want    string
	}{
		"a score that is NaN":   {of(1, 1, 1, 1, nan), "NaN"},
		"a box that is NaN":     {of(nan, 1, 1, 1, 0.9), "can't be used"},
		"a box without an end":  {of(1, 1, inf, 1, 0.9), "can't be used"},
		"and one without score": {of(1, 1, inf, 1, 0.1), ""},
		"no places":             {of(), ""},
		"another shape":         {[]Tensor{{"y", []int{4, 1}, make([]float32, 4)}}, "is not columns"},
		"fewer values":          {[]Tensor{{"y", []int{5, 2}, make([]float32, 5)}}, "values for a shape"},
		"no output":             {nil, "0 outputs"},
	} {
		found, err := head.Boxes(at, c.outputs, head.Rules)
		if c.want == "" && (err != nil || len(found) > 0) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, %v, want %q", name, found, err, c.want)
		}
	}
	found, err := head.Boxes(at, of(32, 32, 640, 640, 0.9), head.Rules)
	if err != nil || len(found) != 1 || found[0].Rect != [4]float32{0, 0, 640, 320} {
		t.Errorf("a box beyond the image: %v, %v", found, err)
	}
	const million = 1 << 20
	rng, many := rand.New(rand.NewPCG(3, 4)), make([]float32, 5*million)
	for i := range many {
		many[i] = rng.Float32()
		if i < 4*million {
			many[i] *= 64
		}
	}
	begun := time.Now()
	if found, err = head.Boxes(at, of(many...), head.Rules); err != nil || len(found) == 0 || len(found) > 300 {
		t.Errorf("a million boxes: %d are left, %v", len(found), err)
	}
	t.Logf("a million boxes: %v", time.Since(begun))
}

// TestMasks: runs read back, and what is none is refused.
func TestMasks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		image := Size{1 + rng.IntN(40), 1 + rng.IntN(40)}
		x, y := rng.IntN(image.Width), rng.IntN(image.Height)
		of := area{x, y, x + 1 + rng.IntN(image.Width-x), y + 1 + rng.IntN(image.Height-y)}
		s := &surface{of.x1 - of.x0, of.y1 - of.y0, make([]float32, (of.x1-of.x0)*(of.y1-of.y0))}
		want, any := make([]bool, image.Width*image.Height), false
		for i := range s.values {
			s.values[i] = rng.Float32() - 0.5
			want[(of.y0+i/s.width)*image.Width+of.x0+i%s.width] = s.values[i] > 0
			any = any || s.values[i] > 0
		}
		m := runs(s, of, image)
		if (m != nil) != any {
			t.Fatalf("%v of %v", m, s.values)
		}
		if m == nil {
			continue
		}
		if got, err := m.Pixels(); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%dx%d, %+v: %v", image.Width, image.Height, of, err)
		}
	}
	for _, bad := range []RLE{{[2]int{0, 1}, "0"}, {[2]int{2, 2}, ""}, {[2]int{2, 2}, "o"}, {[2]int{2, 2}, "9"}, {[2]int{2, 2}, "\x01"}, {[2]int{1 << 20, 1 << 20}, "0"}} {
		if _, err := bad.Pixels(); err == nil {
			t.Errorf("%+v is read", bad)
		}
	}
}

// FuzzBoxes: no values of outputs make a head panic, or give boxes that are not finite.
func FuzzBoxes(f *testing.F) {
	f.Add(uint8(0), uint8(9), uint8(20), []byte{1, 2, 3, 4})
	graphs := []*Graph{
		{Exporter: "ultralytics", Stated: Stated{Task: "detect", Classes: 3, Source: "m"}, Outputs: []onnx.Value{output("y", 1, 7, "n")}},
		{Exporter: "ultralytics", Stated: Stated{Task: "segment", Classes: 3, Source: "m"}, Outputs: []onnx.Value{output("y", 1, 9, "n"), output("p", 1, 2, 8, 8)}},
		{Exporter: "ultralytics", Stated: Stated{Task: "pose", Classes: 1, Keypoints: [2]int{2, 3}, Source: "m"}, Outputs: []onnx.Value{output("y", 1, 11, "n")}},
		{Exporter: "ultralytics", Stated: Stated{Task: "obb", Classes: 2, Source: "m"}, Outputs: []onnx.Value{output("y", 1, 7, "n")}},
		{Exporter: "ultralytics", Stated: Stated{Task: "detect", Classes: 3, EndToEnd: true, Source: "m"}, Outputs: []onnx.Value{output("y", 1, "n", 6)}},
		{Exporter: "ultralytics", Stated: Stated{Task: "detect", Classes: 3, Head: "RTDETRDecoder", Source: "m"}, Outputs: []onnx.Value{output("y", 1, "n", 6)}},
		{Stated: Stated{Classes: 3}, Outputs: []onnx.Value{output("y", 1, "n", 8)}},
	}
	f.Fuzz(func(t *testing.T, which, rows, columns uint8, data []byte) {
		g := graphs[int(which)%len(graphs)]
		values := func(n int) []float32 {
			v := make([]float32, n)
			for i := range v {
				if len(data) >= 4 {
					v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i%(len(data)-3):]))
				}
			}
			return v
		}
		outputs := []Tensor{{"y", []int{int(rows), int(columns)}, values(int(rows) * int(columns))}}
		if len(g.Outputs) > 1 {
			outputs = append(outputs, Tensor{"p", []int{2, 8, 8}, values(128)})
		}
		at := Place{Input: Size{32, 32}, Image: Size{50, 3}, ScaleX: 0.64, ScaleY: 2.0 / 3, Y: 15}
		for _, h := range Match(g) {
			found, err := h.Boxes(at, outputs, h.Rules)
			if err != nil {
				continue
			}
			for i, b := range found {
				if i > 0 && b.Score > found[i-1].Score {
					t.Fatalf("%s: %+v", h.Family.Name, b)
				}
				h.Points(at, outputs, b)
				if h.Masks {
					h.Mask(at, outputs, b)
				}
			}
		}
	})
}

func BenchmarkSuppression(b *testing.B) {
	all := random(100_000, 80, rand.New(rand.NewPCG(7, 8)))
	r := Rules{Overlap: 0.7, Most: 300, Suppression: Torch}
	for b.Loop() {
		r.pick(all)
	}
}
