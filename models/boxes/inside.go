package boxes

import (
	"fmt"
	"math"
	"slices"

	"ortho/runner/onnx"
)

// Detectors that pick and decode their boxes within the graph: an output of boxes, one of scores, one
// of classes.
var (
	rtdetrDecoded = &Family{Name: "rtdetr-decoded", About: "RT-DETR, D-FINE, DEIM of their own repositories: labels, boxes (x1,y1,x2,y2 in pixels of orig_target_sizes) and scores", Fit: fitRTDETRDecoded}
	tensorflow    = &Family{Name: "tf-object-detection", About: "TensorFlow's Object Detection API: detection_boxes (y1,x1,y2,x2 from 0 to 1), detection_scores, detection_classes (from 1)", Fit: fitTensorFlow}
	torchvision   = &Family{Name: "torchvision", About: "Faster and Mask R-CNN, RetinaNet, FCOS, SSD of torchvision: boxes (x1,y1,x2,y2 in pixels of the input), labels (from 1) and scores of one image", Fit: fitTorchvision}
)

// listed decodes outputs of boxes, scores and classes, and of how many there are, which may be missing.
func listed(box func(r [4]float32) [4]float32) func(Size, []Tensor, float32, func(Box)) error {
	return func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
		rects, scores, classes := outputs[0], outputs[1], outputs[2]
		n := len(scores.Values)
		switch {
		case len(rects.Shape) != 2 || rects.Shape[1] != 4 || rects.Shape[0] != n:
			return errShape(rects, fmt.Sprintf("%d rows of four numbers", n))
		case len(classes.Values) != n:
			return errShape(classes, fmt.Sprintf("%d classes", n))
		}
		if len(outputs) > 3 {
			count := outputs[3]
			if len(count.Values) != 1 || !(count.Values[0] >= 0) {
				return errShape(count, "how many boxes there are")
			}
			n = min(n, int(min(count.Values[0], math.MaxInt32)))
		}
		for i := range n {
			score, class := scores.Values[i], classes.Values[i]
			switch {
			case score != score:
				return errNaN(scores, i)
			case !(score > least):
			case !(class >= 0 && class < 1<<24) || class != float32(math.Trunc(float64(class))):
				return fmt.Errorf("output %s: the class of box %d is %v, which is no number of one", classes.Name, i, class)
			default:
				add(Box{Rect: box([4]float32(rects.Values[4*i : 4*i+4])), Score: score, Class: int32(class), At: int32(i)})
			}
		}
		return nil
	}
}

func asItIs(r [4]float32) [4]float32 { return r }

func isInteger(v onnx.Value) bool {
	return v.Kind == "tensor" && (v.Type == onnx.Int64 || v.Type == onnx.Int32)
}

// canvas is what RT-DETR's graphs are asked for boxes of.
const canvas = "orig_target_sizes"

func fitRTDETRDecoded(g *Graph) *Head {
	rects, scores, labels := g.output("boxes"), g.output("scores"), g.output("labels")
	if rects == nil || scores == nil || labels == nil || len(rects.Dims) != 3 || rects.Dims[2].Size != 4 || len(scores.Dims) != 2 || len(labels.Dims) != 2 ||
		!isFloat(*rects) || !isFloat(*scores) || !isInteger(*labels) {
		return nil
	}
	h := &Head{Certain: true, By: "graph (names and shapes of labels, boxes, scores)", Outputs: []string{rects.Name, scores.Name, labels.Name}, Classes: g.Stated.Classes,
		Rules: Rules{Confidence: 0.5}, RulesBy: "ortho (D-FINE's sample has 0.4, RT-DETR's 0.6)", Frame: Pixels, decode: listed(asItIs),
		Reading: "boxes, scores and classes: x1,y1,x2,y2 in pixels of " + canvas + ", which is the input"}
	size := Size{g.Stated.Width, g.Stated.Height}
	if size == (Size{}) {
		size = Size{640, 640}
	}
	h.InputBy = "RT-DETR's inference"
	h.Input = g.ofSize("640", slices.Concat([]Setting{{"resize", "squash"}, {"interpolation", "bilinear"}}, unit))
	if slices.ContainsFunc(g.Inputs, func(v onnx.Value) bool { return v.Name == canvas }) {
		h.Given = []Setting{{canvas, fmt.Sprintf("[%d,%d]", size.Width, size.Height)}}
	}
	return h
}

