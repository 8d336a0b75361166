package boxes

import (
	"fmt"
	"math"

	"ortho/runner/onnx"
)

// Ultralytics' exports: v5u, v8, 9, 10, 11, 12, 26 and RT-DETR, of 8.4.190 and earlier. What is
// learnt from their metadata is in Stated.
var (
	yolov8         = ultralytics("yolov8", "detect", false)
	yolov8Segment  = ultralytics("yolov8-seg", "segment", false)
	yolov8Pose     = ultralytics("yolov8-pose", "pose", false)
	yolov8Oriented = ultralytics("yolov8-obb", "obb", false)

	yolov10         = ultralytics("yolov10", "detect", true)
	yolov10Segment  = ultralytics("yolov10-seg", "segment", true)
	yolov10Pose     = ultralytics("yolov10-pose", "pose", true)
	yolov10Oriented = ultralytics("yolov10-obb", "obb", true)

	rtdetrUltralytics = &Family{Name: "rtdetr-ultralytics", About: "RT-DETR of Ultralytics: cx,cy,w,h from 0 to 1, score, class, picked in the graph", Fit: fitRTDETRUltralytics}
)

// predictRules are those of Ultralytics' predict (cfg/default.yaml, models/yolo/detect/predict.py).
var predictRules = Rules{Confidence: 0.25, Overlap: 0.7, Most: 300}

const predict = "Ultralytics' predict"

// letterbox is the input of Ultralytics' predictors: LetterBox and cv2.
var letterbox = []Setting{{"resize", "letterbox"}, {"interpolation", "linear-cv2"}, {"fill", "114"}, {"orientation", "exif"},
	{"input-range", "0,1"}, {"mean", "0"}, {"std", "1"}, {"color-order", "rgb"}}

// squashed is the same without padding.
var squashed = append([]Setting{{"resize", "squash"}}, letterbox[1:]...)

var takes = map[string]string{"segment": ", masks", "pose": ", key points", "obb": ", angles"}

func ultralytics(name, task string, picked bool) *Family {
	about := "YOLO of Ultralytics (v5u, v8, 9, 11, 12, 26) before suppression: a column for each place, cx,cy,w,h in pixels and the scores of classes"
	if picked {
		about = "YOLO of Ultralytics (v10, 26) that picks its boxes itself, or with NMS inside: a row for each, x1,y1,x2,y2 in pixels, score, class"
	}
	return &Family{Name: name, About: about + takes[task], Fit: func(g *Graph) *Head {
		if task == "segment" && len(g.Outputs) < 2 || task != "segment" && len(g.Outputs) > 1 && !g.byUltralytics() {
			return nil
		}
		return fitUltralytics(g, task, picked)
	}}
}

// byUltralytics reports whether the metadata of Ultralytics' exporter says what the graph is.
func (g *Graph) byUltralytics() bool { return g.Exporter == "ultralytics" && g.Stated.Task != "" }

// extras is how many numbers a place has beside its box and scores; ok is false where they can't be.
func (g *Graph) extras(task string, channels int64, classes *int) (n int, ok bool) {
	switch task {
	case "obb":
		return 1, true
	case "segment":
		protos := g.Outputs[1]
		if len(protos.Dims) != 4 {
			return 0, false
		}
		return int(max(0, protos.Dims[1].Size)), protos.Dims[1].Fixed()
	case "pose":
		if points := g.Stated.Keypoints; points[0] > 0 {
			return points[0] * points[1], true
		}
		const people = 17 * 3 // COCO's, of one class
		*classes = max(1, *classes)
		return people, channels == int64(people+4+*classes)
	}
	return 0, true
}

