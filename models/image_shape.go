package models

import (
	"fmt"
	"math"
	"strings"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// roles are the names that exporters and people give to the dimensions of images, and what
// they say. Names that exporters number (s77, unk__6, input_dynamic_axes_2) say nothing.
var roles = map[string]string{
	"num_channels": "channels", "channels": "channels", "channel": "channels", "in_channels": "channels", "c": "channels",
	"height": "edge", "h": "edge", "image_height": "edge", "img_height": "edge",
	"width": "edge", "w": "edge", "image_width": "edge", "img_width": "edge",
}

func roleOf(d onnx.Dim) string { return roles[strings.ToLower(d.Name)] }

// shape settles layout, channels and the input's size. What is open in the graph is taken
// from the names of its dimensions and from what the model's files say.
func (r *resolver) shape(in onnx.Value) {
	order, known := r.layout(in)
	second, third, last := in.Dims[1], in.Dims[2], in.Dims[3]
	channels, height, width := second, third, last
	switch {
	case known && order == preprocess.NHWC:
		channels, height, width = last, second, third
	case !known: // only what both orders agree on is known
		channels, height, width = agreed(second, last), agreed(third, second), agreed(last, third)
	}
	r.image.Spec.Layout = order
	r.channels(channels)
	if known || !second.Fixed() || !third.Fixed() || !last.Fixed() {
		r.inputSize(height, width)
	}
}

func agreed(a, b onnx.Dim) onnx.Dim {
	if a.Size == b.Size {
		return a
	}
	return onnx.Dim{Size: -1}
}

// layout settles the order of the dimensions: as stated, as the graph's sizes and names have
// it, or as the library has it whose files lie beside it.
func (r *resolver) layout(in onnx.Value) (preprocess.Layout, bool) {
	s, stated := config.Layout.Find(r.layers)
	if !stated {
		bySize, one := orderBySize(in)
		byName, another := orderByName(in)
		format, byFile := config.DataFormat.Find(r.layers)
		switch {
		case noImage(in), another && !mayCount(in.Dims[channelsOf(byName.Value)]):
			r.unfit("%s: input %s has neither 1 nor 3 channels", r.name, in)
			return 0, false
		case one && another && bySize.Value != byName.Value:
			r.contradiction("layout", bySize.Text, "%s: the sizes of its input %s say that it is %s, but the names of its dimensions %s", r.name, in, bySize.Value, byName.Value)
			s = bySize // what else is missing under that order is asked for with it
		case one:
			s = bySize
		case another:
			s = byName
		case byFile:
			s = format
		default:
			r.gap("layout", "in which order its dimensions stand", "nchw", "layout")
			return 0, false
		}
	}
	return noted(r, config.Layout, s), true
}

// mayCount reports whether a dimension may be that of an image's channels.
func mayCount(d onnx.Dim) bool { return !d.Fixed() || isChannels(d) }

// noImage reports whether none of the dimensions can be that of channels.
func noImage(in onnx.Value) bool { return !mayCount(in.Dims[1]) && !mayCount(in.Dims[3]) }

// channelsOf is the dimension of a batch that counts channels.
func channelsOf(l preprocess.Layout) int {
	if l == preprocess.NHWC {
		return 3
	}
	return 1
}

// orderBySize derives the layout from the fixed dimensions: channels are 1 or 3.
func orderBySize(in onnx.Value) (s config.Stated[preprocess.Layout], ok bool) {
	second, last := in.Dims[1], in.Dims[3]
	switch {
	case isChannels(second) && !isChannels(last):
		return config.Layout.Of(preprocess.NCHW, "graph"), true
	case isChannels(last) && !isChannels(second):
		return config.Layout.Of(preprocess.NHWC, "graph"), true
	case !mayCount(last):
		return config.Layout.Of(preprocess.NCHW, fmt.Sprintf("graph (its last dimension, %s, counts no channels)", last)), true
	case !mayCount(second):
		return config.Layout.Of(preprocess.NHWC, fmt.Sprintf("graph (its second dimension, %s, counts no channels)", second)), true
	}
	return s, false
}

// orderByName derives the layout from the names of the dimensions.
func orderByName(in onnx.Value) (s config.Stated[preprocess.Layout], ok bool) {
	second, third, last := in.Dims[1], in.Dims[2], in.Dims[3]
	var names []string
	for _, d := range []onnx.Dim{second, third, last} {
		if roleOf(d) != "" {
			names = append(names, d.Name)
		}
	}
	source := fmt.Sprintf("graph (dimensions %s)", strings.Join(names, ", "))
	first := roleOf(second) == "channels" || roleOf(last) == "edge"
	end := roleOf(last) == "channels" || roleOf(second) == "edge"
	switch {
	case first && !end:
		return config.Layout.Of(preprocess.NCHW, source), true
	case end && !first:
		return config.Layout.Of(preprocess.NHWC, source), true
	}
	return s, false
}

// channels settles the number of channels: as the graph fixes it, as stated, or as many as
// there are values of mean or std.
func (r *resolver) channels(d onnx.Dim) {
	s, ok := config.Channels.Find(r.layers)
	values, counted := r.perColor()
	switch {
	case d.Fixed():
		if ok && int64(s.Value) != d.Size && r.layers[s.Rank].Source == "flag" {
			r.wrong("channels", "", "%s %s, but the graph takes %s: leave it out", config.Key("channels"), s.Text, d)
		}
		s = config.Channels.Of(int(d.Size), "graph")
	case ok && counted && !r.layers[s.Rank].ByUser() && s.Value != values.Value:
		r.contradiction("channels", values.Text, "%s says that %s takes %s, but %s", s.Source, r.name, many(s.Value, "channel"), values.Source)
		s = values
	case ok:
	case counted:
		s = values
	default:
		r.gap("channels", "how many channels it takes", "3", "channels")
		r.image.Spec.Channels = 3
		return
	}
	r.image.Spec.Channels = noted(r, config.Channels, s)
	if s.Value != 1 && s.Value != 3 {
		r.fail("%s: an input of %s (layout %s): it must be 1 or 3", r.name, many(s.Value, "channel"), r.image.Spec.Layout)
		r.image.Spec.Channels = 3
	}
}

// perColor counts the values of mean or std. One value alone stands for every channel.
func (r *resolver) perColor() (count config.Stated[int], ok bool) {
	for _, k := range []config.Setting[[]float64]{config.Mean, config.Std} {
		if s, ok := k.Find(r.layers); ok && len(s.Value) > 1 {
			n := len(s.Value)
			return config.Channels.Of(n, fmt.Sprintf("%s has %d values of %s", s.Source, n, k.Name())), true
		}
	}
	return count, false
}

func fixedOr(d onnx.Dim, open string) string {
	if d.Fixed() {
		return d.String()
	}
	return open
}

// inputSize settles the size of the graph's input.
func (r *resolver) inputSize(height, width onnx.Dim) {
	s, ok := config.InputSize.Find(r.layers)
	own, says := config.ImageSize.Find(r.layers)
	at, rank := s.Value, s.Rank
	fits := func(at config.Size) bool {
		return (!height.Fixed() || height.Size == int64(at.Height)) && (!width.Fixed() || width.Size == int64(at.Width))
	}
	example := "224"
	if height.Fixed() || width.Fixed() {
		example = fixedOr(height, example) + "x" + fixedOr(width, example)
	}
	switch {
	case height.Fixed() && width.Fixed():
		fixed := config.Size{Height: int(min(height.Size, math.MaxInt32)), Width: int(min(width.Size, math.MaxInt32))}
		if ok && at != fixed {
			r.contradiction("input-size", fixed.String(), "%s states an input of %s, but the graph takes %s only", s.Source, at, fixed)
		}
		at, s = fixed, config.InputSize.Of(fixed, "graph")
	case r.ownSize(height, width):
		return
	case !ok && r.task.whole:
		r.fact("input-size", "the image's own", "graph")
		return
	case ok && !fits(at):
		r.contradiction("input-size", example, "%s states an input of %s, but the graph takes %sx%s", s.Source, at, height, width)
	case ok:
	case says && fits(own.Value):
		at, s = own.Value, own
	default:
		r.gap("input-size", "what size of image it takes", example, "input-size")
		return
	}
	r.inputAt = at
	if multiple, ok := config.PadMultiple.Find(r.layers); ok && !height.Fixed() && !width.Fixed() && r.task.sized {
		r.image.Spec.PadMultiple = multiple.Value
		r.fact("input-size", fmt.Sprintf("as each image asks for within %s, in multiples of %d", at, multiple.Value), multiple.Source)
		return
	}
	r.image.Spec.Height, r.image.Spec.Width = at.Height, at.Width
	r.fact("input-size", at.String(), s.Source)
	if rank < len(r.layers) && r.layers[rank].ByUser() && !(height.Fixed() && width.Fixed()) {
		r.anotherSize(at, s.Source)
	}
	if says && own.Value != at {
		r.fact("image-size", own.Text+", which the model was configured for", own.Source)
	}
}

// ownSize notes where each image's input is of the size that it is resized to, unless the user
// states one for all.
func (r *resolver) ownSize(height, width onnx.Dim) bool {
	own, ok := config.OwnSize.Find(r.layers)
	_, given := config.InputSize.ByUser(r.layers)
	if !ok || given || !r.task.sized || height.Fixed() || width.Fixed() {
		return false
	}
	r.fact("input-size", "as each image is resized", own.Source)
	return true
}

// anotherSize notes that the user gives another size than the model's files.
func (r *resolver) anotherSize(at config.Size, source string) {
	for _, k := range []config.Setting[config.Size]{config.ImageSize, config.InputSize} {
		for _, l := range r.layers {
			if s, ok := k.In(l); ok && s.Value != at && !l.ByUser() {
				r.notice("%s states an input of %s, but %s says that %s was configured for %s: it may not run at another, or run worse", source, at, s.Source, r.name, s.Value)
				return
			}
		}
	}
}
