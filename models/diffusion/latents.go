package diffusion

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// LatentsOf returns the latents that an array holds, as they stand in [Request]: those of n
// images where its shape is [n,channels,height,width], of one where the n is left out; and
// the size of these images in pixels. float16 and float64 become float32.
func (p *Pipeline) LatentsOf(a npz.Array) (all [][]float32, width, height int, err error) {
	shape, channels, scale := a.Shape, int64(p.spec.Denoiser.Latents), int64(p.spec.Scale)
	if len(shape) == 3 {
		shape = append([]int64{1}, shape...)
	}
	if len(shape) != 4 || shape[0] < 1 || shape[1] != channels || shape[2] < 1 || shape[3] < 1 || shape[2] > math.MaxInt32 || shape[3] > math.MaxInt32 {
		return nil, 0, 0, fmt.Errorf("latents of shape %v: %s takes [n,%d,height/%d,width/%d]", a.Shape, p.name, channels, scale, scale)
	}
	if a, err = a.As(onnx.Float); err != nil {
		return nil, 0, 0, err
	}
	values := make([]float32, len(a.Data)/4)
	if _, err := binary.Decode(a.Data, binary.LittleEndian, values); err != nil {
		return nil, 0, 0, err
	}
	for i, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, 0, 0, fmt.Errorf("latents: number %d is %v", i, v)
		}
	}
	return slices.Collect(slices.Chunk(values, len(values)/int(shape[0]))), int(shape[3] * scale), int(shape[2] * scale), nil
}