func fitTensorFlow(g *Graph) *Head {
	rects, scores, classes := g.output("detection_boxes"), g.output("detection_scores"), g.output("detection_classes")
	if rects == nil || scores == nil || classes == nil {
		return nil
	}
	h := &Head{Certain: true, By: "graph (names of detection_boxes, detection_scores, detection_classes)", Outputs: []string{rects.Name, scores.Name, classes.Name},
		Classes: 0, Background: true, Rules: Rules{Confidence: 0.5}, RulesBy: "TensorFlow's visualization_utils", Frame: PartsOfInput,
		Reading: "boxes, scores and classes from 1: y1,x1,y2,x2 from 0 to 1",
		decode:  listed(func(r [4]float32) [4]float32 { return [4]float32{r[1], r[0], r[3], r[2]} })}
	if count := g.output("num_detections"); count != nil {
		h.Outputs = append(h.Outputs, count.Name)
	}
	values := []Setting{{"input-range", "0,255"}, {"mean", "0"}, {"std", "1"}, {"color-order", "rgb"}}
	h.asItIs(g, values, "linear-tf")
	return h
}

// asItIs states an input of each image as it is, where the graph takes any size, or else of all squashed.
func (h *Head) asItIs(g *Graph, values []Setting, filter string) {
	if h.OwnSize = g.Stated.Width == 0; h.OwnSize {
		h.Input = append([]Setting{{"resize", "none"}}, values...)
		return
	}
	h.Input = append([]Setting{{"resize", "squash"}, {"interpolation", filter}}, values...)
}

// fitTorchvision fits by types and ranks: exports give no names, and have the outputs in different orders.
func fitTorchvision(g *Graph) *Head {
	var rects, scores, labels *onnx.Value
	h := &Head{Certain: true, By: "graph (types and shapes of the outputs)", Background: true, Rules: Rules{Confidence: 0.5}, RulesBy: "ortho (torchvision has none but the graph's own)",
		Frame: Pixels, Reading: "boxes, scores and classes from 1: x1,y1,x2,y2 in pixels of the input"}
	var points, masks string
	for i := range g.Outputs {
		v := &g.Outputs[i]
		switch to := &scores; {
		case isInteger(*v) && len(v.Dims) == 1:
			to = &labels
			fallthrough
		case isFloat(*v) && len(v.Dims) == 1:
			if *to != nil {
				return nil
			}
			*to = v
		case isFloat(*v) && len(v.Dims) == 2 && v.Dims[1].Size == 4:
			if rects != nil {
				return nil
			}
			rects = v
		case isFloat(*v) && len(v.Dims) == 3 && (v.Dims[2].Size == 3 || !v.Dims[2].Fixed()): // Keypoint R-CNN
			h.Keypoints, points = [2]int{17, 3}, v.Name
			if n := v.Dims[1]; n.Fixed() && n.Size > 0 {
				h.Keypoints[0] = int(min(n.Size, 1000))
			}
		case isFloat(*v) && len(v.Dims) == 4: // Mask R-CNN
			masks = v.Name
		}
	}
	if rects == nil || scores == nil || labels == nil || !slices.ContainsFunc(g.Inputs, func(v onnx.Value) bool { return len(v.Dims) == 3 }) {
		return nil
	}
	h.Outputs = []string{rects.Name, scores.Name, labels.Name}
	decode := listed(asItIs)
	h.decode = func(in Size, outputs []Tensor, least float32, add func(Box)) error {
		return decode(in, outputs[:3], least, add)
	}
	if points != "" {
		h.Outputs = append(h.Outputs, points)
		h.extra = func(_ Size, outputs []Tensor, at int32) []float32 {
			v, boxes := outputs[3].Values, len(outputs[1].Values)
			of := len(v) / boxes
			return slices.Clone(v[int(at)*of:][:of])
		}
	}
	if masks != "" {
		last := len(h.Outputs)
		h.Outputs, h.Masks = append(h.Outputs, masks), true
		h.mask = func(at Place, outputs []Tensor, b Box) (*RLE, error) { return painted(at, outputs[last], b) }
	}
	h.InputBy = "torchvision"
	h.asItIs(g, unit, "bilinear")
	return h
}
