package boxes

import (
	"fmt"
	"math"

	"ortho/runner/onnx"
)

// ssd is the head of an SSD as TensorFlow's Object Detection API trains it, before anything is decoded:
// what MediaPipe's and TensorFlow Lite's models give that have no post-processing of their own.
//
// Sources: object_detection/anchor_generators/multiple_grid_anchor_generator.py (create_ssd_anchors),
// box_coders/faster_rcnn_box_coder.py (scale factors 10, 10, 5, 5); MediaPipe's SsdAnchorsCalculator,
// TensorsToDetectionsCalculator and NonMaxSuppressionCalculator as Objectron's ObjectDetectionOidV4Subgraph sets
// them, of which the rules are.
var ssd = &Family{Name: "ssd", About: "raw SSD of TensorFlow and MediaPipe: y,x,log h,log w to six grids of anchors, and logits of the background and the classes", Fit: fitSSD}

var mediapipeRules = Rules{Confidence: 0.5, Overlap: 0.5, Most: 100, Agnostic: true, Suppression: Torch}

func fitSSD(g *Graph) *Head {
	logits, rects, named := g.perBox("class_predictions", "box_encodings")
	if logits == nil {
		return nil
	}
	places, width := rects.Dims[1], logits.Dims[2]
	edge := ssdEdge(g.Stated.Width, g.Stated.Height, places)
	if edge == 0 || !width.Fixed() || width.Size < 2 || width.Size > mostClasses {
		return nil
	}
	h := &Head{Certain: named, By: "graph (names and shapes of " + logits.Name + ", " + rects.Name + ")", Outputs: []string{logits.Name, rects.Name},
		Classes: int(width.Size), Background: true, Rules: mediapipeRules, RulesBy: "MediaPipe's ObjectDetectionOidV4Subgraph", Frame: PartsOfInput,
		Input: shown("squash", "linear-cv2", Setting{"input-range", "-1,1"}, Setting{"mean", "0"}, Setting{"std", "1"}, Setting{"color-order", "rgb"})}
	h.Reading = "for each of the anchors of six grids the best class but the background, by the sigmoid of its logit; y,x,log h,log w to the anchor"
	score := sigmoid
	if logits.Op == "Sigmoid" || logits.Op == "Softmax" {
		h.Reading = "for each of the anchors of six grids the best class but the background; y,x,log h,log w to the anchor"
		score = func(v float32) float32 { return v }
	}
	all := ssdAnchors(edge)
	h.decode = func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
		n, width, err := rowsAndRects(outputs)
		if err != nil {
			return err
		}
		if n != len(all) || width < 2 {
			return errShape(outputs[1], fmt.Sprintf("rows for %d anchors", len(all)))
		}
		for i, a := range all {
			best, class := float32(math.Inf(-1)), 0
			for c, v := range outputs[0].Values[i*width+1 : (i+1)*width] {
				if !(v <= best) {
					if v != v {
						return errNaN(outputs[0], i)
					}
					best, class = v, c+1
				}
			}
			if s := score(best); s > least {
				add(Box{Rect: a.box(outputs[1].Values[4*i : 4*i+4]), Score: s, Class: int32(class), At: int32(i)})
			}
		}
		return nil
	}
	return h
}

// anchor is a box from 0 to 1 that encoded ones are told by.
type anchor struct{ y, x, h, w float32 }

// box decodes y, x, log h and log w.
func (a anchor) box(v []float32) [4]float32 {
	const near, size = 10, 5 // the variances 0.1 and 0.2
	h, w := float32(math.Exp(float64(v[2]/size)))*a.h, float32(math.Exp(float64(v[3]/size)))*a.w
	return corners([4]float32{v[1]/near*a.w + a.x, v[0]/near*a.h + a.y, w, h})
}

const ssdLayers = 6

// ssdGrids are the edges of the grids of a square input.
func ssdGrids(edge int) (grids [ssdLayers]int, anchors int) {
	n := ceil(edge, 16)
	for i := range grids {
		per := 6
		if i == 0 {
			per = 3
		}
		grids[i] = n
		anchors += per * n * n
		n = ceil(n, 2)
	}
	return grids, anchors
}

// ssdEdge is that of the square input which has so many anchors; 0 where there is none.
func ssdEdge(width, height int, places onnx.Dim) int {
	fits := func(edge int) bool {
		_, n := ssdGrids(edge)
		return !places.Fixed() || places.Size == int64(n)
	}
	if width > 0 || !places.Fixed() {
		if width != height || width <= 0 || width > 4096 || !fits(width) {
			return 0
		}
		return width
	}
	for edge := 16; edge <= 2048; edge += 4 {
		if fits(edge) {
			return edge
		}
	}
	return 0
}

// ssdAnchors are those of a square input, from 0 to 1: of scales from 0.2 to 0.95, and five ratios, with a
// sixth between two scales; three alone in the first grid.
func ssdAnchors(edge int) (all []anchor) {
	const least, most = 0.2, 0.95
	scale := func(layer int) float64 {
		if layer == ssdLayers {
			return 1
		}
		return least + (most-least)*float64(layer)/(ssdLayers-1)
	}
	grids, n := ssdGrids(edge)
	all = make([]anchor, 0, n)
	for layer, n := range grids {
		s := scale(layer)
		shapes := [][2]float64{{s, 1}, {s, 2}, {s, 0.5}, {s, 3}, {s, 0.3333}, {math.Sqrt(s * scale(layer+1)), 1}}
		if layer == 0 {
			shapes = [][2]float64{{0.1, 1}, {s, 2}, {s, 0.5}}
		}
		for y := range n {
			for x := range n {
				for _, k := range shapes {
					root := math.Sqrt(k[1])
					all = append(all, anchor{float32((float64(y) + 0.5) / float64(n)), float32((float64(x) + 0.5) / float64(n)), float32(k[0] / root), float32(k[0] * root)})
				}
			}
		}
	}
	return all
}
