package diffusion

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ortho/runner/onnx"
)

// layer is where a text encoder's context is taken from, when its last layers are left out.
type layer struct {
	value string // an output of the graph, or a value within it
	norm  *norm  // that is still to be applied; nil: none
}

// norm is a layer norm over the last dimension.
type norm struct {
	scale, shift []float64
	epsilon      float64
}

// layer leaves out the last layers. SDXL takes its context from before the last layer anyway,
// and without the norm at the end. Elsewhere what a layer adds to is followed back through the
// graph, and the norm at the end is applied to it, as diffusers does.
func (e *TextEncoder) layer(skip int) (layer, error) {
	if n, hidden := strings.CutPrefix(e.Context, "hidden_states."); hidden {
		last, err := strconv.Atoi(n)
		if err != nil || skip > last {
			return layer{}, fmt.Errorf("a clip skip of %d: of %s at most %d can be left out", skip, e.Part.Name, last)
		}
		return layer{value: fmt.Sprintf("hidden_states.%d", last-skip)}, nil
	}
	unknown := fmt.Errorf("a clip skip of %d: the layers of %s are not found in its graph: export it anew, in float32 and without optimisations", skip, e.Part.Name)
	g := e.Part.Graph
	value, n := finalNorm(g.Edge(e.Context))
	if n == nil {
		return layer{}, unknown
	}
	layers := 0
	if ok, err := e.Part.config.Get("num_hidden_layers", &layers); err != nil {
		return layer{}, err
	} else if ok && skip >= layers {
		return layer{}, fmt.Errorf("a clip skip of %d: of %s at most %d can be left out", skip, e.Part.Name, layers-1)
	}
	for range 2 * skip { // each adds its attention's output, and then its MLP's
		var ok bool
		if value, ok = residual(g, value); !ok {
			return layer{}, unknown
		}
	}
	if onnx.Float != typeOf(g, e.Context) {
		return layer{}, unknown
	}
	return layer{value.Name(), n}, nil
}

func typeOf(g *onnx.Graph, output string) onnx.ElementType {
	v, _ := valueNamed(g.Outputs, output)
	return v.Type
}

// finalNorm returns the layer norm that gives a value, and what it norms; nil where it is none.
func finalNorm(e onnx.Edge) (of onnx.Edge, n *norm) {
	n = &norm{epsilon: 1e-5} // CLIP's
	var ok bool
	if node, _ := e.From(); node != nil && node.Is("LayerNormalization") {
		scale, _ := e.In(1)
		shift, _ := e.In(2)
		n.scale, n.shift = numbersOf(scale), numbersOf(shift)
		of, ok = e.In(0)
	} else {
		// As exporters for older versions of ONNX write it: (x - mean) / deviation * scale + shift.
		if e, n.shift = withConstant(e, "Add"); n.shift != nil {
			e, n.scale = withConstant(e, "Mul")
		}
		for _, op := range []string{"Div", "Sub"} {
			node, _ := e.From()
			if node == nil || !node.Is(op) {
				return of, nil
			}
			if e, ok = e.In(0); !ok {
				return of, nil
			}
		}
		of = e
	}
	if !ok || len(n.scale) == 0 || len(n.scale) != len(n.shift) {
		return of, nil
	}
	return of, n
}

// withConstant returns what a node of that kind takes beside a list of numbers, and these.
func withConstant(e onnx.Edge, op string) (other onnx.Edge, numbers []float64) {
	node, _ := e.From()
	if node == nil || !node.Is(op) {
		return e, nil
	}
	for i := range 2 {
		with, _ := e.In(i)
		if numbers = numbersOf(with); numbers != nil {
			other, _ = e.In(1 - i)
			return other, numbers
		}
	}
	return e, nil
}

// numbersOf are those of a list that the graph has, which exporters share and store as float16.
func numbersOf(e onnx.Edge) []float64 {
	for node, _ := e.From(); node != nil && node.Is("Identity", "Cast"); node, _ = e.From() {
		var ok bool
		if e, ok = e.In(0); !ok {
			return nil
		}
	}
	if t := e.Constant(); t != nil && t.Kept && len(t.Shape) == 1 {
		return t.Numbers
	}
	return nil
}

// residual returns what a part of a layer was added to: that has more uses, and the part's output
// has one.
func residual(g *onnx.Graph, e onnx.Edge) (onnx.Edge, bool) {
	node, _ := e.From()
	if node == nil || !node.Is("Add") {
		return e, false
	}
	for i := range 2 {
		stream, ok := e.In(i)
		part, both := e.In(1 - i)
		if ok && both && stream.Constant() == nil && part.Constant() == nil &&
			len(g.Consumers(stream.Name())) > 1 && len(g.Consumers(part.Name())) == 1 {
			return stream, true
		}
	}
	return e, false
}

// apply norms rows of values.
func (n *norm) apply(values []float32) error {
	width := len(n.scale)
	if len(values)%width != 0 {
		return fmt.Errorf("a layer of %d values is no multiple of the norm's %d", len(values), width)
	}
	for ; len(values) > 0; values = values[width:] {
		row := values[:width]
		mean, variance := 0.0, 0.0
		for _, v := range row {
			mean += float64(v)
		}
		mean /= float64(width)
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean)
		}
		deviation := math.Sqrt(variance/float64(width) + n.epsilon)
		for i, v := range row {
			row[i] = float32((float64(v)-mean)/deviation*n.scale[i] + n.shift[i])
		}
	}
	return nil
}
