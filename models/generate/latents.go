package generate

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"ortho/models"
	"ortho/models/noise"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// LatentsOf returns the latents that an array holds, as they stand in [Request]: those of
// n requests where its shape is n and then that of the model's latents, or n by as many
// numbers as these have; of one where the n is left out. float16 and float64 become
// float32.
func (g *Generator) LatentsOf(a npz.Array) ([][]float32, error) {
	in := g.spec.Latents
	if in == nil {
		return nil, fmt.Errorf("%s takes no latents", g.name)
	}
	size := int64(count(in.Shape))
	var n int64
	switch {
	case slices.Equal(a.Shape, in.Shape), slices.Equal(a.Shape, []int64{size}):
		n = 1
	case len(a.Shape) > 0 && (slices.Equal(a.Shape[1:], in.Shape) || slices.Equal(a.Shape[1:], []int64{size})):
		n = a.Shape[0]
	default:
		flat := ""
		if len(in.Shape) != 1 {
			flat = fmt.Sprintf(" (or [%d])", size)
		}
		return nil, fmt.Errorf("latents of shape %v: %s takes %v%s, or n of these: %v", a.Shape, g.name, in.Shape, flat, append([]string{"n"}, words(in.Shape)...))
	}
	if n == 0 {
		return nil, fmt.Errorf("latents of shape %v: there are none", a.Shape)
	}
	a, err := a.As(onnx.Float)
	if err != nil {
		return nil, fmt.Errorf("latents: %w", err)
	}
	all := make([]float32, n*size)
	if _, err := binary.Decode(a.Data, binary.LittleEndian, all); err != nil {
		return nil, fmt.Errorf("latents %s: %w", a, err)
	}
	for i, v := range all {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("latents %s: number %d is %v", a, i, v)
		}
	}
	return slices.Collect(slices.Chunk(all, int(size))), nil
}

// LatentsOfSeed are the latents that a [Request]'s seed stands for, if nothing is truncated.
func LatentsOfSeed(in *models.LatentsPort, seed uint64) []float32 {
	return drawLatents(in, 0, noise.New(seed))
}

func drawLatents(in *models.LatentsPort, truncation float64, random *noise.Generator) []float32 {
	z := make([]float32, count(in.Shape))
	switch {
	case in.Uniform:
		random.Uniform(z)
		for i, v := range z {
			z[i] = 2*v - 1
		}
	case truncation > 0:
		truncated(z, float32(truncation), random)
	default:
		random.Normal(z)
	}
	return z
}

// truncated draws as PyTorch does by
//
//	z = torch.randn(n)
//	while (far := z.abs() > 2).any():
//	    z[far] = torch.randn(int(far.sum()))
//	z *= truncation
func truncated(z []float32, truncation float32, random *noise.Generator) {
	random.Normal(z)
	for {
		var far []int
		for i, v := range z {
			if math.Abs(float64(v)) > 2 {
				far = append(far, i)
			}
		}
		if len(far) == 0 {
			break
		}
		anew := make([]float32, len(far))
		random.Normal(anew)
		for i, at := range far {
			z[at] = anew[i]
		}
	}
	for i := range z {
		z[i] *= truncation
	}
}

func words(shape []int64) []string {
	out := make([]string, len(shape))
	for i, d := range shape {
		out[i] = fmt.Sprint(d)
	}
	return out
}

// Interpolate returns frames latents in equal steps from a to b, both included. Uniform
// ones lie on the straight line. Normal ones, which are about as long as their dimension's
// root, lie on a great circle (slerp: Shoemake 1985; for latents: White 2016,
// arXiv:1609.04468), so that those between are as likely as the ends. nil where a and b
// are not equally many, or frames is less than 1; one frame is a.
func Interpolate(a, b []float32, frames int, uniform bool) [][]float32 {
	if len(a) != len(b) || frames < 1 {
		return nil
	}
	weights := slerp(a, b)
	if uniform {
		weights = lerp
	}
	out := make([][]float32, frames)
	out[frames-1] = slices.Clone(b)
	out[0] = slices.Clone(a)
	for i := 1; i < frames-1; i++ {
		wa, wb := weights(float64(i) / float64(frames-1))
		out[i] = make([]float32, len(a))
		for j := range a {
			out[i][j] = float32(wa*float64(a[j]) + wb*float64(b[j]))
		}
	}
	return out
}

// lerp returns the weights of a and b at t on the line.
func lerp(t float64) (wa, wb float64) { return 1 - t, t }

// slerp returns the function of the weights on the arc, in angles between a and b. Where
// these lie on one line through 0 there is no arc, and the line is taken.
func slerp(a, b []float32) func(t float64) (wa, wb float64) {
	var dot, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot += x * y
		aa += x * x
		bb += y * y
	}
	angle := math.Acos(min(1, max(-1, dot/math.Sqrt(aa*bb)))) // NaN where a or b is 0
	sin := math.Sin(angle)
	if !(sin > 1e-6) {
		return lerp
	}
	return func(t float64) (wa, wb float64) {
		return math.Sin((1-t)*angle) / sin, math.Sin(t*angle) / sin
	}
}
