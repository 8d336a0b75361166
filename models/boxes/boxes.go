// Package boxes says what the outputs of detectors mean: which of a table of families a graph
// belongs to, how its tensors are read as boxes, and which of these are left when they overlap.
//
//	outputs of one image --Head.decode--> candidates --Rules.pick--> those that are left --Frame--> in pixels of the image
//
// It knows tensors, and neither sessions nor files: what files state of a graph comes as plain
// values. Numbers are computed in float32, as the programs do that a family's graphs come from.
package boxes

import (
	"fmt"

	"ortho/runner/onnx"
)

// Tensor is one image's part of an output, without the dimension of the batch.
type Tensor struct {
	Name   string
	Shape  []int
	Values []float32 // in row-major order; they may be memory that is used again
}

// Size is that of an input, or of an image, in pixels.
type Size struct{ Width, Height int }

// Place says where an image lies in its input: x of the image is at ScaleX*x + X.
type Place struct {
	Input, Image         Size
	ScaleX, ScaleY, X, Y float64
}

// Box is a box that a graph's outputs state.
type Box struct {
	// Rect are x1, y1, x2 and y2; of an oriented box its centre, width and height (see
	// Head.Oriented).
	Rect  [4]float32
	Angle float32 // of an oriented box, in radians, clockwise
	Score float32
	Class int32
	At    int32 // the place in the outputs: of equal scores the lower comes first
}

// Graph is what is known of a graph.
type Graph struct {
	Inputs, Outputs []onnx.Value
	Ops             map[string]int // how often each operator occurs, by its name
	Exporter        string         // "ultralytics", "huggingface", ...; "" unknown
	Stated          Stated
}

// Stated is what a model's files say of its boxes. What they don't is the zero value.
type Stated struct {
	Source        string // what says so, as "ONNX metadata"
	Task          string // Ultralytics' task: detect, segment, pose, obb
	Head          string // the class of the model's head, or of the model, as "Detect", "RTDETRDecoder", "DetrForObjectDetection"
	EndToEnd      bool   // the graph picks the boxes itself
	NMSInside     bool   // it suppresses overlaps itself
	Classes       int
	Keypoints     [2]int // how many, and numbers of each: 2, or 3 with how visible it is
	Width, Height int    // of the input, where neither is open
}

// mostClasses is how many classes a shape alone is taken for; labels may be more.
const mostClasses = 2000

// Family are graphs of one kind. Each has a file of its own.
type Family struct {
	Name string // as the setting head has it
	// About says in a few words who writes such graphs, and how their boxes are read.
	About string
	// Fit returns how a graph's outputs are read if it is of the family; nil where its inputs and
	// outputs are others. Head.Certain says whether only this family is possible.
	Fit func(g *Graph) *Head
}

// Families is the table of families, in the order in which messages have them.
var Families = []*Family{
	yolov8, yolov8Segment, yolov8Pose, yolov8Oriented,
	yolov10, yolov10Segment, yolov10Pose, yolov10Oriented,
	rtdetrUltralytics,
	yolov5, yolov6, yolox, yoloxDecoded,
	detr, rtdetr, deformableDETR, rfdetr, ssd,
	rtdetrDecoded, tensorflow, torchvision,
	yunet, ultraface, scrfd, fastestdet,
}

// Named is the family of a name; nil where there is none.
func Named(name string) *Family {
	for _, f := range Families {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Match returns the heads that a graph may have: the one that is certain, or all that its outputs
// can be read as.
func Match(g *Graph) (heads []*Head) {
	for _, f := range Families {
		h := f.Fit(g)
		if h == nil {
			continue
		}
		h.Family = f
		if h.Certain {
			return []*Head{h}
		}
		heads = append(heads, h)
	}
	return heads
}

// Setting is the value of a key, as models.Settings has it.
type Setting struct{ Key, Value string }

// Head is how the outputs of a graph are read.
type Head struct {
	Family  *Family
	Certain bool   // it can be no other family's
	By      string // what says so
	Reading string // how boxes are read, in words

	Outputs []string // that are read, in the order that decode has them
	Classes int      // 0: not known
	// Background: class 0 is that of no object, which boxes never have. Lists of labels have a name for
	// it, or begin with class 1.
	Background bool
	Rules      Rules  // of the program that the family's graphs come from
	RulesBy    string // that program
	// Input is what the image is, where neither the graph nor the model's files state it.
	Input   []Setting
	InputBy string // what has Input so, where that is not RulesBy
	// OwnSize: the graph takes each image at its own size.
	OwnSize bool
	// Given are values of further inputs that no image gives.
	Given []Setting

	Frame     Frame  // what the boxes' coordinates are of
	Oriented  bool   // boxes have an angle
	Keypoints [2]int // how many a box has, and numbers of each: x, y, and how visible it is
	// Masks: the second output has prototypes, of which a box's further numbers make its mask.
	Masks bool
	// mask is that of a box, where it comes otherwise.
	mask func(at Place, outputs []Tensor, b Box) (*RLE, error)

	// decode adds all boxes that score more than least, in the order of their places.
	decode func(in Size, outputs []Tensor, least float32, add func(Box)) error
	// extra returns the further numbers of a place: key points, or coefficients of a mask. nil where
	// there are none.
	extra func(in Size, outputs []Tensor, at int32) []float32
}

// errShape is of an output that a run gave another shape than its graph states.
func errShape(t Tensor, want string) error {
	return fmt.Errorf("output %s has the shape %v of an image, which is not %s", t.Name, t.Shape, want)
}

// Boxes reads the boxes of an image, and picks those that are left by the rules: best first, and of
// equal scores the one that the outputs have first. They are in pixels of the image.
func (h *Head) Boxes(at Place, outputs []Tensor, rules Rules) ([]Box, error) {
	if len(outputs) != len(h.Outputs) {
		return nil, fmt.Errorf("%d outputs for a head of %d", len(outputs), len(h.Outputs))
	}
	for _, t := range outputs {
		n := 1
		for _, d := range t.Shape {
			n *= d
		}
		if n != len(t.Values) {
			return nil, fmt.Errorf("output %s has %d values for a shape of %v", t.Name, len(t.Values), t.Shape)
		}
	}
	var all []Box
	taken := rules.classes()
	err := h.decode(at.Input, outputs, rules.Confidence, func(b Box) {
		if taken != nil && !taken[b.Class] {
			return
		}
		all = append(all, b)
	})
	if err != nil {
		return nil, err
	}
	if err := usable(all); err != nil {
		return nil, err
	}
	if h.Frame.first() {
		h.place(all, at)
		return rules.pick(all), usable(all)
	}
	picked := rules.pick(all)
	h.place(picked, at)
	return picked, usable(picked)
}

// usable fails where a box has no place.
func usable(all []Box) error {
	for i := range all {
		if b := &all[i]; !b.finite() {
			return fmt.Errorf("a box with a score of %v is at %v: the model's answer can't be used (usual causes: float16 overflow, or mean, std and input range that don't fit the model)", b.Score, b.Rect)
		}
	}
	return nil
}

func (b *Box) finite() bool {
	r := &b.Rect
	return (r[0]+b.Angle+b.Score)*0 == 0 && r[0]*0+r[1]*0+r[2]*0+r[3]*0 == 0 // of NaN and infinite numbers it is NaN
}

// errNaN is of a score that is no number.
func errNaN(t Tensor, at int) error {
	return fmt.Errorf("output %s: a score at place %d is NaN: the model's answer can't be used "+
		"(usual causes: float16 overflow, or mean, std and input range that don't fit the model)", t.Name, at)
}
