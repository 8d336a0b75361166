package models

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ortho/models/config"
	"ortho/preprocess"
)

// geometry settles resize and crop. A resize in pixels and a crop-pct with its
// crop-mode are two ways to say the same: the layer with precedence decides.
func (r *resolver) geometry() {
	in := &r.image.Spec
	r.passedOver()
	resize, stated := config.Resize.Find(r.layers)
	pct, _ := config.CropPct.Find(r.layers)
	mode, _ := config.CropMode.Find(r.layers)
	at, relative := resize.Rank, min(pct.Rank, mode.Rank)
	if in.Height == 0 && r.task.whole {
		if stated || relative < len(r.layers) {
			r.fail("%s takes images of any size, which are not resized: give %s", r.name, config.Key("input-size"))
		}
		return
	}
	switch {
	case stated && at <= relative:
		if in.Height > 0 && !r.fits(at) {
			r.gap("resize", fmt.Sprintf("how to resize for an input of %dx%d", in.Height, in.Width), r.resizeExample(), "resize", "crop-pct")
			break
		}
		in.Resize = resize.Value
		r.toInput(&in.Resize)
		if part, ok := config.Central.In(r.layers[at]); ok {
			in.Central = part.Value
			r.fact("central", part.Text+" of the short edge (height, width), cut out before the resize", part.Source)
		}
		text := describe(in.Resize)
		if in.Open() {
			text = strings.TrimSuffix(text, thenCrop)
		}
		end, padded := config.PadEnd.In(r.layers[at])
		if padded {
			text = strings.TrimSuffix(text, thenCrop)
		}
		r.fact("resize", text, resize.Source)
		if padded {
			in.PadEnd = end.Value
			r.fact("pad", "zeros at the right and at the bottom", end.Source)
		}
	case relative == len(r.layers) && r.problem():
		r.gap("resize", "how images are resized", strconv.Itoa(cmp.Or(min(in.Height, in.Width), 224)), "resize", "crop-mode")
	case r.task.whole && in.Height > 0 && relative == len(r.layers):
		in.Resize = preprocess.Resize{Mode: preprocess.Exact, Height: in.Height, Width: in.Width}
		r.fact("resize", describe(in.Resize), "default")
	case in.Height > 0:
		r.relative(pct, mode, relative)
	}
	offset, _ := config.CropOffset.Find(r.layers)
	in.CropOffset = offset.Value
	r.padding()
	s, ok := config.Interpolation.Find(r.layers)
	switch {
	case in.Resize.Mode == preprocess.ResizeNone:
		return
	case !ok && min(at, relative) < len(r.layers) && r.layers[min(at, relative)].Problem != nil: // it states a resize, and by what can't be read
		r.gap("interpolation", "by which filter images are resized", preprocess.Bilinear.String(), "interpolation")
		return
	case !ok && r.task.whole:
		s = config.Interpolation.Of(preprocess.Bicubic, "default") // Pillow's for Image.resize
	case !ok:
		s = config.Interpolation.Of(preprocess.Bilinear, "default (Pillow's, which averages where it shrinks; OpenCV's, which does not, is linear-cv2, and that of Keras' datasets linear-tf)")
	}
	in.Interpolation = s.Value
	r.fact("interpolation", in.Interpolation.String(), s.Source)
}

// resizeExample is a resize to suggest: of detectors one that shows all of the image.
func (r *resolver) resizeExample() string {
	if r.task.sized {
		return "squash"
	}
	return strconv.Itoa(min(r.image.Spec.Height, r.image.Spec.Width))
}

// toInput gives a resize that is to the input's size that size.
func (r *resolver) toInput(to *preprocess.Resize) {
	switch to.Mode {
	case preprocess.Letterbox, preprocess.FitWithin, preprocess.Exact, preprocess.PadSquare:
		if to.Height == 0 && to.Width == 0 {
			to.Height, to.Width = r.inputAt.Height, r.inputAt.Width
		}
	}
}

// padding settles where a letterboxed image is, and the colour around it.
func (r *resolver) padding() {
	in := &r.image.Spec
	if in.Resize.Mode != preprocess.Letterbox && in.Resize.Mode != preprocess.FitWithin && in.Resize.Mode != preprocess.PadSquare || in.PadEnd {
		return
	}
	if s, ok := config.PadAt.Find(r.layers); ok {
		if noted(r, config.PadAt, s) == "start" {
			in.CropOffset = preprocess.Start
		}
	}
	s, ok := config.Fill.Find(r.layers)
	switch {
	case ok:
	case in.Resize.Mode == preprocess.PadSquare:
		s = config.Fill.Of([3]uint8{255, 255, 255}, "default (white)")
		s.Text = "255"
	case in.Resize.Mode == preprocess.Letterbox:
		s = config.Fill.Of([3]uint8{114, 114, 114}, "default (Ultralytics' LetterBox)")
		s.Text = "114"
	default:
		return
	}
	in.Fill = noted(r, config.Fill, s)
}

