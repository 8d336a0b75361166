package models

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// resolver settles every value of a model: the first layer that states one
// wins, and the graph itself has the last word on what can't be otherwise.
type resolver struct {
	name   string
	given  string // what it was opened by
	by     string // the exporter
	graph  *onnx.Graph
	alone  bool // no files beside it are read
	flags  Settings
	layers config.Layers // by precedence
	task   Task
	spec   ClassifierSpec
	made   GeneratorSpec // where the task is Generate; its image input is made of spec
	// Where the task is ClassifyText, made.Text and made.Batch, spec.Scores and:
	untrained []int
	doubt     config.Doubt
	facts     []Fact
	missing   []gap
	errs      []error
	remedies  []string // settings, as pairs of key and value, that settle some of errs
	settled   int      // how many of errs
	unfits    []error  // what no setting settles
	notices   []string
}

func (r *resolver) fact(key, value, source string) {
	r.facts = append(r.facts, Fact{key, value, source})
}

func (r *resolver) fail(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf(format, args...))
}

// told notes a value as a fact, and returns it.
func told[T any](r *resolver, k config.Setting[T], s config.Stated[T]) T {
	r.fact(k.Name(), s.Text, s.Source)
	return s.Value
}

// settled notes and returns a value as it is stated, or its default.
func settled[T any](r *resolver, k config.Setting[T], byDefault T) T {
	s, ok := k.Find(r.layers)
	if !ok {
		s = k.Of(byDefault, "default")
	}
	return told(r, k, s)
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

// features says of a graph that takes rows of numbers why it takes no images.
func features(g *onnx.Graph) string {
	if len(g.Inputs) != 1 || len(g.Inputs[0].Dims) != 2 {
		return ""
	}
	like := ""
	if slices.ContainsFunc(g.Opsets, func(o onnx.Opset) bool { return o.Domain == "ai.onnx.ml" }) {
		like = ", as scikit-learn's models do"
	}
	return fmt.Sprintf(": it takes rows of %s numbers%s; to classify images, the graph itself has to take pixels and make such rows of them", g.Inputs[0].Dims[1], like)
}

// run resolves everything.
func (r *resolver) run() {
	if s, ok := config.Preset.Find(r.layers); ok {
		told(r, config.Preset, s)
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
		r.pixels(in)
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
		r.unfit("%s takes no images: no input is float32, float16, uint8 or int8 with four dimensions (inputs: %s)%s", r.name, strings.Join(all, ", "), features(r.graph))
		return onnx.Value{}, false
	case len(images) > 1:
		r.fact("input", "several take images", "graph")
		r.unfit("%s takes more than one image (%s), which no image classifier does", r.name, strings.Join(all, ", "))
		return onnx.Value{}, false
	case len(all) > 1:
		r.unfit("%s needs more than an image (inputs: %s)", r.name, strings.Join(all, ", "))
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

// pixels settles what becomes of the pixels' values.
func (r *resolver) pixels(v onnx.Value) {
	in := &r.spec.Input
	upright := map[Task]preprocess.Orientation{Classify: preprocess.IgnoreOrientation, Generate: preprocess.ApplyOrientation}
	in.Orientation = settled(r, config.Orientation, upright[r.task])
	if in.Channels == 3 {
		in.ColorOrder = settled(r, config.ColorOrder, preprocess.RGB)
	}
	in.Invert = settled(r, config.Invert, false)

	rng, haveRange := config.InputRange.Find(r.layers)
	mean, haveMean := config.Mean.Find(r.layers)
	std, haveStd := config.Std.Find(r.layers)
	if v.Type == onnx.Uint8 {
		// A graph of bytes normalises inside: what a config states is no longer to do.
		said := func(rank int) bool { return rank < len(r.layers) && r.layers[rank].ByUser() }
		haveRange, haveMean, haveStd = haveRange && said(rng.Rank), haveMean && said(mean.Rank), haveStd && said(std.Rank)
		if !haveRange && !haveMean && !haveStd {
			rng, haveRange = config.InputRange.Of([2]float64{0, 255}, "graph (uint8)"), true
		}
	}
	if r.task == Generate && !haveRange && !haveMean && !haveStd {
		r.gap("input-range", "which values its pixels have", "--input-range (most graphs: 0,1 or 0,255)", "input-range", "0,1")
		in.Range, in.Mean, in.Std = [2]float64{0, 1}, make([]float64, in.Channels), slices.Repeat([]float64{1}, in.Channels)
		return
	}
	if haveRange && !haveMean && !haveStd {
		source := "follows from input-range"
		mean, std, haveMean, haveStd = config.Mean.Of([]float64{0}, source), config.Std.Of([]float64{1}, source), true, true
	}
	if !haveRange {
		rng = config.InputRange.Of([2]float64{0, 1}, "default")
	}
	in.Range = told(r, config.InputRange, rng)
	in.Mean = r.perChannel(config.Mean, mean, haveMean)
	in.Std = r.perChannel(config.Std, std, haveStd)
	if mean.Source == "flag" {
		r.sameUnits(rng)
	}
	r.fill()
	if !haveMean || !haveStd {
		r.missing = append(r.missing, r.normalisation(v, !haveRange, !haveMean, !haveStd))
	}
}

// arithmetic are the operators by which a graph that scales its pixels itself begins.
var arithmetic = []string{"Mul", "Div", "Sub", "Add"}

// normalisation is the gap of a graph of whose pixels some of this is not stated. The values
// of its example are usual ones: those that the model was trained with nobody can tell.
func (r *resolver) normalisation(v onnx.Value, noRange, noMean, noStd bool) gap {
	in := &r.spec.Input
	var give, names, example []string
	mean, std, of, units := config.ImageNetMean, config.ImageNetStd, "ImageNet's usual", ""
	bytes := slices.ContainsFunc(slices.Concat(in.Range[:], in.Mean, in.Std), func(v float64) bool { return math.Abs(v) > 10 })
	switch {
	case bytes && in.Channels == 1:
		mean, std, of = "127.5", "127.5", "127.5 for"
	case bytes: // what is stated is of pixels from 0 to 255, and so has the rest to be
		mean, std, units = "123.675,116.28,103.53", "58.395,57.12,57.375", " of pixels from 0 to 255"
	case in.Channels == 1:
		mean, std, of = "0.5", "0.5", "0.5 for"
	}
	if bytes && noRange {
		example = append(example, "input-range", "0,255")
	}
	if noMean {
		give, names, example = append(give, "--mean"), append(names, "mean"), append(example, "mean", mean)
	}
	if noStd {
		give, names, example = append(give, "--std"), append(names, "std"), append(example, "std", std)
	}
	note := fmt.Sprintf("with %s %s%s, to be replaced by what it was trained with", of, strings.Join(names, " and "), units)
	if nothing := noRange && noMean && noStd; nothing {
		raw := fmt.Sprintf("with pixels from 0 to 255, as the graph begins with %s and so seems to scale them itself", v.Op)
		switch scales, keras := slices.Contains(arithmetic, v.Op), in.Layout == preprocess.NHWC; { // TensorFlow's, too
		case scales && keras:
			example, note = []string{"preset", "keras-raw"}, raw
		case scales:
			example, note = []string{"input-range", "0,255"}, raw+" (from 0 to 1, as torch has them: --input-range 0,1)"
		case keras:
			example = []string{"preset", "keras-tf"}
			note = "with pixels from -1 to 1, to be replaced by what it was trained with (--preset keras-raw: 0 to 255, keras-torch: ImageNet's mean and std, keras-caffe: BGR)"
		}
	}
	text := strings.Join(give, " and ")
	if noRange {
		text += " (and --input-range if pixels are not scaled to 0-1)"
	}
	return gap{normalised, text, example, note}
}

func (r *resolver) perChannel(k config.Setting[[]float64], s config.Stated[[]float64], ok bool) []float64 {
	key := k.Name()
	if !ok {
		r.fact(key, "missing: give --"+key+" or --preset", "")
		return nil
	}
	values := slices.Clone(told(r, k, s))
	if n := r.spec.Input.Channels; len(values) == 1 && n > 1 {
		values = slices.Repeat(values, n)
	} else if len(values) != n {
		r.fail("%s states %s of %s, but the input has %s", s.Source, many(len(values), "value"), key, many(n, "channel"))
	}
	return values
}

// fill gives the border of crop-mode border the colour that normalises to 0:
// timm's round(255*mean).
func (r *resolver) fill() {
	in := &r.spec.Input
	if pads := in.Resize.Mode == preprocess.LongEdge || in.Resize.Mode == preprocess.Fit; !pads || in.Range[0] == in.Range[1] {
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
