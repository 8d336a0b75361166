package boxes

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// Detectors that answer a fixed number of queries: DETR and its kin, as Hugging Face's Optimum exports
// them, and RF-DETR of its own repository. Their boxes are cx, cy, w and h from 0 to 1, and none overlaps are
// taken out.
var (
	detr = &Family{Name: "detr", About: "DETR, YOLOS, Table Transformer of Hugging Face: logits of the classes and of no object, the last, for each query; cx,cy,w,h from 0 to 1",
		Fit: func(g *Graph) *Head { return fitQueries(g, "detr") }}
	rtdetr = &Family{Name: "rtdetr", About: "RT-DETR, RT-DETR v2, D-FINE, DEIM, RF-DETR of Hugging Face: logits of the classes for each query, the sigmoid of each a score; cx,cy,w,h from 0 to 1",
		Fit: func(g *Graph) *Head { return fitQueries(g, "rtdetr") }}
	deformableDETR = &Family{Name: "deformable-detr", About: "Deformable, Conditional, LW-DETR of Hugging Face: as rtdetr, the best 100",
		Fit: func(g *Graph) *Head { return fitQueries(g, "deformable-detr") }}
	rfdetr = &Family{Name: "rf-detr", About: "RF-DETR of its own repository: dets (cx,cy,w,h from 0 to 1) and labels (logits of the classes) for each query, the sigmoid of each a score",
		Fit: fitRFDETR}
)

// queryClasses are transformers' classes of models whose post_process_object_detection is a family's.
var queryClasses = map[string][]string{
	"detr":            {"DetrForObjectDetection", "DetrForSegmentation", "YolosForObjectDetection", "TableTransformerForObjectDetection"},
	"rtdetr":          {"RTDetrForObjectDetection", "RTDetrV2ForObjectDetection", "DFineForObjectDetection", "Deimv2ForObjectDetection", "RfDetrForObjectDetection"},
	"deformable-detr": {"ConditionalDetrForObjectDetection", "DeformableDetrForObjectDetection", "LwDetrForObjectDetection"},
}

// pipelineRules are those of transformers' object-detection pipeline.
var pipelineRules = Rules{Confidence: 0.5}

const pipeline = "transformers' object-detection pipeline"

// imagenet are the mean and standard deviation that models of torch are often given.
var imagenet = []Setting{{"input-range", "0,1"}, {"mean", "0.485,0.456,0.406"}, {"std", "0.229,0.224,0.225"}, {"color-order", "rgb"}}

// unit is an input of values from 0 to 1.
var unit = []Setting{{"input-range", "0,1"}, {"mean", "0"}, {"std", "1"}, {"color-order", "rgb"}}

// shown is how an image is brought to the input's size, upright.
func shown(resize, filter string, rest ...Setting) []Setting {
	return append([]Setting{{"resize", resize}, {"interpolation", filter}, {"orientation", "exif"}}, rest...)
}

// output is the one with a name, or with that name and what exporters put around it; nil where
// there is none.
func (g *Graph) output(name string) *onnx.Value {
	at := slices.IndexFunc(g.Outputs, func(v onnx.Value) bool {
		own, _, _ := strings.Cut(v.Name, ":")
		return own == name || strings.HasSuffix(own, "/"+name)
	})
	if at < 0 {
		return nil
	}
	return &g.Outputs[at]
}

// perBox finds two outputs that have a row for each of the same places: of numbers of their own, and of
// the four of a box. They are those with the names, or else, where there are two alone, those of such
// shapes; named says which.
func (g *Graph) perBox(numbers, rects string) (n, r *onnx.Value, named bool) {
	n, r = g.output(numbers), g.output(rects)
	if named = n != nil && r != nil; !named {
		if len(g.Outputs) != 2 {
			return nil, nil, false
		}
		n, r = &g.Outputs[0], &g.Outputs[1]
		if len(n.Dims) == 3 && n.Dims[2].Size == 4 {
			n, r = r, n
		}
	}
	rows := func(v *onnx.Value) bool { return len(v.Dims) == 3 && isFloat(*v) }
	if !rows(n) || !rows(r) || r.Dims[2].Size != 4 || n.Dims[1].Fixed() && r.Dims[1].Fixed() && n.Dims[1].Size != r.Dims[1].Size {
		return nil, nil, false
	}
	return n, r, named
}

// mostQueries is how many queries outputs without names may be of.
const mostQueries = 1500