// relative resizes by crop-pct and crop-mode: timm's rules. Where nothing is
// stated at all, the short edge is brought to that of a square input.
func (r *resolver) relative(pct config.Stated[float64], mode config.Stated[string], rank int) {
	in := &r.image.Spec
	part := 1.0
	source := "default"
	if rank < len(r.layers) {
		source = mode.Source
		if pct.Rank == rank {
			source = pct.Source
		}
	}
	given := pct.Rank < len(r.layers)
	if given {
		part = pct.Value
	}
	height, width := int(math.Floor(float64(in.Height)/part)), int(math.Floor(float64(in.Width)/part))
	oblong := preprocess.Resize{Height: height, Width: width}
	switch square := height == width; {
	case mode.Value == "squash":
		in.Resize, in.Resize.Mode = oblong, preprocess.Exact
	case square && mode.Value == "border":
		in.Resize = preprocess.Resize{Mode: preprocess.LongEdge, Size: height}
	case square:
		in.Resize = preprocess.Resize{Mode: preprocess.ShortEdge, Size: height}
	case mode.Value == "border":
		in.Resize, in.Resize.Mode = oblong, preprocess.Fit
	case rank < len(r.layers):
		in.Resize, in.Resize.Mode = oblong, preprocess.Cover
	default:
		r.gap("resize", fmt.Sprintf("how to resize for an input of %dx%d, which is no square", in.Height, in.Width),
			fmt.Sprintf("%dx%d", in.Height, in.Width), "resize", "crop-mode")
		return
	}
	text := describe(in.Resize)
	if given {
		text += ", crop-pct " + strconv.FormatFloat(part, 'g', -1, 64)
	}
	r.fact("resize", text, source)
}

// fits reports whether a layer's resize in pixels is meant for the size that the
// input has, which another layer may have changed.
func (r *resolver) fits(rank int) bool {
	if _, open := config.OwnSize.In(r.layers[rank]); open {
		return false
	}
	own, ok := config.InputSize.In(r.layers[rank])
	return !ok || own.Value == config.Size{Height: r.image.Spec.Height, Width: r.image.Spec.Width}
}

// passedOver tells of what files state and is not done: what could not be read of them, and
// keys that change nothing.
func (r *resolver) passedOver() {
	for _, l := range r.layers {
		if l.Problem != nil {
			r.notice("%s is not read, or in part only, and what else is stated counts: %v", l.Source, l.Problem)
		}
		if class, ok := config.Near.In(l); ok {
			r.fact("resize-exactness", "torchvision's on bytes by Pillow's filter: within 2 of 255 levels", class.Source)
			r.notice("%s, of %s, resizes by torchvision, and is done by Pillow's filter: pixels may differ by up to 2 of 255 levels", class.Value, l.Source)
		}
		if keys, ok := config.PassedOver.In(l); ok {
			r.fact("passed-over", keys.Text, keys.Source)
			r.notice("what %s states of %s changes nothing: %s", l.Source, keys.Text, keys.Source)
		}
	}
}

func (r *resolver) problem() bool {
	for _, l := range r.layers {
		if l.Problem != nil {
			return true
		}
	}
	return false
}

const thenCrop = ", then centre crop"

func describe(r preprocess.Resize) string {
	switch r.Mode {
	case preprocess.Constrained:
		return fmt.Sprintf("the edge that changes less to that of %dx%d, with the ratio kept, both to multiples of %d", r.Height, r.Width, max(1, r.Multiple))
	case preprocess.Multiples:
		return fmt.Sprintf("squash both edges down to multiples of %d", r.Multiple)
	case preprocess.ShortEdge, preprocess.ShortEdgeRounded:
		text := fmt.Sprintf("short edge to %d", r.Size)
		if r.Longest > 0 {
			text += fmt.Sprintf(", the long one to %d at most", r.Longest)
		}
		if r.Mode == preprocess.ShortEdgeRounded {
			text += ", the long one rounded"
		}
		if r.Multiple > 1 && r.Down {
			text += fmt.Sprintf(", both down to multiples of %d", r.Multiple)
		} else if r.Multiple > 1 {
			text += fmt.Sprintf(", both up to multiples of %d", r.Multiple)
		}
		return text + thenCrop
	case preprocess.LongEdge:
		return fmt.Sprintf("long edge to %d, then pad", r.Size)
	case preprocess.Exact:
		return fmt.Sprintf("squash to %dx%d", r.Height, r.Width)
	case preprocess.PadSquare:
		return fmt.Sprintf("pad to a square, then squash to %dx%d", r.Height, r.Width)
	case preprocess.Cover:
		return fmt.Sprintf("cover %dx%d in the image's own ratio, then centre crop", r.Height, r.Width)
	case preprocess.FitWithin:
		return fmt.Sprintf("fit into %dx%d in the image's own ratio, truncated", r.Height, r.Width)
	case preprocess.Letterbox:
		return fmt.Sprintf("fit into %dx%d in the image's own ratio, rounded, then pad", r.Height, r.Width)
	case preprocess.Fit:
		return fmt.Sprintf("fit into %dx%d in the image's own ratio, then pad", r.Height, r.Width)
	}
	return "none"
}
