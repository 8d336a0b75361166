package models

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ortho/preprocess"
	"ortho/runner/onnx"
)

// layer is one source of settings. problem says why a source that is there
// can't be read as far as it goes.
type layer struct {
	source string
	Settings
	problem error
}

// resolver settles every value of a model: the first layer that states one
// wins, and the graph itself has the last word on what can't be otherwise.
type resolver struct {
	name   string
	graph  *onnx.Graph
	layers []layer // by precedence
	task   Task
	spec   ClassifierSpec
	made   GeneratorSpec // where the task is Generate; its image input is made of spec
	// Where the task is ClassifyText, made.Text and made.Batch, spec.Scores and:
	untrained []int
	doubt     Doubt
	facts     []Fact
	missing   []gap
	errs      []error
}

// gap is something that nothing states: what it is about, and the flags to give.
type gap struct{ about, give string }

// find returns the first statement of a key, and its layer's rank.
func (r *resolver) find(key string) (s statement, rank int, ok bool) {
	for rank, l := range r.layers {
		if s, ok := l.values[key]; ok {
			if s.source == "" {
				s.source = l.source
			}
			return s, rank, true
		}
	}
	return statement{}, len(r.layers), false
}

func (r *resolver) fact(key, value, source string) {
	r.facts = append(r.facts, Fact{key, value, source})
}

func (r *resolver) gap(key, about, give string) {
	r.missing = append(r.missing, gap{about, give})
	r.fact(key, "missing: give "+give, "")
}

func (r *resolver) fail(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf(format, args...))
}

// setting states a value as found, or its default.
func (r *resolver) setting(key, byDefault string) string {
	s, _, ok := r.find(key)
	if !ok {
		s = statement{byDefault, "default"}
	}
	r.fact(key, s.value, s.source)
	return s.value
}

// imageTypes are the element types that an image input may have.
var imageTypes = map[onnx.ElementType]preprocess.ElementType{
	onnx.Float: preprocess.Float32, onnx.Float16: preprocess.Float16, onnx.Uint8: preprocess.Uint8, onnx.Int8: preprocess.Int8,
}

// isImage reports whether a value may take a batch of images.
func isImage(v onnx.Value) bool {
	_, ok := imageTypes[v.Type]
	return ok && v.Kind == "tensor" && v.Ranked && len(v.Dims) == 4
}

// run resolves everything.
func (r *resolver) run() {
	if s, _, ok := r.find("preset"); ok {
		r.fact("preset", s.value, s.source)
	}
	switch r.settleTask(); r.task {
	case Generate:
		r.generator()
		return
	case ClassifyText:
		r.textClassifier()
		return
	}
	if in, ok := r.input(); ok {
		r.shape(in)
		r.geometry()
		r.pixels(in.Type)
	}
	r.output()
}

// input picks the graph's one image input.
func (r *resolver) input() (onnx.Value, bool) {
	var images []onnx.Value
	var all []string
	for _, v := range r.graph.Inputs {
		all = append(all, v.String())
		if isImage(v) {
			images = append(images, v)
		}
	}
	switch {
	case len(images) == 0:
		r.fact("input", "none takes images", "graph")
		r.fail("%s takes no images: no input is float32, float16, uint8 or int8 with four dimensions (inputs: %s)", r.name, strings.Join(all, ", "))
		return onnx.Value{}, false
	case len(images) > 1:
		r.fact("input", "several take images", "graph")
		r.fail("%s takes more than one image (%s), which no image classifier does", r.name, strings.Join(all, ", "))
		return onnx.Value{}, false
	case len(all) > 1:
		r.fail("%s needs more than an image (inputs: %s)", r.name, strings.Join(all, ", "))
	}
	in := images[0]
	r.spec.InputName = in.Name
	r.spec.Input.Type = imageTypes[in.Type]
	if in.Dims[0].Fixed() {
		r.spec.Batch = int(in.Dims[0].Size)
		if in.Dims[0].Size < 1 || in.Dims[0].Size > 1<<16 {
			r.fail("%s fixes its batch at %d images", r.name, in.Dims[0].Size)
		}
	}
	r.fact("input", in.String(), "graph")
	return in, true
}

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

