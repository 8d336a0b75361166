package models

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ortho/models/config"
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
		case bySize.Value == "none":
			r.fail("%s: input %s has neither 1 nor 3 channels", r.name, in)
			return 0, false
		case bySize.Value != "" && byName.Value != "" && bySize.Value != byName.Value:
			r.contradiction("layout", bySize.Value, "%s: the sizes of its input %s say that it is %s, but the names of its dimensions %s", r.name, in, bySize.Value, byName.Value)
			s = bySize // what else is missing under that order is asked for with it
		case bySize.Value != "":
			s = bySize
		case byName.Value != "":
			s = byName
		case byFile:
			s = format
		default:
			r.gap("layout", "in which order its dimensions stand", "--layout", "layout", "nchw")
			return 0, false
		}
	}
	r.fact("layout", s.Value, s.Source)
	order, _ := preprocess.ParseLayout(s.Value)
	return order, true
}

// orderBySize tells the layout by the fixed dimensions: channels are 1 or 3. "none" is one
// of no image.
func orderBySize(in onnx.Value) config.Statement {
	second, last := in.Dims[1], in.Dims[3]
	may := func(d onnx.Dim) bool { return !d.Fixed() || isChannels(d) }
	switch {
	case isChannels(second) && !isChannels(last):
		return config.Statement{"nchw", "graph"}
	case isChannels(last) && !isChannels(second):
		return config.Statement{"nhwc", "graph"}
	case !may(second) && !may(last):
		return config.Statement{"none", ""}
	case !may(last):
		return config.Statement{"nchw", fmt.Sprintf("graph (its last dimension, %s, counts no channels)", last)}
	case !may(second):
		return config.Statement{"nhwc", fmt.Sprintf("graph (its second dimension, %s, counts no channels)", second)}
	}
	return config.Statement{}
}

// orderByName tells the layout by what the dimensions are called.
func orderByName(in onnx.Value) config.Statement {
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
		return config.Statement{"nchw", source}
	case end && !first:
		return config.Statement{"nhwc", source}
	}
	return config.Statement{}
}

// channels settles how many there are: as the graph fixes it, as stated, or as many as
// there are values of mean or std.
func (r *resolver) channels(d onnx.Dim) {
	s, rank, ok := r.find("channels")
	values, of, counted := r.perColor()
	switch {
	case d.Fixed():
		if ok && s.Value != d.String() && r.layers[rank].Source == "flag" {
			r.wrong("channels", "", "--channels %s, but the graph takes %s: leave it out", s.Value, d)
		}
		s = config.Statement{d.String(), "graph"}
	case ok && counted && !r.layers[rank].ByUser() && s.Value != values:
		r.contradiction("channels", values, "%s says that %s takes %s, but %s", s.Source, r.name, many(s.Value, "channel"), of)
		s = config.Statement{values, of}
	case ok:
	case counted:
		s = config.Statement{values, of}
	default:
		r.gap("channels", "how many channels it takes", "--channels", "channels", "3")
		r.spec.Input.Channels = 3
		return
	}
	r.spec.Input.Channels, _ = strconv.Atoi(s.Value)
	r.fact("channels", s.Value, s.Source)
	if s.Value != "1" && s.Value != "3" {
		r.fail("%s: an input of %s (layout %s): it must be 1 or 3", r.name, many(s.Value, "channel"), r.spec.Input.Layout)
		r.spec.Input.Channels = 3
	}
}

// perColor counts the values of mean or std. One value alone stands for every channel.
func (r *resolver) perColor() (count, source string, ok bool) {
	for _, key := range []string{"mean", "std"} {
		s, _, stated := r.find(key)
		if values, err := config.ParseFloats(s.Value); stated && err == nil && len(values) > 1 {
			count := strconv.Itoa(len(values))
			return count, fmt.Sprintf("%s has %s values of %s", s.Source, count, key), true
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
	at, _ := config.ParseSize(s.Value)
	fits := func(at config.Size) bool {
		return (!height.Fixed() || height.Size == int64(at.Height)) && (!width.Fixed() || width.Size == int64(at.Width))
	}
	example := "224"
	if height.Fixed() || width.Fixed() {
		example = fixedOr(height, example) + "x" + fixedOr(width, example)
	}
	switch ownSize, _ := config.ParseSize(own.Value); {
	case height.Fixed() && width.Fixed():
		fixed := config.Size{int(min(height.Size, math.MaxInt32)), int(min(width.Size, math.MaxInt32))}
		if ok && at != fixed {
			r.contradiction("input-size", fixed.String(), "%s states an input of %s, but the graph takes %s only", s.Source, at, fixed)
		}
		at, s = fixed, config.Statement{fixed.String(), "graph"}
	case !ok && r.task == Generate:
		r.fact("input-size", "the image's own", "graph")
		return
	case ok && !fits(at):
		r.contradiction("input-size", example, "%s states an input of %s, but the graph takes %sx%s", s.Source, at, height, width)
	case ok:
	case says && fits(ownSize):
		at, s = ownSize, own
	default:
		r.gap("input-size", "what size of image it takes", "--input-size", "input-size", example)
		return
	}
	r.spec.Input.Height, r.spec.Input.Width = at.Height, at.Width
	r.fact("input-size", at.String(), s.Source)
	if rank < len(r.layers) && r.layers[rank].ByUser() && !(height.Fixed() && width.Fixed()) {
		r.anotherSize(at, s.Source)
	}
	if says && own.Value != at.String() {
		r.fact("image-size", own.Value+", which the model was configured for", own.Source)
	}
}

// anotherSize tells that the user gives another size than the model's files have.
func (r *resolver) anotherSize(at config.Size, source string) {
	for _, key := range []string{"image-size", "input-size"} {
		for _, l := range r.layers {
			s, ok := l.Values[key]
			its, err := config.ParseSize(s.Value)
			if ok && err == nil && its != at && !l.ByUser() {
				r.notice("%s states an input of %s, but %s says that %s was configured for %s: it may not run at another, or run worse", source, at, cmp.Or(s.Source, l.Source), r.name, its)
				return
			}
		}
	}
}

// fixedSize is the size of the graph's image input where it is fixed.
func fixedSize(g *onnx.Graph) *config.Size {
	for _, v := range g.Inputs {
		if !isImage(v) {
			continue
		}
		h, w := v.Dims[2], v.Dims[3]
		if isChannels(w) && !isChannels(v.Dims[1]) {
			h, w = v.Dims[1], v.Dims[2]
		}
		if h.Fixed() && w.Fixed() {
			return &config.Size{int(h.Size), int(w.Size)}
		}
	}
	return nil
}
