package models

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// codes is how the graph makes values of the integers of an input: (code-zero) * scale.
type codes struct{ scale, zero float64 }

// codesOf returns what a DequantizeLinear makes of an input; ok is false where the graph takes
// the integers otherwise.
func codesOf(g *onnx.Graph, input string) (c codes, ok bool) {
	takers := g.Consumers(input)
	if len(takers) != 1 || !takers[0].Is("DequantizeLinear") {
		return c, false
	}
	n := takers[0]
	for i, to := range []*float64{&c.scale, &c.zero} {
		if len(n.Inputs) <= i+1 || n.Inputs[i+1] == "" {
			continue
		}
		v, one := g.Edge(n.Inputs[i+1]).Constant().Number()
		if !one {
			return c, false
		}
		*to = v
	}
	return c, c.scale > 0
}

// integers are the element types of whole numbers, with the least and the largest of each that a
// pixel may become.
var integers = map[onnx.ElementType][2]float64{
	onnx.Uint8: {0, 255}, onnx.Int8: {-128, 127}, onnx.Uint16: {0, 65535}, onnx.Int16: {-32768, 32767},
	onnx.Uint32: {0, math.MaxUint32}, onnx.Int32: {math.MinInt32, math.MaxInt32}, onnx.Int64: {math.MinInt64, math.MaxInt64},
}

// rawRange is the range of an input of integers that takes pixels as they are.
func rawRange(t onnx.ElementType) [2]float64 {
	if t == onnx.Int8 {
		return [2]float64{-128, 127}
	}
	return [2]float64{0, 255}
}

// stated is what is stated of pixels' values.
type stated struct {
	rng                          config.Stated[[2]float64]
	mean, std                    config.Stated[[]float64]
	haveRange, haveMean, haveStd bool
}

// integerPixels settles what an input of integers takes. What a config states is of the values
// before they became integers: a graph that takes the pixels themselves normalises inside, and
// one that takes codes of normalised values has their scale and zero point.
func (r *resolver) integerPixels(v onnx.Value, s *stated) {
	said := func(rank int) bool { return rank < len(r.layers) && r.layers[rank].ByUser() }
	byUser := s.haveRange && said(s.rng.Rank) || s.haveMean && said(s.mean.Rank) || s.haveStd && said(s.std.Rank)
	q, quantised := codesOf(r.graph, v.Name)
	switch {
	case quantised && s.haveMean && s.haveStd && !q.takesPixels(v.Type, s):
		q.encode(s)
		r.fact("quantised-input", fmt.Sprintf("value / %.6g + %g, rounded", q.scale, q.zero), "graph (DequantizeLinear)")
		return
	case byUser:
		s.haveRange, s.haveMean, s.haveStd = s.haveRange && said(s.rng.Rank), s.haveMean && said(s.mean.Rank), s.haveStd && said(s.std.Rank)
		r.fewValues(v, s)
		return
	}
	aside := s.haveMean || s.haveStd
	if v.Type == onnx.Int8 && !quantised && !aside && !s.haveRange {
		return // nothing says which pixels are meant
	}
	s.haveRange, s.haveMean, s.haveStd = true, false, false
	source := fmt.Sprintf("graph (%s)", v.Type)
	if quantised {
		source = fmt.Sprintf("graph (%s, DequantizeLinear by %.6g)", v.Type, q.scale)
	}
	if aside {
		source += "; mean and std of its files are of values that it makes itself"
	}
	rng := rawRange(v.Type)
	if limits := integers[v.Type]; quantised && limits[1] <= math.MaxUint16 {
		rng = limits
	}
	s.rng = config.InputRange.Of(rng, source)
	if _, pixels := q.top(v.Type); quantised && !pixels {
		lo, hi := q.values(v.Type)
		r.notice("input %s of %s is %s, of which the graph makes %.3g to %.3g, and nothing says how pixels become such: black is given as the least and white as the largest (%s and %s say otherwise)",
			v.Name, r.name, v.Type, lo, hi, config.Key("mean"), config.Key("std"))
	}
	if v.Type == onnx.Int8 && !quantised {
		text := ""
		if aside {
			text = ", and mean and std of its files are set aside: of whole numbers they would leave a few values"
		}
		r.notice("input %s of %s is int8, and nothing in the graph says how it is quantised: it is given pixels from -128 to 127%s (%s, %s and %s say otherwise)", v.Name, r.name, text,
			config.Key("input-range"), config.Key("mean"), config.Key("std"))
	}
}

// takesPixels reports whether the values that the graph makes of the integers are those of
// pixels, from 0 to 1 or to 255, and not normalised ones.
func (q codes) takesPixels(t onnx.ElementType, s *stated) bool {
	lo, hi := q.values(t)
	top, ok := q.top(t)
	if !ok {
		return false
	}
	rng := [2]float64{0, 1}
	if s.haveRange {
		rng = s.rng.Value
	}
	mean, std := slices.Max(s.mean.Value), slices.Max(s.std.Value)
	return !(near((rng[0]-mean)/std, lo, top) && near((rng[1]-mean)/std, hi, top))
}

// values are the least and the largest that the graph makes of a type's integers.
func (q codes) values(t onnx.ElementType) (lo, hi float64) {
	limits := integers[t]
	return (limits[0] - q.zero) * q.scale, (limits[1] - q.zero) * q.scale
}

// top is 1 or 255 where the graph makes values from 0 to it.
func (q codes) top(t onnx.ElementType) (float64, bool) {
	lo, hi := q.values(t)
	for _, top := range []float64{1, 255} {
		if near(lo, 0, top) && near(hi, top, top) {
			return top, true
		}
	}
	return 0, false
}

func near(a, b, of float64) bool { return math.Abs(a-b) <= 0.03*of }

// encode makes mean and std those of the codes: v/scale + zero of a normalised v.
func (q codes) encode(s *stated) {
	n := max(len(s.mean.Value), len(s.std.Value))
	mean, std := make([]float64, n), make([]float64, n)
	for i := range n {
		sd := s.std.Value[min(i, len(s.std.Value)-1)]
		std[i] = sd * q.scale
		mean[i] = s.mean.Value[min(i, len(s.mean.Value)-1)] - q.zero*std[i]
	}
	source := func(of string) string {
		return strings.TrimSpace(of + ", by the graph's scale and zero point")
	}
	s.mean, s.std = config.Mean.Of(mean, source(s.mean.Source)), config.Std.Of(std, source(s.std.Source))
}

// fewValues tells of pixels that become a handful of whole numbers.
func (r *resolver) fewValues(v onnx.Value, s *stated) {
	rng := [2]float64{0, 1}
	if s.haveRange {
		rng = s.rng.Value
	}
	std := 1.0
	if s.haveStd {
		std = slices.Max(s.std.Value)
	}
	if width := math.Abs(rng[1]-rng[0]) / math.Abs(std); width < 16 {
		r.notice("pixels become at most %d values of %s in input %s of %s: do %s, %s and %s fit it?", int(width)+1, v.Type, v.Name, r.name,
			config.Key("input-range"), config.Key("mean"), config.Key("std"))
	}
}
