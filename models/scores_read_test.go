package models

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"ortho/runner"
	"ortho/runner/onnx"
)

// TestReadsProbabilities: values that are probabilities already, of an output of which nothing is
// certain, get no softmax, and can't have a temperature.
func TestReadsProbabilities(t *testing.T) {
	for _, c := range []struct {
		values      []float32
		temperature float64
		want        Activation
		err         string
	}{
		{[]float32{0.25, 0.75}, 0, None, ""},
		{[]float32{25, 75}, 1, None, ""},
		{[]float32{0.25, 0.5}, 2, Softmax, ""},
		{[]float32{-0.25, 1.25}, 2, Softmax, ""},
		{[]float32{0.25, 0.75}, 2, "", "gives probabilities already, and a temperature of 2 divides logits"},
	} {
		var data []byte
		for _, v := range c.values {
			data = binary.NativeEndian.AppendUint32(data, math.Float32bits(v))
		}
		p := ScoresPort{OutputName: "y", Activation: Softmax, Temperature: c.temperature}
		got, err := p.Read([]runner.Row{{Name: "y", Type: onnx.Float, Shape: []int64{2}, Data: data}})
		if c.err == "" && (err != nil || got.Activation != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%v, temperature %v: %q, %v", c.values, c.temperature, got.Activation, err)
		}
	}
}