func fitUltralytics(g *Graph, task string, picked bool) *Head {
	stated := g.byUltralytics()
	if stated && (g.Stated.Task != task || g.Stated.Head == "RTDETRDecoder") || len(g.Outputs) == 0 {
		return nil
	}
	out := g.Outputs[0]
	if len(out.Dims) != 3 || !isFloat(out) {
		return nil
	}
	channels, places, head := out.Dims[1], out.Dims[2], 4
	if picked {
		channels, places, head = out.Dims[2], out.Dims[1], 6
	}
	classes := g.Stated.Classes
	channelsOfBoxes := channels.Size // as a column has them
	if picked {
		channelsOfBoxes += int64(max(1, classes)) - 2
	}
	extras, ok := g.extras(task, channelsOfBoxes, &classes)
	if !ok {
		return nil
	}
	own := head + extras // a column's numbers, but for the scores
	if !picked {
		if classes == 0 && channels.Fixed() && channels.Size <= mostClasses {
			classes = int(channels.Size) - own
		}
		own += classes
	}
	switch {
	case channels.Fixed() && (channels.Size != int64(own) || !picked && classes < 1), !channels.Fixed() && !stated:
		return nil
	case stated && !channels.Fixed() && picked != (g.Stated.EndToEnd || g.Stated.NMSInside):
		return nil
	case !stated && !picked && !g.ofStrides(places, 1):
		return nil
	case !stated && picked && places.Fixed() && places.Size > 1000:
		return nil
	}
	h := &Head{Certain: stated, By: "graph (shape of " + out.Name + ")", Outputs: []string{out.Name}, Classes: classes, Rules: predictRules, RulesBy: predict, Input: letterbox}
	if stated {
		h.By = g.Stated.Source
		if picked && !g.Stated.EndToEnd && !g.Stated.NMSInside {
			// Metadata of earlier releases say neither, and nothing of RT-DETR's heads: of two classes its rows are as long.
			h.Certain = g.Stated.Head != "" || g.Stated.Classes != 2
		}
	}
	switch task {
	case "segment":
		h.Masks, h.Outputs = true, append(h.Outputs, g.Outputs[1].Name)
	case "pose":
		h.Keypoints = g.Stated.Keypoints
		if h.Keypoints[0] == 0 {
			h.Keypoints = [2]int{extras / 3, 3}
		}
	case "obb":
		h.Oriented = true
	}
	if picked {
		h.Reading = "a row for each box: x1,y1,x2,y2 in pixels of the input, score, class"
		if h.Oriented {
			h.Reading = "a row for each box: cx,cy,w,h in pixels of the input, score, class, angle"
		}
		h.decode, h.extra = rowsOfSix(extras, h.Oriented), extraOfRow(6, extras)
		return h
	}
	h.Reading = "a column for each place: cx,cy,w,h in pixels of the input, the scores of the classes"
	h.Rules.Suppression = Torch
	if h.Oriented {
		h.Rules.Suppression = Rotated
	}
	h.decode, h.extra = columns(extras, h.Oriented), extraOfColumn(extras)
	return h
}

func isFloat(v onnx.Value) bool {
	return v.Kind == "tensor" && (v.Type == onnx.Float || v.Type == onnx.Float16 || v.Type == onnx.BFloat16 || v.Type == onnx.Double)
}

// ofStrides reports whether a dimension may count the places of the usual grids, so many anchors each.
func (g *Graph) ofStrides(places onnx.Dim, anchors int) bool {
	switch {
	case !places.Fixed():
		return true
	case g.Stated.Width == 0:
		for edge := 32; edge <= 2048; edge += 32 {
			if stridesOf(Size{edge, edge}, int(places.Size), anchors) != nil {
				return true
			}
		}
		return false
	}
	return stridesOf(Size{g.Stated.Width, g.Stated.Height}, int(places.Size), anchors) != nil
}

// stridesOf are the strides of the grids that have so many places together; nil where none have.
func stridesOf(in Size, places, anchors int) []int {
	for _, strides := range [][]int{{8, 16, 32}, {8, 16, 32, 64}, {4, 8, 16, 32}, {16, 32}} {
		n := 0
		for _, s := range strides {
			n += ceil(in.Width, s) * ceil(in.Height, s) * anchors
		}
		if n == places {
			return strides
		}
	}
	return nil
}

func ceil(n, by int) int { return (n + by - 1) / by }

// columns decodes [4+classes+extras, places].
func columns(extras int, oriented bool) func(Size, []Tensor, float32, func(Box)) error {
	return func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
		t := outputs[0]
		if len(t.Shape) != 2 || t.Shape[0] < 5+extras {
			return errShape(t, "columns of a box and its scores")
		}
		n := t.Shape[1]
		classes := t.Shape[0] - 4 - extras
		row := func(i int) []float32 { return t.Values[i*n : (i+1)*n] }
		best, class := append([]float32(nil), row(4)...), make([]int32, n)
		for i, v := range best {
			if v != v {
				return errNaN(t, i)
			}
		}
		for c := 1; c < classes; c++ {
			scores := row(4 + c)[:len(best)]
			for i, v := range scores {
				if !(v <= best[i]) {
					if v != v {
						return errNaN(t, i)
					}
					best[i], class[i] = v, int32(c)
				}
			}
		}
		x, y, w, h := row(0), row(1), row(2), row(3)
		for i, score := range best {
			if !(score > least) {
				continue
			}
			b := Box{Rect: [4]float32{x[i], y[i], w[i], h[i]}, Score: score, Class: class[i], At: int32(i)}
			if oriented {
				b.Angle = row(t.Shape[0] - 1)[i]
			} else {
				b.Rect = corners(b.Rect)
			}
			add(b)
		}
		return nil
	}
}

// corners are those of a box of which the centre, width and height are known.
func corners(r [4]float32) [4]float32 {
	w, h := r[2]/2, r[3]/2
	return [4]float32{r[0] - w, r[1] - h, r[0] + w, r[1] + h}
}

func extraOfColumn(extras int) func(Size, []Tensor, int32) []float32 {
	if extras == 0 {
		return nil
	}
	return func(_ Size, outputs []Tensor, at int32) []float32 {
		t := outputs[0]
		values := make([]float32, extras)
		for i := range values {
			values[i] = t.Values[(t.Shape[0]-extras+i)*t.Shape[1]+int(at)]
		}
		return values
	}
}

