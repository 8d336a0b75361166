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

// pixels settles the range, mean and standard deviation.
func (r *resolver) pixels(v onnx.Value) {
	in := &r.image.Spec
	r.orientation()
	if in.Channels == 3 {
		in.ColorOrder = settled(r, config.ColorOrder, preprocess.RGB)
	}
	if s, ok := config.KeyWhite.Find(r.layers); ok && s.Value && in.Channels == 3 {
		in.KeyWhite = true
		r.fact("transparency", "alpha is dropped, as by the pipelines of transformers; one colour that a PNG or GIF makes transparent becomes white", s.Source)
	}
	in.Invert = settled(r, config.Invert, false)

	var s stated
	s.rng, s.haveRange = config.InputRange.Find(r.layers)
	s.mean, s.haveMean = config.Mean.Find(r.layers)
	s.std, s.haveStd = config.Std.Find(r.layers)
	if _, whole := integers[v.Type]; whole {
		r.integerPixels(v, &s)
	}
	r.inside(v, &s)
	rng, mean, std, haveRange, haveMean, haveStd := s.rng, s.mean, s.std, s.haveRange, s.haveMean, s.haveStd
	if r.task.whole && !haveRange && !haveMean && !haveStd {
		r.lacks("input-range", rangeGap("which values its pixels have", "input-range"))
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
	if s, ok := config.WhitePoint.Find(r.layers); ok {
		in.Peak = noted(r, config.WhitePoint, s) == "max"
	}
	in.Range = noted(r, config.InputRange, rng)
	in.Mean = r.perChannel(config.Mean, mean, haveMean)
	in.Std = r.perChannel(config.Std, std, haveStd)
	if mean.Source == "flag" {
		r.sameUnits(rng)
	}
	r.fill()
	if !haveMean || !haveStd {
		r.gaps = append(r.gaps, r.normalisation(v, !haveRange, !haveMean, !haveStd))
	}
}

// orientation settles whether images are turned upright: as the loader of the exporter's own
// library does it.
//
//   - Ultralytics reads files by cv2.imread, which turns them (ultralytics/data/loaders.py);
//   - transformers' pipelines by load_image, which calls PIL's exif_transpose (image_utils.py);
//   - timm and torchvision by PIL's Image.open, Keras by load_img or tf.io.decode_jpeg: none of
//     these turns anything.
func (r *resolver) orientation() {
	s, ok := config.Orientation.Find(r.layers)
	switch {
	case ok:
	case r.task.whole, r.task.upright:
		s = config.Orientation.Of(preprocess.ApplyOrientation, "default (pictures are made of upright ones)")
	case r.by == "ultralytics":
		s = config.Orientation.Of(preprocess.ApplyOrientation, "Ultralytics' own loader (cv2.imread) turns images upright")
	case r.by == "huggingface":
		s = config.Orientation.Of(preprocess.ApplyOrientation, "the pipelines of transformers turn images upright")
	default:
		s = config.Orientation.Of(preprocess.IgnoreOrientation, "default (pixels as stored: timm, torchvision and Keras turn nothing)")
	}
	r.image.Spec.Orientation = noted(r, config.Orientation, s)
}

// arithmetic are the operators by which a graph that scales its pixels itself begins.
var arithmetic = []string{"Mul", "Div", "Sub", "Add"}

// normalisation is the gap of a graph of whose pixels some of this is not stated. The values
// of its example are usual ones: those that the model was trained with nobody can tell.
func (r *resolver) normalisation(v onnx.Value, noRange, noMean, noStd bool) Gap {
	in := &r.image.Spec
	g := Gap{About: normalised, Perhaps: noRange}
	example := func(key, value string) { g.Example = append(g.Example, config.Given{Key: key, Value: value}) }
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
		example("input-range", "0,255")
	}
	if noMean {
		g.Settings = append(g.Settings, "mean")
		example("mean", mean)
	}
	if noStd {
		g.Settings = append(g.Settings, "std")
		example("std", std)
	}
	g.Note = config.Textf("with %s %s%s, to be replaced by what it was trained with", of, strings.Join(g.Settings, " and "), units)
	if nothing := noRange && noMean && noStd; nothing {
		raw := fmt.Sprintf("with pixels from 0 to 255, as the graph begins with %s and so seems to scale them itself", v.Op)
		switch scales, keras := slices.Contains(arithmetic, v.Op), in.Layout == preprocess.NHWC; { // TensorFlow's, too
		case scales && keras:
			g.Example, g.Note = one("preset", "keras-raw"), config.Textf("%s", raw)
		case scales:
			g.Example = one("input-range", "0,255")
			g.Note = config.Textf("%s (from 0 to 1, as torch has them: %s 0,1)", raw, config.Key("input-range"))
		case keras:
			g.Example = one("preset", "keras-tf")
			g.Note = config.Textf("with pixels from -1 to 1, to be replaced by what it was trained with (%s keras-raw: 0 to 255, keras-torch: ImageNet's mean and std, keras-caffe: BGR)", config.Key("preset"))
		}
	}
	return g
}

// rangeGap is the gap of a range of values.
func rangeGap(about, key string) Gap {
	return Gap{About: about, Settings: []string{key}, Usual: "0,1 or 0,255", Example: one(key, "0,1")}
}

// one is an example of one setting.
func one(key, value string) []config.Given { return []config.Given{{Key: key, Value: value}} }

func (r *resolver) perChannel(k config.Setting[[]float64], s config.Stated[[]float64], ok bool) []float64 {
	key := k.Name()
	if !ok {
		r.factWorded(key, func(name func(string) string) string { return "missing: give " + name(key) + " or " + name("preset") })
		return nil
	}
	values := slices.Clone(noted(r, k, s))
	if n := r.image.Spec.Channels; len(values) == 1 && n > 1 {
		values = slices.Repeat(values, n)
	} else if len(values) != n {
		r.fail("%s states %s of %s, but the input has %s", s.Source, many(len(values), "value"), key, many(n, "channel"))
	}
	return values
}

// fill gives the border of crop-mode border the colour that normalises to 0:
// timm's round(255*mean).
func (r *resolver) fill() {
	in := &r.image.Spec
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

// sameUnits refuses a mean of pixels from 0 to 255 beside a range of 0 to 1, and the other
// way around: each of them is right elsewhere, and together they give no picture.
func (r *resolver) sameUnits(rng config.Stated[[2]float64]) {
	in := &r.image.Spec
	if in.Mean == nil || in.Std == nil {
		return
	}
	widest := max(math.Abs(in.Range[0]), math.Abs(in.Range[1]))
	mean, std := 0.0, slices.Max(in.Std)
	for _, m := range in.Mean {
		mean = max(mean, math.Abs(m))
	}
	switch {
	case mean > 10*widest:
		r.fail("a mean of %s is of other pixels than the input range %s (%s): give %s 0,255, or mean and std divided by 255",
			config.FormatFloats(in.Mean...), rng.Text, rng.Source, config.Key("input-range"))
	case widest >= 128 && mean > 0 && mean <= 1 && std < 1:
		r.fail("a mean of %s with a std of %s is of pixels from 0 to 1, and the input range is %s (%s): give %s 0,1, or mean and std times 255",
			config.FormatFloats(in.Mean...), config.FormatFloats(in.Std...), rng.Text, rng.Source, config.Key("input-range"))
	}
}
