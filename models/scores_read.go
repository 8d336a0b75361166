package models

import (
	"fmt"
	"math"
	"slices"

	"ortho/runner"
	"ortho/runner/onnx"
)

// ItemScores are the scores of one item.
type ItemScores struct {
	// Values are what the activation is applied to, one for each class, or for each of Only.
	Values []float32
	Only   []int // the classes that the values are of; nil: all, in their order
	// Activation is that of [ScoresPort.Applied], but None where the values were probabilities
	// already; see [ScoresPort.Read].
	Activation Activation
}

// Outputs are the names of the outputs that are read.
func (p *ScoresPort) Outputs() []string {
	if p.IndicesName != "" {
		return []string{p.OutputName, p.IndicesName}
	}
	return []string{p.OutputName}
}

// Applied is the activation that the values of [ScoresPort.Read] are for: of one logit, whose
// sigmoid and its rest are the softmax of two, a softmax.
func (p *ScoresPort) Applied() Activation {
	if p.Single && p.Activation == Sigmoid {
		return Softmax
	}
	return p.Activation
}

// several reports whether the output holds more than a score of one class.
func (p *ScoresPort) several() bool { return p.IndicesName != "" || p.Index }

// Read turns an item's rows of [ScoresPort.Outputs] into its scores: it takes codes for the values
// that they stand for, percent for hundredths, one value for two classes.
//
// Where nothing but custom says that the values are logits (Certain is false) and they are
// all from 0 to 1 with a sum of 1, or from 0 to 100 with a sum of 100, they are probabilities
// already: no softmax is applied. Values of minus infinity are what masked classes have; others
// that are not finite are an error.
func (p *ScoresPort) Read(rows []runner.Row) (s ItemScores, err error) {
	out := rows[0]
	if p.Index {
		return p.best(out)
	}
	n := len(out.Data) / max(1, out.Type.Size())
	s.Values, s.Activation = make([]float32, n), p.Applied()
	if !runner.ToFloat32s(s.Values, out.Type, out.Data) {
		return s, fmt.Errorf("output %s: values of type %s can't be read as scores", out.Name, out.Type)
	}
	if err := p.decode(out.Name, s.Values); err != nil {
		return s, err
	}
	if err := usableScores(out.Name, s.Values); err != nil {
		return s, err
	}
	if p.IndicesName != "" {
		if s.Only, err = wholeNumbers(rows[1]); err == nil && len(s.Only) != len(s.Values) {
			err = fmt.Errorf("output %s gives %d values, and %s %d classes", out.Name, len(s.Values), rows[1].Name, len(s.Only))
		}
		return s, err
	}
	if p.Single {
		if n != 1 {
			return s, fmt.Errorf("output %s gives %d values for an item, and not one", out.Name, n)
		}
		s.Values = p.two(s.Values[0])
	}
	if !p.Certain && p.Activation == Softmax {
		near := 1e-3 // what rounding adds up to
		if out.Type != onnx.Float && out.Type != onnx.Double {
			near = 1e-2
		}
		switch sum := distribution(s.Values); {
		case math.Abs(sum-1) < near:
			s.Activation = None
		case math.Abs(sum-100) < 100*near:
			for i := range s.Values {
				s.Values[i] /= 100
			}
			s.Activation = None
		}
		if s.Activation == None && p.Temperature != 0 && p.Temperature != 1 {
			return s, fmt.Errorf("output %s gives probabilities already, and a temperature of %g divides logits before a softmax: leave it out", out.Name, p.Temperature)
		}
	}
	return s, nil
}

// decode turns codes into values, and multiples of probabilities into these, in place.
func (p *ScoresPort) decode(name string, values []float32) error {
	if q := p.Codes; q != nil {
		for _, numbers := range [][]float64{q.Scale, q.Zero} {
			if len(numbers) != 1 && len(numbers) != len(values) {
				return fmt.Errorf("output %s gives %d values, and the graph has scales or zero points for %d", name, len(values), len(numbers))
			}
		}
		for i, v := range values {
			values[i] = float32((float64(v) - q.Zero[i%len(q.Zero)]) * q.Scale[i%len(q.Scale)])
		}
	}
	if p.Logarithms {
		for i, v := range values {
			values[i] = float32(math.Exp(float64(v)))
		}
	}
	if p.Divisor > 0 {
		for i, v := range values {
			values[i] = float32(float64(v) / p.Divisor)
		}
	}
	return nil
}

// two are the values of the two classes that one stands for: logits of which softmax makes the
// sigmoid and its rest, or a probability and its rest.
func (p *ScoresPort) two(v float32) []float32 {
	rest := float32(0)
	if p.Activation == None {
		rest = 1 - v
	}
	if p.First {
		return []float32{v, rest}
	}
	return []float32{rest, v}
}

// best is a class that stands alone.
func (p *ScoresPort) best(out runner.Row) (s ItemScores, err error) {
	s.Activation, s.Values = None, []float32{1}
	if s.Only, err = wholeNumbers(out); err == nil && len(s.Only) != 1 {
		err = fmt.Errorf("output %s gives %d values for an item, and not the number of one class", out.Name, len(s.Only))
	}
	return s, err
}

// All are the values of all classes: those of classes that the graph left out are 0 where the
// values are probabilities, and else the least that float32 has.
func (s ItemScores) All(classes int) ([]float32, error) {
	if s.Only == nil {
		return s.Values, nil
	}
	values := make([]float32, classes)
	if s.Activation != None {
		for i := range values {
			values[i] = -math.MaxFloat32
		}
	}
	for i, class := range s.Only {
		if class < 0 || class >= classes {
			return nil, fmt.Errorf("the graph names class %d, and there are %d, from 0", class, classes)
		}
		values[class] = s.Values[i]
	}
	return values, nil
}

// distribution is the sum of values that are all from 0 up and no larger than it; 0 where some are
// not. Two at least make a distribution.
func distribution(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		if v < -1e-6 {
			return 0
		}
		sum += float64(v)
	}
	if len(values) < 2 {
		return 0
	}
	return sum
}

// usableScores refuses values that say nothing.
func usableScores(name string, values []float32) error {
	masked := 0
	for i, v := range values {
		switch f := float64(v); {
		case math.IsInf(f, -1):
			masked++
		case math.IsNaN(f) || math.IsInf(f, 1):
			return notFinite(name, i, len(values), v)
		}
	}
	if masked > 0 && masked == len(values) {
		return notFinite(name, 0, len(values), values[0])
	}
	for i, v := range values {
		if math.IsInf(float64(v), -1) {
			values[i] = -math.MaxFloat32 // no JSON has infinity, and softmax makes 0 of it, too
		}
	}
	return nil
}

func notFinite(name string, i, n int, v float32) error {
	return fmt.Errorf("output %s: value %d of %d is %v: the model's answer can't be used "+
		"(usual causes: float16 overflow, or mean, std and input range that don't fit the model)", name, i, n, v)
}

// wholeNumbers reads a row of numbers of classes.
func wholeNumbers(row runner.Row) ([]int, error) {
	values := make([]float32, len(row.Data)/max(1, row.Type.Size())) // no class is beyond 2^24
	if !runner.ToFloat32s(values, row.Type, row.Data) {
		return nil, fmt.Errorf("output %s: values of type %s can't be read as numbers of classes", row.Name, row.Type)
	}
	numbers := make([]int, len(values))
	for i, v := range values {
		numbers[i] = int(v)
	}
	if slices.ContainsFunc(numbers, func(n int) bool { return n < 0 }) {
		return nil, fmt.Errorf("output %s: %v are no numbers of classes", row.Name, numbers)
	}
	return numbers, nil
}
