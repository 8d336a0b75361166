package detect

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"ortho/models"
	"ortho/models/boxes"
	"ortho/models/images"
	"ortho/runner"
)

// Slices have a detector look at windows of an image, in which small objects are large, and make one of what it finds in
// them: SAHI's (0.12) get_sliced_prediction.
type Slices struct {
	Width, Height int     // of a window, in pixels of the image
	Overlap       float64 // part of a window that the next one shares, from 0 and below 1
	// NoWhole leaves out the pass over the whole image, which finds what is larger than a window.
	NoWhole bool
	// Merging is how boxes of several windows become one; nil: [boxes.DefaultMerging]. Oriented boxes are always
	// left out (NMS), and where the detector's threshold is below boxes.LowConfidence nil is NMS by IoU, as SAHI has it.
	Merging *boxes.Merging
}

// mostWindows bounds the windows of an image.
const mostWindows = 10_000

// check refuses what cuts no image.
func (s *Slices) check() error {
	switch {
	case s.Width < 1 || s.Height < 1:
		return fmt.Errorf("windows of %dx%d pixels: at least 1", s.Width, s.Height)
	case !(s.Overlap >= 0 && s.Overlap < 1):
		return fmt.Errorf("windows that share %v of themselves: from 0 and below 1", s.Overlap)
	case s.Merging != nil && !(s.Merging.Threshold > 0 && s.Merging.Threshold <= 1):
		return fmt.Errorf("boxes become one from an overlap of %v on: above 0, and at most 1", s.Merging.Threshold)
	}
	return nil
}

// along are where windows begin along an edge: the last one ends with it.
func along(edge, window int, overlap float64) (starts []int) {
	step := window - int(overlap*float64(window))
	for at := 0; ; at += step {
		if at+window >= edge {
			return append(starts, max(0, edge-window))
		}
		if len(starts) > mostWindows {
			return starts
		}
		starts = append(starts, at)
	}
}

// Windows are those of an image, row by row, and the whole image behind them where there are several: SAHI's
// get_slice_bboxes.
func (s *Slices) Windows(size images.Size) ([]images.Window, error) {
	across, down := along(size.Width, s.Width, s.Overlap), along(size.Height, s.Height, s.Overlap)
	if n := len(across) * len(down); n > mostWindows {
		return nil, models.StageInput.Wrap(fmt.Errorf("an image of %dx%d pixels has more than %d windows of %dx%d that share %v: let them be larger, or share less",
			size.Width, size.Height, mostWindows, s.Width, s.Height, s.Overlap))
	}
	var all []images.Window
	for _, y := range down {
		for _, x := range across {
			all = append(all, images.Window{X: x, Y: y, Width: min(s.Width, size.Width), Height: min(s.Height, size.Height)})
		}
	}
	if len(all) > 1 && !s.NoWhole {
		all = append(all, images.Window{Width: size.Width, Height: size.Height})
	}
	return all, nil
}

// merging is how boxes become one.
func (d *Detector) merging() boxes.Merging {
	m := boxes.DefaultMerging
	switch {
	case d.slices.Merging != nil:
		m = *d.slices.Merging
	case d.rules.Confidence < boxes.LowConfidence:
		m.Rule, m.Metric = boxes.NMS, boxes.IOU
	}
	if d.spec.Head.Oriented {
		m.Rule = boxes.NMS
	}
	m.Agnostic = m.Agnostic || d.agnostic
	return m
}

// Merging is how boxes of several windows become one; false where images are not sliced.
func (d *Detector) Merging() (boxes.Merging, bool) {
	if d.slices == nil {
		return boxes.Merging{}, false
	}
	return d.merging(), true
}

// eachSliced yields what was found in the windows of each image, as of the image.
func eachSliced[T any](ctx context.Context, d *Detector, items iter.Seq[T], input func(T) images.Input) iter.Seq[runner.Result[T, Result]] {
	return func(yield func(runner.Result[T, Result]) bool) {
		for r := range images.EachPart(ctx, d.Graph, items, input, d.slices.Windows) {
			made := runner.Result[T, Result]{Item: r.Item, Err: r.Err}
			if r.Err == nil {
				var err error
				if made.Value, err = d.together(r.Value); err != nil {
					made.Value, made.Err = Result{}, fmt.Errorf("%s: %w", input(r.Item).Name, models.StageOutput.Wrap(err))
				}
			}
			if !yield(made) {
				return
			}
		}
	}
}

// together makes one result of those of an image's windows.
func (d *Detector) together(p images.Parts[Result]) (Result, error) {
	var all []Detection
	var found []boxes.Box
	image := boxes.Size(p.Size)
	for i, w := range p.Windows {
		for _, one := range p.Results[i].Detections {
			rect := one.Box
			if one.Angle != nil {
				corners := one.Corners()
				rect = boxes.Bounds(corners[:])
			}
			if rect = within(rect, w); rect[0] >= rect[2] || rect[1] >= rect[3] { // nothing of it is in the window
				continue
			}
			if one.Angle == nil {
				one.Box = rect
			}
			if err := one.move(w, image); err != nil {
				return Result{}, err
			}
			x, y := float32(w.X), float32(w.Y)
			found = append(found, boxes.Box{Rect: [4]float32{rect[0] + x, rect[1] + y, rect[2] + x, rect[3] + y}, Score: one.Score, Class: int32(one.Index), At: int32(len(all))})
			all = append(all, one)
		}
	}
	result := Result{Detections: []Detection{}, Width: p.Size.Width, Height: p.Size.Height}
	for _, m := range d.merging().Merge(found) {
		one := all[m.From[0]]
		if one.Angle == nil {
			one.Box = m.Rect
		}
		if by := slices.IndexFunc(m.From, func(i int32) bool { return int32(all[i].Index) == m.Class }); by > 0 {
			other := all[m.From[by]]
			one.Index, one.ID, one.Label = other.Index, other.ID, other.Label
		}
		var masks []*boxes.RLE
		for _, i := range m.From {
			if all[i].Mask != nil {
				masks = append(masks, all[i].Mask)
			}
		}
		if len(masks) > 1 {
			var err error
			if one.Mask, err = boxes.Union(masks); err != nil {
				return Result{}, err
			}
		}
		result.Detections = append(result.Detections, one)
		if d.most > 0 && len(result.Detections) == d.most {
			break
		}
	}
	return result, nil
}

// within ends a box at the edges of its window.
func within(r [4]float32, w images.Window) [4]float32 {
	x, y := float32(w.Width), float32(w.Height)
	return [4]float32{min(max(r[0], 0), x), min(max(r[1], 0), y), min(max(r[2], 0), x), min(max(r[3], 0), y)}
}

// move makes what was found in a window of an image what was found in the image.
func (d *Detection) move(w images.Window, image boxes.Size) (err error) {
	by := [2]float32{float32(w.X), float32(w.Y)}
	for k := range d.Box {
		d.Box[k] += by[k%2]
	}
	points := slices.Clone(d.Keypoints)
	for k, p := range points {
		points[k] = append([]float32{p[0] + by[0], p[1] + by[1]}, p[2:]...)
	}
	d.Keypoints = points
	if d.Mask != nil {
		d.Mask, err = d.Mask.Moved(w.X, w.Y, image)
	}
	return err
}

// String says how images are cut.
func (s *Slices) String() string {
	whole := ", and the whole image"
	if s.NoWhole {
		whole = ""
	}
	return fmt.Sprintf("windows of %dx%d pixels that share %v of themselves%s", s.Height, s.Width, s.Overlap, whole)
}
