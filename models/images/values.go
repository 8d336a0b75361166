package images

import (
	"fmt"
	"math"

	"ortho/runner"
)

// Values converts an image's row of an output to float32, and refuses values that are not
// numbers.
func Values(row runner.Row) ([]float32, error) {
	n := len(row.Data) / max(1, row.Type.Size())
	values := make([]float32, n)
	if !runner.ToFloat32s(values, row.Type, row.Data) {
		return nil, fmt.Errorf("output %s: values of type %s can't be read as scores", row.Name, row.Type)
	}
	for i, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("output %s: value %d of %d is %v: the model's answer can't be used "+
				"(usual causes: float16 overflow, or mean, std and input range that don't fit the model)", row.Name, i, n, v)
		}
	}
	return values, nil
}
