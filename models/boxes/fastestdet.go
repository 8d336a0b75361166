package boxes

import "math"

// fastestdet is FastestDet of its own repository (example/onnx-runtime/runtime.py): a map of the cells of
// stride 16, with whether there is anything, x, y, w, h and the scores of the classes. Its boxes are
// whole pixels of the image, cut off, before overlaps are looked at.
var fastestdet = &Family{Name: "fastestdet", About: "FastestDet: a map of stride 16 with objectness, dx,dy,w,h and the scores of classes", Fit: fitFastestDet}

func fitFastestDet(g *Graph) *Head {
	if len(g.Outputs) != 1 || g.Outputs[0].Op != "Concat" || g.Ops["Softmax"] == 0 || g.Ops["Sigmoid"] == 0 {
		return nil
	}
	out := g.Outputs[0]
	if len(out.Dims) != 4 || !isFloat(out) || !out.Dims[1].Fixed() || out.Dims[1].Size < 6 || out.Dims[1].Size > mostClasses {
		return nil
	}
	rows, cols := out.Dims[2], out.Dims[3]
	if !rows.Fixed() || !cols.Fixed() || rows.Size < 2 || g.Stated.Width > 0 && (cols.Size*16 != int64(g.Stated.Width) || rows.Size*16 != int64(g.Stated.Height)) {
		return nil
	}
	classes := int(out.Dims[1].Size) - 5
	if g.Stated.Classes > 0 && g.Stated.Classes != classes {
		return nil
	}
	h := &Head{By: "graph (shape of " + out.Name + ": cells of stride 16)", Outputs: []string{out.Name}, Classes: classes, Frame: Truncated,
		Rules: Rules{Confidence: 0.65, Overlap: 0.45, Agnostic: true, Suppression: PlusOne}, RulesBy: "FastestDet's runtime.py",
		Reading: "for each cell objectness^0.6 times the best class's score^0.4; the tanh of dx,dy in cells, the sigmoid of w,h from 0 to 1",
		Input:   []Setting{{"resize", "squash"}, {"interpolation", "area-cv2"}, {"orientation", "exif"}, {"input-range", "0,1"}, {"mean", "0"}, {"std", "1"}, {"color-order", "bgr"}}}
	h.decode = func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
		t := outputs[0]
		if len(t.Shape) != 3 || t.Shape[0] < 6 {
			return errShape(t, "a map of cells")
		}
		rows, cols := t.Shape[1], t.Shape[2]
		n := rows * cols
		for i := range n {
			v := func(c int) float32 { return t.Values[c*n+i] }
			best, class := v(5), 0
			for c := 1; c < t.Shape[0]-5; c++ {
				if s := v(5 + c); !(s <= best) {
					best, class = s, c
				}
			}
			score := float32(math.Pow(float64(v(0)), 0.6) * math.Pow(float64(best), 0.4))
			if score != score {
				return errNaN(t, i)
			}
			if !(score > least) {
				continue
			}
			x := (float64(i%cols) + math.Tanh(float64(v(1)))) / float64(cols)
			y := (float64(i/cols) + math.Tanh(float64(v(2)))) / float64(rows)
			add(Box{Rect: corners([4]float32{float32(x), float32(y), sigmoid(v(3)), sigmoid(v(4))}), Score: score, Class: int32(class), At: int32(i)})
		}
		return nil
	}
	return h
}
