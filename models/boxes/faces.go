package boxes

import (
	"fmt"
	"math"
	"strings"
)

// Detectors of faces. Their one class is 0.
var (
	yunet     = &Family{Name: "yunet", About: "YuNet: cls, obj, bbox, kps of the strides 8, 16 and 32, and five points of a face", Fit: fitYuNet}
	ultraface = &Family{Name: "ultraface", About: "UltraFace (Ultra-Light-Fast-Generic-Face-Detector): scores of background and face, x1,y1,x2,y2 from 0 to 1", Fit: fitUltraFace}
	scrfd     = &Family{Name: "scrfd", About: "SCRFD of InsightFace: for each of the strides 8, 16 and 32 scores, distances to the box's edges and to five points", Fit: fitSCRFD}
)

var faceStrides = []int{8, 16, 32}

// fitYuNet fits libfacedetection's export, as OpenCV's FaceDetectorYN reads it (face_detect.cpp).
func fitYuNet(g *Graph) *Head {
	h := &Head{Certain: true, By: "graph (names of cls_8, obj_8, bbox_8, kps_8, ...)", Classes: 1, Keypoints: [2]int{5, 2}, Frame: Pixels,
		Rules: Rules{Confidence: 0.9, Overlap: 0.3, Most: 5000, Agnostic: true, Suppression: WholePixels}, RulesBy: "OpenCV's FaceDetectorYN",
		Reading: "for each cell dx,dy in cells, log w,log h, five points, and two scores of which the root of the product counts",
		Input: g.ofSize("640", []Setting{{"resize", "letterbox"}, {"pad-at", "start"}, {"interpolation", "linear-cv2"}, {"fill", "0"}, {"orientation", "exif"},
			{"input-range", "0,255"}, {"mean", "0"}, {"std", "1"}, {"color-order", "bgr"}})}
	for _, name := range []string{"cls", "obj", "bbox", "kps"} {
		for _, stride := range faceStrides {
			v := g.output(fmt.Sprintf("%s_%d", name, stride))
			if v == nil || !isFloat(*v) {
				return nil
			}
			h.Outputs = append(h.Outputs, v.Name)
		}
	}
	h.decode = func(in Size, outputs []Tensor, least float32, add func(Box)) error {
		at := 0
		for k, stride := range faceStrides {
			cols, rows := in.Width/stride, in.Height/stride
			cls, obj, rects := outputs[k], outputs[3+k], outputs[6+k]
			n := cols * rows
			for _, c := range []struct {
				t Tensor
				n int
			}{{cls, n}, {obj, n}, {rects, 4 * n}, {outputs[9+k], 10 * n}} {
				if len(c.t.Values) != c.n {
					return errShape(c.t, fmt.Sprintf("that of %dx%d cells", rows, cols))
				}
			}
			for i := range n {
				a, b := cls.Values[i], obj.Values[i]
				if a != a || b != b {
					return errNaN(cls, i)
				}
				score := float32(math.Sqrt(float64(unitOf(a) * unitOf(b))))
				if !(score > least) {
					continue
				}
				r, s := rects.Values[4*i:4*i+4], float32(stride)
				w, h := float32(math.Exp(float64(r[2])))*s, float32(math.Exp(float64(r[3])))*s
				add(Box{Rect: corners([4]float32{(float32(i%cols) + r[0]) * s, (float32(i/cols) + r[1]) * s, w, h}), Score: score, At: int32(at + i)})
			}
			at += n
		}
		return nil
	}
	h.extra = func(in Size, outputs []Tensor, at int32) []float32 {
		i := int(at)
		for k, stride := range faceStrides {
			cols, rows := in.Width/stride, in.Height/stride
			if i >= cols*rows {
				i -= cols * rows
				continue
			}
			points := make([]float32, 10)
			for p, v := range outputs[9+k].Values[10*i : 10*i+10] {
				cell := i % cols
				if p%2 == 1 {
					cell = i / cols
				}
				points[p] = (v + float32(cell)) * float32(stride)
			}
			return points
		}
		return nil
	}
	return h
}

func unitOf(v float32) float32 { return min(max(v, 0), 1) }

