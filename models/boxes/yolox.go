package boxes

import (
	"fmt"
	"math"
)

// YOLOX (demo/ONNXRuntime, utils/demo_utils.py), exported as it is by default, or with
// decode_in_inference.
var (
	yolox        = &Family{Name: "yolox", About: "YOLOX: a row for each cell, dx,dy,log w,log h in strides, objectness, scores", Fit: fitYOLOX(false)}
	yoloxDecoded = &Family{Name: "yolox-decoded", About: "YOLOX with decode_in_inference: a row for each cell, cx,cy,w,h in pixels, objectness, scores", Fit: fitYOLOX(true)}
)

func fitYOLOX(decoded bool) func(g *Graph) *Head {
	return func(g *Graph) *Head {
		h := fitObjectness(g, 1)
		if h == nil || decoded != (g.Ops["Exp"] > 0) {
			return nil
		}
		h.Rules, h.RulesBy = Rules{Confidence: 0.1, Overlap: 0.45, Agnostic: true, Suppression: PlusOne}, "YOLOX's demo"
		h.Frame = TopLeft
		h.Input = []Setting{{"resize", "letterbox-truncated"}, {"pad-at", "start"}, {"interpolation", "linear-cv2"}, {"fill", "114"}, {"orientation", "exif"},
			{"input-range", "0,255"}, {"mean", "0"}, {"std", "1"}, {"color-order", "bgr"}}
		if decoded {
			h.By += ", its Exp: sizes are decoded"
			h.decode = rowsOfScores(5, nil)
			return h
		}
		h.By += ", without Exp: sizes are not decoded"
		h.Reading = "a row for each cell of the grids of strides 8, 16, 32: dx,dy,log w,log h, whether there is anything, the scores of the classes"
		h.decode = rowsOfScores(5, gridded)
		return h
	}
}

// gridded takes boxes out of the cells' coordinates.
func gridded(in Size, n int) (func(int, []float32) [4]float32, error) {
	strides := stridesOf(in, n, 1)
	if strides == nil {
		return nil, fmt.Errorf("%d places are not those of an input of %dx%d with strides of 8, 16 and 32", n, in.Height, in.Width)
	}
	type grid struct{ from, width, stride int }
	var grids []grid
	from := 0
	for _, s := range strides {
		w, h := ceil(in.Width, s), ceil(in.Height, s)
		grids = append(grids, grid{from, w, s})
		from += w * h
	}
	return func(at int, r []float32) [4]float32 {
		g := grids[0]
		for _, next := range grids[1:] {
			if at >= next.from {
				g = next
			}
		}
		x, y, s := (at-g.from)%g.width, (at-g.from)/g.width, float64(g.stride)
		return [4]float32{float32((float64(r[0]) + float64(x)) * s), float32((float64(r[1]) + float64(y)) * s),
			float32(float64(float32(math.Exp(float64(r[2])))) * s), float32(float64(float32(math.Exp(float64(r[3])))) * s)}
	}, nil
}
