// Package segment divides images: encoded images in, a map of classes or of segments out, at the image's size.
//
//	image file --images.Graph--> rows of the outputs --segments.Reading--> Map --> Result
//
// What the outputs mean package segments says.
package segment

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"ortho/models"
	"ortho/models/boxes"
	"ortho/models/images"
	"ortho/models/segments"
	"ortho/preprocess"
	"ortho/runner"
)

// Options say how a graph runs, and how its outputs become a map.
type Options struct {
	Images  images.Options
	Map     segments.Options // of queries; the zero value is [segments.Defaults]
	NoMasks bool             // segments get no masks
	Least   float64          // leave out segments of less than this part of the image
}

// Result is how one image is divided.
type Result struct {
	// Segments are, of maps of classes, the classes that occur, the largest first, of equal ones by index; of
	// queries they come in the order of their numbers in the map.
	Segments []Segment `json:"segments,omitzero"`
	Width    int       `json:"width,omitempty"` // pixels of the image, upright where the model wants it so
	Height   int       `json:"height,omitempty"`

	// Map has for each pixel, row by row, its class, or of queries the number of its segment, from 1; 0 of those
	// and None of classes stand for nothing.
	Map []uint16 `json:"-"`
}

// None is the value of a pixel that has no class.
const None = segments.None

// Segment is a part of an image.
type Segment struct {
	Index int    `json:"index"` // of the class
	ID    string `json:"id,omitempty"`
	Label string `json:"label,omitempty"`
	// Value is that of its pixels in the map, of queries; of classes it is their index.
	Value int        `json:"value,omitempty"`
	Score float32    `json:"score,omitempty"` // of a query
	Share float64    `json:"share"`           // of the image's pixels, from 0 to 1
	Mask  *boxes.RLE `json:"mask,omitempty"`  // of the whole image
}

// Segmenter is a model that is open. Its methods may be called concurrently.
type Segmenter struct {
	*images.Graph[Result]
	spec *models.SegmenterSpec
	opt  Options
}

// Open opens a model. Close it after use. ctx is for Open alone; see [runner.Open].
func Open(ctx context.Context, m *models.Model, opt Options) (*Segmenter, error) {
	spec, err := m.Segmenter()
	if err != nil {
		return nil, err
	}
	if opt.Map == (segments.Options{}) {
		opt.Map = segments.Defaults
	}
	opt.Map.ClassLast = spec.ClassLast
	s := &Segmenter{spec: spec, opt: opt}
	s.Graph, err = images.Open(ctx, m, images.Task[Result]{Input: &spec.Input, Batch: spec.Batch, Outputs: spec.Outputs, Read: s.read}, opt.Images)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Spec says how the model is run, and its outputs read.
func (s *Segmenter) Spec() *models.SegmenterSpec { return s.spec }

// Numbered reports whether values of maps are numbers of segments, from 1, and not classes.
func (s *Segmenter) Numbered() bool {
	return s.spec.Reading.Queries() && s.opt.Map.As != segments.Semantic
}

// Each yields how each image is divided, in their order; see [images.Each].
func Each[T any](ctx context.Context, s *Segmenter, items iter.Seq[T], input func(T) images.Input) iter.Seq[runner.Result[T, Result]] {
	return images.Each(ctx, s.Graph, items, input)
}

func (s *Segmenter) read(size images.Size, rows []runner.Row) (Result, error) {
	outputs, err := images.Tensors(rows)
	if err != nil {
		return Result{}, models.StageOutput.Wrap(err)
	}
	m, err := s.spec.Reading.Map(s.place(size), outputs, s.opt.Map)
	if err != nil {
		return Result{}, models.StageOutput.Wrap(err)
	}
	return s.result(m), nil
}

// place says where an image lies in its input.
func (s *Segmenter) place(size images.Size) boxes.Place {
	p := s.spec.Input.Placement(size.Width, size.Height)
	if s.spec.Whole {
		p.X, p.Y = 0, 0
		p.ScaleX, p.ScaleY = float64(p.Tensor.Width)/float64(p.Width), float64(p.Tensor.Height)/float64(p.Height)
	}
	return placeOf(p)
}

func placeOf(p preprocess.Placement) boxes.Place {
	return boxes.Place{Input: boxes.Size(p.Tensor), Image: boxes.Size{Width: p.Width, Height: p.Height}, ScaleX: p.ScaleX, ScaleY: p.ScaleY, X: p.X, Y: p.Y}
}

// result tells the segments of a map.
func (s *Segmenter) result(m *segments.Map) Result {
	out := Result{Segments: []Segment{}, Width: m.Width, Height: m.Height, Map: m.Values}
	var masks []*boxes.RLE
	if !s.opt.NoMasks {
		masks = m.Masks()
	}
	for i, n := range m.Shares() {
		share := float64(n) / float64(len(m.Values))
		if n == 0 || share < s.opt.Least {
			continue
		}
		one := Segment{Index: m.Segments[i].Class, Score: m.Segments[i].Score, Share: share}
		if masks != nil {
			one.Mask = masks[i]
		}
		if s.Numbered() {
			one.Value = i + 1
		}
		if one.Index < len(s.spec.Labels) {
			one.ID, one.Label = s.spec.Labels[one.Index].ID, s.spec.Labels[one.Index].Name
		}
		out.Segments = append(out.Segments, one)
	}
	if s.Numbered() {
		for i, v := range m.Values {
			m.Values[i] = v + 1 // None becomes 0
		}
		return out
	}
	slices.SortStableFunc(out.Segments, func(a, b Segment) int { return cmp.Compare(b.Share, a.Share) })
	return out
}
