package models

import (
	"maps"
	"testing"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// TestInputDims: sizes of open dimensions, though something else lacks.
func TestInputDims(t *testing.T) {
	vit := map[string]string{config.ConfigFile: vitConfig}
	for _, c := range []struct {
		name  string
		dims  []any
		files map[string]string
		flags []string
		want  map[string]int64
	}{
		{"Optimum's folder", []any{"batch_size", "num_channels", "height", "width"}, vit, nil, map[string]int64{"num_channels": 3, "height": 224, "width": 224}},
		{"by flags", []any{"n", 3, "height", "width"}, nil, []string{"input-size", "32x48"}, map[string]int64{"height": 32, "width": 48}},
		{"channels last", []any{"n", "height", "width", "channels"}, nil, []string{"input-size", "32x48", "channels", "1"}, map[string]int64{"height": 32, "width": 48, "channels": 1}},
		{"one name", []any{"n", 3, "side", "side"}, nil, []string{"input-size", "32"}, map[string]int64{"side": 32}},
		{"one name for two", []any{"n", 3, "side", "side"}, nil, []string{"input-size", "32x48"}, nil},
		{"nothing said", []any{"n", "num_channels", "height", "width"}, nil, nil, nil},
		{"the channels alone", []any{"n", "num_channels", "height", "width"}, nil, []string{"channels", "3"}, map[string]int64{"num_channels": 3}},
		{"no order", []any{"n", "s1", "s2", "s3"}, nil, []string{"input-size", "32"}, nil},
	} {
		g := &onnx.Graph{Inputs: list(tensor("x", onnx.Float, "Conv", c.dims...)), Outputs: list(tensor("y", onnx.Float, "Gemm", "n", 5))}
		if got := opened(t, g, c.files, settings(t, c.flags...)).InputDims(); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
