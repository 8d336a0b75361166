package models

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// settleRepeats notes, as facts and notices, what keeps a graph from giving one input the same
// outputs twice, and what makes it as it was in training.
//
// Operators that draw do so in every run, with a seed too: ONNX Runtime goes on with its
// sequence from run to run (onnxruntime/core/providers/cpu/generator/random.cc). Dropout drops
// where its third input says so (ONNX, Dropout-12 and later), and BatchNormalization takes the
// batch's own mean and variance where training_mode is 1 (BatchNormalization-14).
func (r *resolver) settleRepeats() {
	if r.graph.Body == nil { // a header that was made by hand
		return
	}
	drawing, normalising := false, false // perhaps
	for n := range r.graph.EveryNode() {
		drawing = drawing || draws(n) || trainingInput(n) > 0
		normalising = normalising || n.Is("BatchNormalization") && n.Int("training_mode", 0) != 0
	}
	if drawing {
		if found := drawingOps(r.graph); len(found) > 0 {
			ops := strings.Join(found, ", ")
			r.fact("repeatable", fmt.Sprintf("no: it draws random numbers (%s)", ops), "graph")
			r.notice("%s draws random numbers (%s): its outputs differ from run to run", r.name, ops)
		}
	}
	if normalising {
		r.fact("training-mode", "BatchNormalization: a row's result depends on the rows that it is run with, and on earlier runs", "graph")
		r.notice("%s was exported in training mode: its BatchNormalization takes mean and variance of the rows that are run together, so that results depend on the batch, "+
			"and may on earlier runs; export it after model.eval()", r.name)
	}
}

// draws reports whether a node draws random numbers, whatever it is given.
func draws(n *onnx.Node) bool {
	return n.Is("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli", "Sampling")
}

// trainingInput is which input of a node says whether it drops values; 0: none does.
func trainingInput(n *onnx.Node) int {
	at := 0
	switch {
	case n.Is("Dropout", "BitmaskDropout"):
		at = 2
	case n.Is("BiasDropout", "BitmaskBiasDropout"):
		at = 4
	}
	if at < len(n.Inputs) && n.Inputs[at] != "" {
		return at
	}
	return 0
}

// drawingOps are the operators on the way to the outputs that draw random numbers: those that
// always do, in the body of a loop wherever they stand, and those that a constant tells to.
func drawingOps(g *onnx.Graph) []string {
	const most = 200_000 // values; a function counts with each of its calls
	ops := map[string]bool{}
	var inner func(n *onnx.Node)
	inner = func(n *onnx.Node) {
		if draws(n) {
			ops[n.Op] = true
		}
		for _, body := range n.Bodies() {
			for _, n := range body.Nodes {
				inner(n)
			}
		}
	}
	seen := map[onnx.Edge]bool{}
	var left []onnx.Edge
	for _, v := range g.Outputs {
		left = append(left, g.Edge(v.Name))
	}
	for len(left) > 0 && len(seen) < most {
		e := left[len(left)-1]
		left = left[:len(left)-1]
		if seen[e] {
			continue
		}
		seen[e] = true
		n, _ := e.From()
		if n == nil {
			continue
		}
		inner(n)
		if in, ok := e.In(trainingInput(n)); ok && trainingInput(n) > 0 {
			if training, known := in.Constant().Number(); known && training != 0 {
				ops[n.Op] = true
			}
		}
		left = append(append(left, e.Inputs()...), e.Within()...)
	}
	return slices.Sorted(maps.Keys(ops))
}