// rowsOfSix decodes [boxes, 6+extras]. Rows with a score of 0 are none.
func rowsOfSix(extras int, oriented bool) func(Size, []Tensor, float32, func(Box)) error {
	return func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
		return eachRow(outputs[0], 6+extras, least, func(r []float32, b Box) {
			if b.Rect = [4]float32(r[:4]); oriented {
				b.Angle = r[6+extras-1]
			}
			add(b)
		})
	}
}

// eachRow calls a function for each row of box, score and class that scores more than least.
func eachRow(t Tensor, n int, least float32, each func([]float32, Box)) error {
	if len(t.Shape) != 2 || t.Shape[1] != n {
		return errShape(t, fmt.Sprintf("rows of %d numbers", n))
	}
	for i := range t.Shape[0] {
		r := t.Values[i*n : (i+1)*n]
		score, class := r[4], r[5]
		switch {
		case score != score:
			return errNaN(t, i)
		case !(score > least) || score == 0:
		case !(class >= 0 && class < 1<<24) || class != float32(math.Trunc(float64(class))):
			return fmt.Errorf("output %s: the class of box %d is %v, which is no number of one", t.Name, i, class)
		default:
			each(r, Box{Score: score, Class: int32(class), At: int32(i)})
		}
	}
	return nil
}

func extraOfRow(from, extras int) func(Size, []Tensor, int32) []float32 {
	if extras == 0 {
		return nil
	}
	return func(_ Size, outputs []Tensor, at int32) []float32 {
		t := outputs[0]
		i := int(at)*t.Shape[1] + from
		return append([]float32(nil), t.Values[i:i+extras]...)
	}
}

func fitRTDETRUltralytics(g *Graph) *Head {
	stated := g.byUltralytics()
	named := g.Stated.Head == "RTDETRDecoder"
	if stated && (g.Stated.Task != "detect" || g.Stated.Head != "" && !named || g.Stated.NMSInside) || len(g.Outputs) != 1 {
		return nil
	}
	out := g.Outputs[0]
	if len(out.Dims) != 3 || !isFloat(out) {
		return nil
	}
	n, queries := out.Dims[2], out.Dims[1]
	classes := g.Stated.Classes
	earlier := int64(classes)+4 == n.Size && !(named && n.Size == 6) // the scores of all classes
	h := &Head{Certain: named, By: "graph (shape of " + out.Name + ")", Outputs: []string{out.Name}, Classes: classes,
		Rules: predictRules, RulesBy: predict, Input: squashed, Frame: Parts}
	if stated {
		h.By = g.Stated.Source
	}
	switch {
	case n.Size == 6:
		h.Reading = "a row for each box: cx,cy,w,h from 0 to 1, score, class"
		h.decode = func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
			return eachRow(outputs[0], 6, least, func(r []float32, b Box) {
				b.Rect = corners([4]float32(r[:4]))
				add(b)
			})
		}
	case earlier && stated && queries.Size != int64(classes)+4:
		h.Certain, h.Reading = true, "a row for each box: cx,cy,w,h from 0 to 1, the scores of the classes"
		h.decode = rowsOfScores(4, nil)
	default:
		return nil
	}
	if !stated && (!queries.Fixed() || queries.Size > 1000) {
		return nil
	}
	return h
}

// rowsOfScores decodes [boxes, from+classes]: cx,cy,w,h and the scores of the classes. Where from is
// 5, what stands before the scores is whether there is anything, which they are multiplied by, and
// must be above the least itself where only is set.
func rowsOfScores(from int, box func(in Size, n int) (func(at int, r []float32) [4]float32, error)) func(Size, []Tensor, float32, func(Box)) error {
	return func(in Size, outputs []Tensor, least float32, add func(Box)) error {
		t := outputs[0]
		if len(t.Shape) != 2 || t.Shape[1] <= from {
			return errShape(t, "rows of a box and its scores")
		}
		of := func(_ int, r []float32) [4]float32 { return [4]float32(r[:4]) }
		if box != nil {
			var err error
			if of, err = box(in, t.Shape[0]); err != nil {
				return fmt.Errorf("output %s: %w", t.Name, err)
			}
		}
		n := t.Shape[1]
		for i := range t.Shape[0] {
			r := t.Values[i*n : (i+1)*n]
			if from == 5 && r[4] == r[4] && !(r[4] > least) { // no score is above it then
				continue
			}
			best, class := float32(math.Inf(-1)), 0
			for c, v := range r[from:] {
				if from == 5 {
					v *= r[4]
				}
				if !(v <= best) {
					if v != v {
						return errNaN(t, i)
					}
					best, class = v, c
				}
			}
			if best > least {
				add(Box{Rect: corners(of(i, r)), Score: best, Class: int32(class), At: int32(i)})
			}
		}
		return nil
	}
}