// fitUltraFace fits Linzaer's export (vision/ssd/config/fd_config.py, detect_imgs_onnx.py,
// caffe/ultra_face_caffe_inference's box_utils): three boxes of each cell of the stride 8 and 64, two of the others.
func fitUltraFace(g *Graph) *Head {
	scores, rects, named := g.perBox("scores", "boxes")
	if scores == nil || scores.Dims[2].Size != 2 {
		return nil
	}
	if n := rects.Dims[1]; n.Fixed() && g.Stated.Width > 0 {
		places := 0
		for i, stride := range []int{8, 16, 32, 64} {
			places += ceil(g.Stated.Width, stride) * ceil(g.Stated.Height, stride) * []int{3, 2, 2, 3}[i]
		}
		if int64(places) != n.Size {
			return nil
		}
	} else if !named {
		return nil
	}
	h := &Head{Certain: named, By: "graph (names and shapes of " + scores.Name + ", " + rects.Name + ")", Outputs: []string{scores.Name, rects.Name}, Classes: 1, Frame: Parts,
		Rules: Rules{Confidence: 0.7, Overlap: 0.3, Agnostic: true, Suppression: Torch}, RulesBy: "UltraFace's detect_imgs_onnx.py",
		Reading: "for each place the scores of background and face, x1,y1,x2,y2 from 0 to 1; the best 200 are looked at",
		Input: g.ofSize("240x320", []Setting{{"resize", "squash"}, {"interpolation", "linear-cv2"}, {"orientation", "exif"},
			{"input-range", "0,255"}, {"mean", "127"}, {"std", "128"}, {"color-order", "rgb"}})}
	h.decode = func(_ Size, outputs []Tensor, least float32, add func(Box)) error {
		n, width, err := rowsAndRects(outputs)
		if err != nil {
			return err
		}
		if width != 2 {
			return errShape(outputs[0], "scores of background and face")
		}
		var all []Box
		for i := range n {
			score := outputs[0].Values[2*i+1]
			if score != score {
				return errNaN(outputs[0], i)
			}
			if score > least {
				all = append(all, Box{Rect: [4]float32(outputs[1].Values[4*i : 4*i+4]), Score: score, At: int32(i)})
			}
		}
		const candidates = 200
		if len(all) > candidates {
			for _, k := range byScore(all)[:candidates] {
				add(all[k])
			}
			return nil
		}
		for _, b := range all {
			add(b)
		}
		return nil
	}
	return h
}

// fitSCRFD fits InsightFace's export (detection/scrfd/tools/scrfd.py, python-package/insightface/model_zoo/scrfd.py):
// scores of the three strides, then distances to boxes' edges, and, where there are nine outputs, to points.
// Two places of a cell each; their point is the cell's first pixel.
func fitSCRFD(g *Graph) *Head {
	if n := len(g.Outputs); n != 6 && n != 9 {
		return nil
	}
	const anchors = 2
	h := &Head{Certain: true, By: "graph (shapes of the outputs)", Classes: 1, Frame: TopLeftByHeight,
		Rules: Rules{Confidence: 0.5, Overlap: 0.4, Agnostic: true, Suppression: PlusOne}, RulesBy: "InsightFace's scrfd.py",
		Reading: "for each of two places of a cell a score, distances to the edges of the box and to five points in strides",
		Input: g.ofSize("640", []Setting{{"resize", "letterbox-truncated"}, {"pad-at", "start"}, {"interpolation", "linear-cv2"}, {"fill", "0"}, {"orientation", "exif"},
			{"input-range", "0,255"}, {"mean", "127.5"}, {"std", "128"}, {"color-order", "rgb"}})}
	for i, v := range g.Outputs {
		last := len(v.Dims) - 1
		if !isFloat(v) || last < 1 || last > 2 || v.Dims[last].Size != []int64{1, 4, 10}[i/3] {
			return nil
		}
		stride := faceStrides[i%3]
		if n := v.Dims[last-1]; n.Fixed() && g.Stated.Width > 0 && n.Size != int64(anchors*(g.Stated.Width/stride)*(g.Stated.Height/stride)) {
			return nil
		}
		h.Outputs = append(h.Outputs, v.Name)
	}
	points := len(g.Outputs) == 9
	if points {
		h.Keypoints = [2]int{5, 2}
	} else {
		h.Reading = strings.Replace(h.Reading, " and to five points", "", 1)
	}
	// cell tells the stride of a place and the point that distances are from.
	cell := func(in Size, at int) (k, place int, x, y, s float32) {
		for k, stride := range faceStrides {
			cols := in.Width / stride
			n := anchors * cols * (in.Height / stride)
			if at >= n {
				at -= n
				continue
			}
			i := at / anchors
			return k, at, float32(i % cols * stride), float32(i / cols * stride), float32(stride)
		}
		return 0, 0, 0, 0, 0
	}
	h.decode = func(in Size, outputs []Tensor, least float32, add func(Box)) error {
		at := 0
		for k, stride := range faceStrides {
			n := anchors * (in.Width / stride) * (in.Height / stride)
			for j, per := range []int{1, 4, 10}[:len(outputs)/3] {
				if t := outputs[3*j+k]; len(t.Values) != per*n {
					return errShape(t, fmt.Sprintf("%d rows of %d", n, per))
				}
			}
			for i, score := range outputs[k].Values {
				if score != score {
					return errNaN(outputs[k], i)
				}
				if score > least {
					_, _, x, y, s := cell(in, at+i)
					d := outputs[3+k].Values[4*i : 4*i+4]
					add(Box{Rect: [4]float32{x - d[0]*s, y - d[1]*s, x + d[2]*s, y + d[3]*s}, Score: score, At: int32(at + i)})
				}
			}
			at += n
		}
		return nil
	}
	if points {
		h.extra = func(in Size, outputs []Tensor, at int32) []float32 {
			k, i, x, y, s := cell(in, int(at))
			found := make([]float32, 10)
			for p, v := range outputs[6+k].Values[10*i : 10*i+10] {
				from := x
				if p%2 == 1 {
					from = y
				}
				found[p] = from + v*s
			}
			return found
		}
	}
	return h
}

// ofSize adds an input's size where the graph leaves it open.
func (g *Graph) ofSize(size string, input []Setting) []Setting {
	if g.Stated.Width > 0 {
		return input
	}
	return append([]Setting{{"input-size", size}}, input...)
}