// pixels settles what becomes of the pixels' values.
func (r *resolver) pixels(t onnx.ElementType) {
	in := &r.spec.Input
	upright := map[Task]string{Classify: "ignore", Generate: "exif"}
	in.Orientation, _ = preprocess.ParseOrientation(r.setting("orientation", upright[r.task]))
	if in.Channels == 3 {
		in.ColorOrder, _ = preprocess.ParseColorOrder(r.setting("color-order", "rgb"))
	}
	in.Invert, _ = strconv.ParseBool(r.setting("invert", "false"))

	rng, rank, haveRange := r.find("input-range")
	mean, meanRank, haveMean := r.find("mean")
	std, stdRank, haveStd := r.find("std")
	if t == onnx.Uint8 {
		// A graph of bytes normalises inside: what a config states is no longer to do.
		said := func(rank int) bool { return rank < len(r.layers) && r.layers[rank].byUser() }
		haveRange, haveMean, haveStd = haveRange && said(rank), haveMean && said(meanRank), haveStd && said(stdRank)
		if !haveRange && !haveMean && !haveStd {
			rng, haveRange = statement{"0,255", "graph (uint8)"}, true
		}
	}
	if r.task == Generate && !haveRange && !haveMean && !haveStd {
		r.gap("input-range", "which values its pixels have", "--input-range (most graphs: 0,1 or 0,255)")
		in.Range, in.Mean, in.Std = [2]float64{0, 1}, make([]float64, in.Channels), slices.Repeat([]float64{1}, in.Channels)
		return
	}
	if haveRange && !haveMean && !haveStd {
		source := "follows from input-range"
		mean, std, haveMean, haveStd = statement{"0", source}, statement{"1", source}, true, true
	}
	if !haveRange {
		rng = statement{"0,1", "default"}
	}
	in.Range, _ = parseRange(rng.value)
	r.fact("input-range", rng.value, rng.source)
	in.Mean = r.perChannel("mean", mean, haveMean)
	in.Std = r.perChannel("std", std, haveStd)
	if mean.source == "flag" {
		r.sameUnits(rng)
	}
	r.fill()
	if !haveMean || !haveStd {
		var give []string
		if !haveMean {
			give = append(give, "--mean")
		}
		if !haveStd {
			give = append(give, "--std")
		}
		text := strings.Join(give, " and ")
		if !haveRange {
			text += " (and --input-range if pixels are not scaled to 0-1)"
		}
		r.missing = append(r.missing, gap{"how its pixels are normalised", text})
	}
}

func (r *resolver) perChannel(key string, s statement, ok bool) []float64 {
	if !ok {
		r.fact(key, "missing: give --"+key+" or --preset", "")
		return nil
	}
	r.fact(key, s.value, s.source)
	values, _ := parseFloats(s.value)
	if n := r.spec.Input.Channels; len(values) == 1 && n > 1 {
		values = slices.Repeat(values, n)
	} else if len(values) != n {
		r.fail("%s states %d values of %s, but the input has %d channels", s.source, len(values), key, n)
	}
	return values
}

// fill gives the border of crop-mode border the colour that normalises to 0:
// timm's round(255*mean).
func (r *resolver) fill() {
	in := &r.spec.Input
	if in.Resize.Mode != preprocess.LongEdge || in.Range[0] == in.Range[1] {
		return
	}
	for i := range in.Fill {
		if len(in.Mean) != in.Channels {
			return
		}
		c := min(i, in.Channels-1)
		if in.ColorOrder == preprocess.BGR && in.Channels == 3 {
			c = 2 - i
		}
		v := math.RoundToEven(255 * (in.Mean[c] - in.Range[0]) / (in.Range[1] - in.Range[0]))
		if in.Invert {
			v = 255 - v
		}
		in.Fill[i] = uint8(min(max(v, 0), 255))
	}
}

// err joins all that stands against running the model.
func (r *resolver) err() error {
	errs := slices.Clone(r.errs)
	if len(r.missing) > 0 {
		about := make([]string, len(r.missing))
		for i, m := range r.missing {
			about[i] = m.about
		}
		text := fmt.Sprintf("%s does not say %s: give %s", r.name, strings.Join(about, ", nor "), toGive(r.missing))
		if slices.ContainsFunc(r.missing, func(m gap) bool { return m.about == "how its pixels are normalised" }) {
			text += ", or --preset NAME"
		}
		for _, l := range r.layers {
			if l.problem != nil {
				text += fmt.Sprintf(" (%s: %v)", l.source, l.problem)
			}
		}
		errs = append(errs, errors.New(text))
	}
	return errors.Join(errs...)
}

// byUser reports whether the layer is what a person wrote for this use of the
// graph, rather than what an exporter wrote about the model.
func (l layer) byUser() bool {
	return l.source == "flag" || l.source == sidecarName || strings.HasPrefix(l.source, "preset ")
}

// toGive lists the flags that fill gaps; what is usual for several is said once.
func toGive(gaps []gap) string {
	var b strings.Builder
	for i, g := range gaps {
		if i > 0 {
			and := " and "
			if strings.Contains(gaps[i-1].give+g.give, and) || strings.Contains(gaps[i-1].give+g.give, " or --") {
				and = "; "
			}
			b.WriteString(and)
		}
		flag, usual, _ := strings.Cut(g.give, " (")
		if i+1 < len(gaps) && usual != "" && strings.HasSuffix(gaps[i+1].give, " ("+usual) {
			b.WriteString(flag)
		} else {
			b.WriteString(g.give)
		}
	}
	return b.String()
}
