package models

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ortho/preprocess"
	"ortho/runner/onnx"
)

// isChannels reports whether a dimension may count an image's channels.
func isChannels(d onnx.Dim) bool { return d.Size == 1 || d.Size == 3 }

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
	r.spec.Input.Layout = order
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

// layout tells in which order the dimensions stand: as stated, as the graph's sizes and
// names have it, or as the library has it whose files lie beside it.
func (r *resolver) layout(in onnx.Value) (preprocess.Layout, bool) {
	s, _, stated := r.find("layout")
	if !stated {
		bySize, byName := orderBySize(in), orderByName(in)
		format, _, byFile := r.find("data-format")
		switch {
		case bySize.value == "none":
			r.fail("%s: input %s has neither 1 nor 3 channels", r.name, in)
			return 0, false
		case bySize.value != "" && byName.value != "" && bySize.value != byName.value:
			r.contradiction("layout", bySize.value, "%s: the sizes of its input %s say that it is %s, but the names of its dimensions %s", r.name, in, bySize.value, byName.value)
			s = bySize // what else is missing under that order is asked for with it
		case bySize.value != "":
			s = bySize
		case byName.value != "":
			s = byName
		case byFile:
			s = format
		default:
			r.gap("layout", "in which order its dimensions stand", "--layout", "layout", "nchw")
			return 0, false
		}
	}
	r.fact("layout", s.value, s.source)
	order, _ := preprocess.ParseLayout(s.value)
	return order, true
}

// orderBySize tells the layout by the fixed dimensions: channels are 1 or 3. "none" is one
// of no image.
func orderBySize(in onnx.Value) statement {
	second, last := in.Dims[1], in.Dims[3]
	may := func(d onnx.Dim) bool { return !d.Fixed() || isChannels(d) }
	switch {
	case isChannels(second) && !isChannels(last):
		return statement{"nchw", "graph"}
	case isChannels(last) && !isChannels(second):
		return statement{"nhwc", "graph"}
	case !may(second) && !may(last):
		return statement{"none", ""}
	case !may(last):
		return statement{"nchw", fmt.Sprintf("graph (its last dimension, %s, counts no channels)", last)}
	case !may(second):
		return statement{"nhwc", fmt.Sprintf("graph (its second dimension, %s, counts no channels)", second)}
	}
	return statement{}
}

// orderByName tells the layout by what the dimensions are called.
func orderByName(in onnx.Value) statement {
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
		return statement{"nchw", source}
	case end && !first:
		return statement{"nhwc", source}
	}
	return statement{}
}

// channels settles how many there are: as the graph fixes it, as stated, or as many as
// there are values of mean or std.
func (r *resolver) channels(d onnx.Dim) {
	s, rank, ok := r.find("channels")
	values, of, counted := r.perColor()
	switch {
	case d.Fixed():
		if ok && s.value != d.String() && r.layers[rank].source == "flag" {
			r.wrong("channels", "", "--channels %s, but the graph takes %s: leave it out", s.value, d)
		}
		s = statement{d.String(), "graph"}
	case ok && counted && !r.layers[rank].byUser() && s.value != values:
		r.contradiction("channels", values, "%s says that %s takes %s, but %s", s.source, r.name, many(s.value, "channel"), of)
		s = statement{values, of}
	case ok:
	case counted:
		s = statement{values, of}
	default:
		r.gap("channels", "how many channels it takes", "--channels", "channels", "3")
		r.spec.Input.Channels = 3
		return
	}
	r.spec.Input.Channels, _ = strconv.Atoi(s.value)
	r.fact("channels", s.value, s.source)
	if s.value != "1" && s.value != "3" {
		r.fail("%s: an input of %s (layout %s): it must be 1 or 3", r.name, many(s.value, "channel"), r.spec.Input.Layout)
		r.spec.Input.Channels = 3
	}
}

// perColor counts the values of mean or std. One value alone stands for every channel.
func (r *resolver) perColor() (count, source string, ok bool) {
	for _, key := range []string{"mean", "std"} {
		s, _, stated := r.find(key)
		if values, err := parseFloats(s.value); stated && err == nil && len(values) > 1 {
			count := strconv.Itoa(len(values))
			return count, fmt.Sprintf("%s has %s values of %s", s.source, count, key), true
		}
	}
	return "", "", false
}

func fixedOr(d onnx.Dim, open string) string {
	if d.Fixed() {
		return d.String()
	}
	return open
}

// inputSize settles the size of the graph's input.
func (r *resolver) inputSize(height, width onnx.Dim) {
	s, rank, ok := r.find("input-size")
	own, _, says := r.find("image-size") // what the model was configured for: its files may feed it another
	at, _ := parseSize(s.value)
	fits := func(at size) bool {
		return (!height.Fixed() || height.Size == int64(at.height)) && (!width.Fixed() || width.Size == int64(at.width))
	}
	example := "224"
	if height.Fixed() || width.Fixed() {
		example = fixedOr(height, example) + "x" + fixedOr(width, example)
	}
	switch ownSize, _ := parseSize(own.value); {
	case height.Fixed() && width.Fixed():
		fixed := size{int(min(height.Size, math.MaxInt32)), int(min(width.Size, math.MaxInt32))}
		if ok && at != fixed {
			r.contradiction("input-size", fixed.String(), "%s states an input of %s, but the graph takes %s only", s.source, at, fixed)
		}
		at, s = fixed, statement{fixed.String(), "graph"}
	case !ok && r.task == Generate:
		r.fact("input-size", "the image's own", "graph")
		return
	case ok && !fits(at):
		r.contradiction("input-size", example, "%s states an input of %s, but the graph takes %sx%s", s.source, at, height, width)
	case ok:
	case says && fits(ownSize):
		at, s = ownSize, own
	default:
		r.gap("input-size", "what size of image it takes", "--input-size", "input-size", example)
		return
	}
	r.spec.Input.Height, r.spec.Input.Width = at.height, at.width
	r.fact("input-size", at.String(), s.source)
	if rank < len(r.layers) && r.layers[rank].byUser() && !(height.Fixed() && width.Fixed()) {
		r.anotherSize(at, s.source)
	}
	if says && own.value != at.String() {
		r.fact("image-size", own.value+", which the model was configured for", own.source)
	}
}

// anotherSize tells that the user gives another size than the model's files have.
func (r *resolver) anotherSize(at size, source string) {
	for _, key := range []string{"image-size", "input-size"} {
		for _, l := range r.layers {
			s, ok := l.values[key]
			its, err := parseSize(s.value)
			if ok && err == nil && its != at && !l.byUser() {
				r.notice("%s states an input of %s, but %s says that %s was configured for %s: it may not run at another, or run worse", source, at, cmp.Or(s.source, l.source), r.name, its)
				return
			}
		}
	}
}
