package models

import (
	"math"
	"strconv"

	"ortho/preprocess"
	"ortho/runner/onnx"
)

// isChannels reports whether a dimension may count an image's channels.
func isChannels(d onnx.Dim) bool { return d.Size == 1 || d.Size == 3 }

// shape settles layout, channels and the input's size.
func (r *resolver) shape(in onnx.Value) {
	second, last := in.Dims[1], in.Dims[3]
	s, _, stated := r.find("layout")
	layout, known := statement{"nchw", "graph"}, true
	switch {
	case stated:
		layout = s
	case isChannels(second) && !isChannels(last):
	case isChannels(last) && !isChannels(second):
		layout.value = "nhwc"
	case second.Fixed() && last.Fixed() && !isChannels(second) && !isChannels(last):
		r.fail("%s: input %s has neither 1 nor 3 channels", r.name, in)
		known = false
	default:
		known = false
		r.gap("layout", "in which order its dimensions stand", "--layout")
	}
	if !known {
		r.spec.Input.Channels = 3
		return
	}
	r.fact("layout", layout.value, layout.source)
	r.spec.Input.Layout, _ = preprocess.ParseLayout(layout.value)
	channels, height, width := second, in.Dims[2], last
	if r.spec.Input.Layout == preprocess.NHWC {
		channels, height, width = last, in.Dims[1], in.Dims[2]
	}
	r.channels(channels)
	r.inputSize(height, width)
}

func (r *resolver) channels(d onnx.Dim) {
	s, rank, ok := r.find("channels")
	switch {
	case d.Fixed():
		if ok && s.value != d.String() && r.layers[rank].source == "flag" {
			r.fail("--channels %s, but the graph takes %s", s.value, d)
		}
		s = statement{d.String(), "graph"}
	case !ok:
		r.gap("channels", "how many channels it takes", "--channels")
		r.spec.Input.Channels = 3
		return
	}
	r.spec.Input.Channels, _ = strconv.Atoi(s.value)
	r.fact("channels", s.value, s.source)
	if s.value != "1" && s.value != "3" {
		r.fail("%s: an input of %s channels (layout %s): it must be 1 or 3", r.name, s.value, r.spec.Input.Layout)
		r.spec.Input.Channels = 3
	}
}

func (r *resolver) inputSize(height, width onnx.Dim) {
	s, _, ok := r.find("input-size")
	at, _ := parseSize(s.value)
	if height.Fixed() && width.Fixed() {
		fixed := size{int(min(height.Size, math.MaxInt32)), int(min(width.Size, math.MaxInt32))}
		if ok && at != fixed {
			r.fail("%s states an input of %s, but the graph takes %s only: give --input-size %s", s.source, at, fixed, fixed)
		}
		at, s = fixed, statement{fixed.String(), "graph"}
	} else if !ok && r.task == Generate {
		r.fact("input-size", "the image's own", "graph")
		return
	} else if !ok {
		r.gap("input-size", "what size of image it takes", "--input-size")
		return
	} else if height.Fixed() && height.Size != int64(at.height) || width.Fixed() && width.Size != int64(at.width) {
		r.fail("%s states an input of %s, but the graph takes %sx%s", s.source, at, height, width)
	}
	r.spec.Input.Height, r.spec.Input.Width = at.height, at.width
	r.fact("input-size", at.String(), s.source)
}
