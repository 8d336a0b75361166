package boxes

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"ortho/runner/onnx"
)

func integers(name string, dims ...any) onnx.Value {
	v := output(name, dims...)
	v.Type = onnx.Int64
	return v
}

// faceMaps are YuNet's outputs.
func faceMaps(width, height int) (all []onnx.Value) {
	for _, part := range []struct {
		name string
		n    int
	}{{"cls", 1}, {"obj", 1}, {"bbox", 4}, {"kps", 10}} {
		for _, s := range faceStrides {
			all = append(all, output(fmt.Sprintf("%s_%d", part.name, s), 1, width/s*(height/s), part.n))
		}
	}
	return all
}

// scrfdMaps are SCRFD's outputs.
func scrfdMaps(width, height int) (all []onnx.Value) {
	for _, n := range []int{1, 4, 10} {
		for _, s := range faceStrides {
			all = append(all, output(fmt.Sprint(400+len(all)), 2*(width/s*(height/s)), n))
		}
	}
	return all
}

// TestMatchOthers: families of other programs than YOLO's. What can be read in several ways is.
func TestMatchOthers(t *testing.T) {
	hf := func(class string, classes int) *Graph {
		return &Graph{Exporter: "huggingface", Stated: Stated{Head: class, Source: "config.json", Classes: classes}}
	}
	of := func(g *Graph, outputs ...onnx.Value) *Graph { g.Outputs = outputs; return g }
	sized := func(width, height int) *Graph { return &Graph{Stated: Stated{Width: width, Height: height}} }
	queries := func(n int) []onnx.Value {
		return []onnx.Value{output("logits", "batch", "queries", n), output("pred_boxes", "batch", "queries", 4)}
	}
	one := func() *Graph { return &Graph{Inputs: []onnx.Value{output("images", 3, "height", "width")}} }
	concat := output("758", 1, 85, 22, 22)
	concat.Op = "Concat"
	fast := sized(352, 352)
	fast.Ops = map[string]int{"Softmax": 1, "Sigmoid": 1}
	masks := output("pred_masks", "batch", "queries", "h", "w")
	for name, c := range map[string]struct {
		g    *Graph
		want string
	}{
		"DETR":                   {of(hf("DetrForObjectDetection", 91), queries(92)...), "detr!"},
		"DETR's segmenter":       {of(hf("DetrForSegmentation", 91), append(queries(92), masks)...), "detr!"},
		"YOLOS":                  {of(hf("YolosForObjectDetection", 91), queries(92)...), "detr!"},
		"RT-DETR":                {of(hf("RTDetrForObjectDetection", 80), queries(80)...), "rtdetr!"},
		"D-FINE":                 {of(hf("DFineForObjectDetection", 80), queries(80)...), "rtdetr!"},
		"Deformable DETR":        {of(hf("DeformableDetrForObjectDetection", 91), queries(91)...), "deformable-detr!"},
		"a class that is new":    {of(hf("NextForObjectDetection", 0), queries(80)...), "detr rtdetr deformable-detr"},
		"without files":          {of(&Graph{}, queries(92)...), "detr rtdetr deformable-detr"},
		"without, but of labels": {of(&Graph{Stated: Stated{Classes: 91}}, queries(92)...), "detr"},
		"RF-DETR":                {of(sized(560, 560), output("dets", 1, 300, 4), output("labels", 1, 300, 91)), "rf-detr!"},
		"RF-DETR's segmenter":    {of(sized(560, 560), output("dets", 1, 300, 4), output("labels", 1, 300, 91), output("masks", 1, 300, 90, 90)), "rf-detr!"},
		"raw SSD":                {of(sized(300, 300), output("raw_outputs/box_encodings", 1, 1917, 4), output("raw_outputs/class_predictions", 1, 1917, 91)), "ssd!"},
		"raw SSD without names":  {of(sized(320, 320), output("a", 1, 2034, 4), output("b", 1, 2034, 91)), "ssd"},
		"queries without names":  {of(sized(300, 300), output("a", 1, 100, 4), output("b", 1, 100, 91)), "detr rtdetr deformable-detr"},
		"of another size":        {of(sized(300, 300), output("box_encodings", 1, 3000, 4), output("class_predictions", 1, 3000, 91)), ""},
		"UltraFace":              {of(sized(320, 240), output("scores", 1, 4420, 2), output("boxes", 1, 4420, 4)), "ultraface!"},
		"YuNet":                  {of(sized(640, 640), faceMaps(640, 640)...), "yunet!"},
		"SCRFD":                  {of(sized(640, 640), scrfdMaps(640, 640)...), "scrfd!"},
		"SCRFD without points":   {of(sized(640, 640), scrfdMaps(640, 640)[:6]...), "scrfd!"},
		"FastestDet":             {of(fast, concat), "fastestdet"},
		"features of stride 16":  {of(sized(224, 224), output("y", 1, 320, 14, 14)), ""},
		"RT-DETR of its own":     {of(sized(640, 640), integers("labels", "N", 300), output("boxes", "N", 300, 4), output("scores", "N", 300)), "rtdetr-decoded!"},
		"TensorFlow": {of(&Graph{}, output("detection_boxes:0", 1, "n", 4), output("detection_classes:0", 1, "n"), output("detection_scores:0", 1, "n"), output("num_detections:0", 1)),
			"tf-object-detection!"},
		"torchvision":             {of(one(), output("1", "n", 4), integers("2", "n"), output("3", "n")), "torchvision!"},
		"torchvision, batches":    {of(&Graph{Inputs: []onnx.Value{output("x", 1, 3, 8, 8)}}, output("1", "n", 4), integers("2", "n"), output("3", "n")), ""},
		"torchvision, two scores": {of(one(), output("1", "n", 4), integers("2", "n"), output("3", "n"), output("4", "n")), ""},
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
}

// TestAnchors holds the first and last of an input of 300 pixels, and how many there are.
func TestAnchors(t *testing.T) {
	all := ssdAnchors(300)
	if len(all) != 1917 || all[0] != (anchor{0.5 / 19, 0.5 / 19, 0.1, 0.1}) || all[1916] != (anchor{0.5, 0.5, float32(math.Sqrt(0.95)), float32(math.Sqrt(0.95))}) {
		t.Errorf("%d anchors, from %v to %v", len(all), all[0], all[len(all)-1])
	}
}

// TestOddRows: what three outputs of boxes, scores and classes may hold that is no answer.
func TestOddRows(t *testing.T) {
	head := fitTensorFlow(&Graph{Outputs: []onnx.Value{output("detection_boxes", 1, "n", 4), output("detection_classes", 1, "n"), output("detection_scores", 1, "n"), output("num_detections", 1)}})
	at := Place{Input: Size{64, 64}, Image: Size{64, 64}, ScaleX: 1, ScaleY: 1}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		score, class, count float32
		want                string
	}{
		"one":                 {0.9, 1, 1, ""},
		"a higher count":      {0.9, 1, 1e30, ""},
		"none":                {0.9, 1, 0, ""},
		"a count that is NaN": {0.9, 1, nan, "how many"},
		"half a class":        {0.9, 1.5, 1, "no number of one"},
		"a huge class":        {0.9, 1e30, 1, "no number of one"},
		"NaN":                 {nan, 1, 1, "NaN"},
	} {
		outputs := []Tensor{{"b", []int{1, 4}, []float32{0, 0, 1, 1}}, {"s", []int{1}, []float32{c.score}}, {"c", []int{1}, []float32{c.class}}, {"n", nil, []float32{c.count}}}
		found, err := head.Boxes(at, outputs, head.Rules)
		if c.want == "" && (err != nil || len(found) != int(min(c.count, 1))) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

// FuzzFamilies: no shapes and values of outputs make a head panic.
func FuzzFamilies(f *testing.F) {
	concat := output("y", 1, 8, 2, 4)
	concat.Op = "Concat"
	small := Stated{Width: 64, Height: 32, Classes: 3, Source: "m"}
	graphs := []*Graph{
		{Stated: Stated{Head: "DetrForObjectDetection", Source: "m"}, Outputs: []onnx.Value{output("logits", 1, "q", 4), output("pred_boxes", 1, "q", 4)}},
		{Stated: Stated{Head: "RTDetrForObjectDetection", Source: "m"}, Outputs: []onnx.Value{output("logits", 1, "q", 4), output("pred_boxes", 1, "q", 4)}},
		{Stated: Stated{Width: 32, Height: 32}, Outputs: []onnx.Value{output("class_predictions", 1, 42, 4), output("box_encodings", 1, 42, 4)}},
		{Outputs: []onnx.Value{output("detection_boxes", 1, "n", 4), output("detection_classes", 1, "n"), output("detection_scores", 1, "n"), output("num_detections", 1)}},
		{Inputs: []onnx.Value{output("images", 3, "h", "w")}, Outputs: []onnx.Value{output("1", "n", 4), integers("2", "n"), output("3", "n"), output("4", "n", 2, 3)}},
		{Stated: small, Outputs: faceMaps(64, 32)},
		{Stated: small, Outputs: scrfdMaps(64, 32)},
		{Stated: small, Ops: map[string]int{"Softmax": 1, "Sigmoid": 1}, Outputs: []onnx.Value{concat}},
	}
	for i := range graphs {
		f.Add(uint8(i), uint8(9), true, []byte{1, 2, 3, 4, 200, 66, 7, 8, 9})
	}
	f.Fuzz(func(t *testing.T, which, open uint8, fits bool, data []byte) {
		g := graphs[int(which)%len(graphs)]
		at := Place{Input: Size{64, 32}, Image: Size{50, 3}, ScaleX: 1.28, ScaleY: 32.0 / 3}
		for _, h := range Match(g) {
			var outputs []Tensor
			for i, name := range h.Outputs {
				v := g.Outputs[slices.IndexFunc(g.Outputs, func(v onnx.Value) bool { return v.Name == name })]
				dims := v.Dims
				if len(dims) > 1 && dims[0].Size == 1 {
					dims = dims[1:]
				}
				tensor := Tensor{Name: name}
				n := 1
				for _, d := range dims {
					size := int(d.Size)
					if !d.Fixed() {
						size = int(open)
					}
					if !fits && len(data) > i {
						size = int(data[i]) % 12
					}
					tensor.Shape, n = append(tensor.Shape, size), n*size
				}
				for k := range n {
					v := float32(0)
					if len(data) >= 4 {
						v = math.Float32frombits(binary.LittleEndian.Uint32(data[(4*k+i)%(len(data)-3):]))
					}
					tensor.Values = append(tensor.Values, v)
				}
				outputs = append(outputs, tensor)
			}
			found, err := h.Boxes(at, outputs, h.Rules)
			if err != nil {
				continue
			}
			for _, b := range found {
				h.Points(at, outputs, b)
			}
		}
	})
}
