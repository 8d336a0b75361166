// Package segments says what the outputs of segmenters mean: how a graph's tensors become a map, which has for each
// pixel of an image the class or the segment that it belongs to.
//
//	outputs of one image --Reading.Map--> Map (a value for each pixel, and what the values are)
//
// It knows tensors, and neither sessions nor files. Numbers are computed in float32, as torch does it for the
// programs that it follows: transformers' image processors (post_process_semantic_segmentation,
// post_process_panoptic_segmentation, post_process_instance_segmentation) and Ultralytics' predictor.
package segments

import (
	"fmt"
	"math"
	"slices"

	"ortho/models/boxes"
)

// Reading is how outputs are read.
type Reading string

const (
	// Logits: one output [C,h,w] or [h,w,C], the scores of classes at a resolution of its own, which are brought to
	// the image's size bilinearly, and the largest counts, of equal ones the first.
	Logits Reading = "logits"
	// Indices: one output [h,w] of whole numbers, the classes themselves (an ArgMax is inside), which are brought to
	// the image's size by nearest neighbours.
	Indices Reading = "indices"
	// MaskFormer: queries, each with the logits of classes, the last of which is no object, and a mask.
	MaskFormer Reading = "maskformer"
	// Mask2Former: the same, where masks are brought to 384x384 first: the size that transformers has fixed.
	Mask2Former Reading = "mask2former"
)

// Readings are all, in the order in which messages have them.
var Readings = []Reading{Logits, Indices, MaskFormer, Mask2Former}

// About says in a few words whose reading it is.
func (r Reading) About() string {
	return map[Reading]string{
		Logits:      "scores of classes for each place: SegFormer, DPT, DeepLab and others",
		Indices:     "the class of each place, an ArgMax is inside: Ultralytics' semantic and others",
		MaskFormer:  "queries with classes and masks, as transformers' MaskFormerImageProcessor reads them",
		Mask2Former: "the same by transformers' Mask2FormerImageProcessor, by way of 384x384",
	}[r]
}

// Queries reports whether outputs are those of queries: their classes, then their masks.
func (r Reading) Queries() bool { return r == MaskFormer || r == Mask2Former }

// As says what queries are made to be.
type As string

const (
	Panoptic As = "panoptic" // each query that is sure enough is a segment
	Semantic As = "semantic" // all queries together say how likely each class is at each place
	Instance As = "instance" // each pair of a query and a class that is sure enough is one; they may overlap
)

// All are what queries are made to be.
var All = []As{Panoptic, Semantic, Instance}

// Options say how outputs become a map.
type Options struct {
	As        As
	Threshold float64 // a query's score must be above it, an instance's at least as large
	Mask      float64 // a place belongs to a query's mask from this product of score and probability on
	Overlap   float64 // a segment must keep more than this part of its mask
	ClassLast bool    // of Logits: the output is [h,w,C]
}

// Defaults are those of transformers' image-segmentation pipeline.
var Defaults = Options{As: Panoptic, Threshold: 0.9, Mask: 0.5, Overlap: 0.5}

// None is the value of pixels that belong to nothing.
const None = math.MaxUint16

// Map has for each pixel, row by row, a value: an index of Segments, or None.
type Map struct {
	Width, Height int
	Values        []uint16
	// Segments are what values stand for. Of semantic maps they are the classes, all of them.
	Segments []Segment

	own []instance // of segments that may overlap; nil: their pixels are those of Values
}

// Segment is a part of an image.
type Segment struct {
	Class int
	Score float32 // of a query; 0 of a class
}

// most bounds what a map takes.
const mostClasses, mostValues = 1 << 14, 1 << 28

