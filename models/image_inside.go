package models

import (
	"fmt"
	"math"
	"slices"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// inside tells of a graph that begins by bringing pixels to another scale, where files state
// mean and std as well: pixels may then be normalised twice.
func (r *resolver) inside(v onnx.Value, s *stated) {
	_, byUser := config.Mean.ByUser(r.layers)
	step := scaling(r.graph, v.Name)
	if byUser || !s.haveMean || !s.haveStd || step == "" {
		return
	}
	r.notice("%s begins with %s, as if it normalised pixels itself, and %s states mean and std: do both count? (%s 0,255 or 0,1 gives it the pixels alone, with %s 0 and %s 1)",
		r.name, step, s.mean.Source, config.Key("input-range"), config.Key("mean"), config.Key("std"))
}

// scaling is the step by which a graph brings pixels to another scale before all else; "" where
// there is none. A first step by other constants than pixels have says nothing: GoogLeNet's makes
// other normalised values of normalised ones.
func scaling(g *onnx.Graph, value string) string {
	const deep = 8
	for range deep {
		takers := g.Consumers(value)
		if len(takers) != 1 || len(takers[0].Outputs) == 0 {
			return ""
		}
		n := takers[0]
		if n.Is("Cast", "Transpose", "Identity", "Reshape", "Squeeze", "Unsqueeze") {
			value = n.Outputs[0]
			continue
		}
		if !n.Is("Sub", "Div", "Mul") || len(n.Inputs) != 2 || n.Inputs[0] != value && !n.Is("Mul") {
			return ""
		}
		other := n.Inputs[1]
		if other == value {
			other = n.Inputs[0]
		}
		c := g.Edge(other).Constant()
		if c == nil || !c.Kept || len(c.Numbers) != 1 && len(c.Numbers) != 3 || !ofPixels(n, c.Numbers) {
			return ""
		}
		by := make([]float64, len(c.Numbers))
		for i, v := range c.Numbers {
			by[i] = math.Round(v*1e6) / 1e6
		}
		return fmt.Sprintf("%s by %s", n.Op, config.FormatFloats(by...))
	}
	return ""
}

// ofPixels reports whether constants are such as pixels are normalised by: a mean of values from
// 0 to 255 or to 1, or what brings the former to about 1.
func ofPixels(n *onnx.Node, numbers []float64) bool {
	between := func(lo, hi float64) bool {
		return !slices.ContainsFunc(numbers, func(v float64) bool { return v < lo || v > hi })
	}
	switch {
	case n.Is("Sub"):
		return between(64, 255) || between(0.3, 0.7)
	case n.Is("Div"):
		return between(32, 256)
	}
	return between(1.0/256, 1.0/32)
}
