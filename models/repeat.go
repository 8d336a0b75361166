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
	drawing, normalising := map[string]bool{}, false
	drops := false // perhaps
	for n := range r.graph.EveryNode() {
		switch {
		case n.Is("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli", "Sampling"):
			drawing[n.Op] = true
		case n.Is("BatchNormalization"):
			normalising = normalising || n.Int("training_mode", 0) != 0
		case trainingInput(n) > 0:
			drops = true
		}
	}
	if drops {
		for _, op := range dropping(r.graph) {
			drawing[op] = true
		}
	}
	if len(drawing) > 0 {
		ops := strings.Join(slices.Sorted(maps.Keys(drawing)), ", ")
		r.fact("repeatable", fmt.Sprintf("no: it draws random numbers (%s)", ops), "graph")
		r.notice("%s draws random numbers (%s): its outputs differ from run to run", r.name, ops)
	}
	if normalising {
		r.fact("training-mode", "BatchNormalization: a row's result depends on the rows that it is run with", "graph")
		r.notice("%s was exported in training mode: its BatchNormalization takes mean and variance of the rows that are run together, so that results depend on the batch; export it after model.eval()", r.name)
	}
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

// dropping are the operators on the way to the outputs that drop values, as a constant says.
func dropping(g *onnx.Graph) (ops []string) {
	const most = 200_000 // values; a function counts with each of its calls
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
		if at := trainingInput(n); at > 0 {
			if in, ok := e.In(at); ok {
				if training, ok := in.Constant().Number(); ok && training != 0 {
					ops = append(ops, n.Op)
				}
			}
		}
		left = append(append(left, e.Inputs()...), e.Within()...)
	}
	return ops
}