// Map reads the outputs of one image.
func (r Reading) Map(at boxes.Place, outputs []boxes.Tensor, opt Options) (*Map, error) {
	if at.Image.Width < 1 || at.Image.Height < 1 || at.Image.Width > mostValues/at.Image.Height {
		return nil, fmt.Errorf("a map of %dx%d pixels", at.Image.Width, at.Image.Height)
	}
	m := &Map{Width: at.Image.Width, Height: at.Image.Height, Values: make([]uint16, at.Image.Width*at.Image.Height)}
	switch r {
	case Indices:
		return m, m.indices(at, outputs[0])
	case Logits:
		s, err := stackOf(outputs[0], opt.ClassLast)
		if err != nil {
			return nil, err
		}
		return m, m.semantic(at, s)
	}
	return m, m.queries(at, outputs, r, opt)
}

// stack are the planes of several classes or queries.
type stack struct {
	n, height, width int
	values           []float32
}

func (s *stack) plane(i int) []float32 {
	return s.values[i*s.height*s.width : (i+1)*s.height*s.width]
}

// stackOf reads [C,h,w], or [h,w,C].
func stackOf(t boxes.Tensor, last bool) (*stack, error) {
	if len(t.Shape) != 3 || t.Shape[0] < 1 || t.Shape[1] < 1 || t.Shape[2] < 1 || len(t.Values) != t.Shape[0]*t.Shape[1]*t.Shape[2] {
		return nil, fmt.Errorf("output %s of %v is no stack of maps", t.Name, t.Shape)
	}
	s := &stack{t.Shape[0], t.Shape[1], t.Shape[2], t.Values}
	if last {
		s = &stack{t.Shape[2], t.Shape[0], t.Shape[1], make([]float32, len(t.Values))}
		for i, v := range t.Values {
			s.values[i%s.n*s.height*s.width+i/s.n] = v
		}
	}
	if s.n > mostClasses {
		return nil, fmt.Errorf("output %s of %v has more than %d maps", t.Name, t.Shape, mostClasses)
	}
	mine := last
	for i, v := range s.values {
		switch {
		case v != v:
			return nil, fmt.Errorf("output %s: value %d is no number", t.Name, i)
		case v > math.MaxFloat32 || v < -math.MaxFloat32: // infinite, of which a weight of 0 would make no number
			if !mine {
				s.values, mine = slices.Clone(s.values), true
			}
			s.values[i] = float32(math.Copysign(math.MaxFloat32, float64(v)))
		}
	}
	return s, nil
}

// semantic gives each pixel the class of the largest score.
func (m *Map) semantic(at boxes.Place, s *stack) error {
	for c := range s.n {
		m.Segments = append(m.Segments, Segment{Class: c})
	}
	best := make([]float32, m.Width)
	return s.rows(at, func(y int, row func(c int) []float32) {
		values := m.Values[y*m.Width : (y+1)*m.Width]
		copy(best, row(0))
		clear(values)
		for c := 1; c < s.n; c++ {
			for x, v := range row(c) {
				if v > best[x] {
					best[x], values[x] = v, uint16(c)
				}
			}
		}
	})
}

// indices takes the classes as they are.
func (m *Map) indices(at boxes.Place, t boxes.Tensor) error {
	shape := t.Shape
	if len(shape) == 3 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 || len(t.Values) != shape[0]*shape[1] {
		return fmt.Errorf("output %s of %v is no map of classes", t.Name, t.Shape)
	}
	across, down := nearest(at.ScaleX, at.X, at.Image.Width, at.Input.Width, shape[1]), nearest(at.ScaleY, at.Y, at.Image.Height, at.Input.Height, shape[0])
	most := -1
	for y, v := range down {
		for x, u := range across {
			c := t.Values[v*shape[1]+u]
			switch {
			case c < 0: // of no class
				m.Values[y*m.Width+x] = None
				continue
			case !(c < mostClasses) || c != float32(int(c)):
				return fmt.Errorf("output %s: %v is no class", t.Name, c)
			}
			m.Values[y*m.Width+x] = uint16(c)
			most = max(most, int(c))
		}
	}
	for c := range most + 1 {
		m.Segments = append(m.Segments, Segment{Class: c})
	}
	return nil
}