func fitQueries(g *Graph, family string) *Head {
	logits, rects, named := g.perBox("logits", "pred_boxes")
	if logits == nil || g.byUltralytics() {
		return nil
	}
	width := logits.Dims[2]
	if !named && (!width.Fixed() || width.Size > mostClasses || !rects.Dims[1].Fixed() || rects.Dims[1].Size > mostQueries) {
		return nil
	}
	stated := slices.Contains(queryClasses[family], g.Stated.Head)
	for other, classes := range queryClasses {
		if other != family && slices.Contains(classes, g.Stated.Head) {
			return nil
		}
	}
	none := 0 // numbers beside those of the classes
	if family == "detr" {
		none = 1
	}
	classes := g.Stated.Classes
	switch {
	case width.Fixed() && classes > 0 && width.Size != int64(classes+none) && !stated:
		return nil
	case width.Fixed():
		if classes = int(min(width.Size, math.MaxInt32)) - none; classes < 1 {
			return nil
		}
	}
	h := &Head{Certain: stated && named, By: "graph (names and shapes of " + logits.Name + ", " + rects.Name + ")", Outputs: []string{logits.Name, rects.Name}, Classes: classes,
		Rules: pipelineRules, RulesBy: pipeline, Frame: Parts}
	if stated {
		h.By = g.Stated.Source
	}
	h.Reading = "for each query the best class, by the sigmoid of its logit: all pairs of a query and a class, the best as many as there are queries; cx,cy,w,h from 0 to 1"
	switch family {
	case "detr":
		h.Reading = "for each query the best class, by the softmax of the logits, of which the last is of no object; cx,cy,w,h from 0 to 1"
		h.decode, h.Input = softmaxed, shown("squash", "bilinear", imagenet...)
	case "rtdetr":
		h.decode, h.Input = pairs(0), shown("squash", "bilinear", unit...)
	default:
		h.Reading = "all pairs of a query and a class, by the sigmoid of its logit, the best 100; cx,cy,w,h from 0 to 1"
		h.decode, h.Input = pairs(100), shown("squash", "bilinear", imagenet...)
	}
	return h
}

// fitRFDETR fits rfdetr's export (rfdetr 1.11: dets, labels, and masks of a segmenter).
func fitRFDETR(g *Graph) *Head {
	labels, dets := g.output("labels"), g.output("dets")
	if labels == nil || dets == nil || len(labels.Dims) != 3 || len(dets.Dims) != 3 || dets.Dims[2].Size != 4 || !isFloat(*labels) || !isFloat(*dets) {
		return nil
	}
	h := &Head{Certain: true, By: "graph (names and shapes of dets, labels)", Outputs: []string{labels.Name, dets.Name}, Classes: g.Stated.Classes,
		Rules: pipelineRules, RulesBy: "RF-DETR's predict", Frame: Parts,
		Reading: "all pairs of a query and a class, by the sigmoid of its logit, the best as many as there are queries; cx,cy,w,h from 0 to 1",
		Input:   shown("squash", "linear-tf", imagenet...), decode: pairs(0)}
	if n := labels.Dims[2]; n.Fixed() {
		h.Classes = int(min(n.Size, math.MaxInt32))
	}
	return h
}

// rowsAndRects are the rows of two outputs, of the same places.
func rowsAndRects(outputs []Tensor) (n, width int, err error) {
	rows, rects := outputs[0], outputs[1]
	switch {
	case len(rects.Shape) != 2 || rects.Shape[1] != 4:
		return 0, 0, errShape(rects, "rows of four numbers")
	case len(rows.Shape) != 2 || rows.Shape[0] != rects.Shape[0] || rows.Shape[1] < 1:
		return 0, 0, errShape(rows, fmt.Sprintf("%d rows of numbers", rects.Shape[0]))
	}
	return rects.Shape[0], rows.Shape[1], nil
}

// softmaxed decodes logits of classes and of none, the last, and boxes.
func softmaxed(_ Size, outputs []Tensor, least float32, add func(Box)) error {
	n, width, err := rowsAndRects(outputs)
	if err != nil {
		return err
	}
	for i := range n {
		logits := outputs[0].Values[i*width : (i+1)*width]
		best, class := float32(math.Inf(-1)), 0
		most := float32(math.Inf(-1))
		for c, v := range logits {
			if v != v {
				return errNaN(outputs[0], i)
			}
			if most = max(most, v); c < width-1 && v > best {
				best, class = v, c
			}
		}
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(float64(v - most))
		}
		if score := float32(math.Exp(float64(best-most)) / sum); score > least {
			add(Box{Rect: corners([4]float32(outputs[1].Values[4*i : 4*i+4])), Score: score, Class: int32(class), At: int32(i)})
		}
	}
	return nil
}

func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }

// pairs decodes logits of classes and boxes: of all pairs of both the best so many; 0: as many as
// there are queries.
func pairs(most int) func(Size, []Tensor, float32, func(Box)) error {
	return func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
		n, width, err := rowsAndRects(outputs)
		if err != nil {
			return err
		}
		var all []Box
		for i, v := range outputs[0].Values {
			if v != v {
				return errNaN(outputs[0], i/width)
			}
			if score := sigmoid(v); score > least {
				at := i / width
				all = append(all, Box{Rect: corners([4]float32(outputs[1].Values[4*at : 4*at+4])), Score: score, Class: int32(i % width), At: int32(i)})
			}
		}
		limit := most
		if limit == 0 {
			limit = n
		}
		if len(all) <= limit {
			for _, b := range all {
				add(b)
			}
			return nil
		}
		for _, k := range byScore(all)[:limit] {
			add(all[k])
		}
		return nil
	}
}
