package scheduler

import (
	"fmt"
	"slices"
)

// prediction is what a model's output is.
type prediction int

const (
	epsilon  prediction = iota // the noise
	velocity                   // Salimans and Ho, Progressive Distillation for Fast Sampling of Diffusion Models
	original                   // the image
	flow                       // the noise less the image, of a sample that is (1-sigma)*image + sigma*noise
)

// prediction is one of those that the scheduler takes.
func (s *settings) prediction(allowed ...string) (prediction, error) {
	if err := oneOf("prediction_type", s.Prediction, allowed...); err != nil {
		return 0, err
	}
	switch s.Prediction {
	case "epsilon":
		return epsilon, nil
	case "v_prediction":
		return velocity, nil
	case "flow_prediction":
		return flow, nil
	}
	return original, nil
}

// denoise writes the image that an output foresees for a sample that is
// alpha*image + sigma*noise, with alpha^2 + sigma^2 = 1, or of a flow alpha + sigma = 1.
func (p prediction) denoise(dst, output, sample []float32, alpha, sigma float32) {
	switch p {
	case epsilon:
		for j, x := range sample {
			dst[j] = (x - sigma*output[j]) / alpha
		}
	case velocity:
		for j, x := range sample {
			dst[j] = alpha*x - sigma*output[j]
		}
	case flow:
		for j, x := range sample {
			dst[j] = x - sigma*output[j]
		}
	case original:
		copy(dst, output)
	}
}

// noiseIn writes the noise that an output foresees in such a sample.
func (p prediction) noiseIn(dst, output, sample []float32, alpha, sigma float32) {
	switch p {
	case epsilon:
		copy(dst, output)
	case velocity:
		for j, x := range sample {
			dst[j] = alpha*output[j] + sigma*x
		}
	case flow:
		for j, x := range sample {
			dst[j] = x + alpha*output[j]
		}
	case original:
		for j, x := range sample {
			dst[j] = (x - alpha*output[j]) / sigma
		}
	}
}

// denoiseSigma is denoise for a sample that is image + sigma*noise.
func (p prediction) denoiseSigma(dst, output, sample []float32, sigma float32) {
	switch p {
	case epsilon:
		for j, x := range sample {
			dst[j] = x - sigma*output[j]
		}
	case velocity:
		square := sigma*sigma + 1
		c := -sigma / sqrt(square)
		for j, x := range sample {
			dst[j] = output[j]*c + x/square
		}
	case original:
		copy(dst, output)
	}
}

// limits keep a foreseen image in range.
type limits struct {
	dynamic, fixed bool
	ratio, most    float64 // of dynamic
	edge           float32 // of fixed
	sorted         []float32
}

func (s *settings) limits() (limits, error) {
	if s.Thresholding && !(s.ThresholdRatio >= 0 && s.ThresholdRatio <= 1) {
		return limits{}, fmt.Errorf("dynamic_thresholding_ratio is %v: it must be from 0 to 1", s.ThresholdRatio)
	}
	return limits{dynamic: bool(s.Thresholding), fixed: bool(s.ClipSample), ratio: s.ThresholdRatio, most: s.SampleMax, edge: float32(s.ClipRange)}, nil
}

func (l *limits) apply(image []float32) {
	switch {
	case l.dynamic && len(image) > 0:
		// Saharia et al., Photorealistic Text-to-Image Diffusion Models with Deep Language
		// Understanding, section 2.3; the quantile is torch.quantile's.
		l.sorted = sized(l.sorted, len(image))
		for j, x := range image {
			l.sorted[j] = max(x, -x)
		}
		slices.Sort(l.sorted)
		rank := float32(l.ratio * float64(len(image)-1))
		i := int(rank)
		edge := l.sorted[i]
		if next := min(i+1, len(image)-1); next > i {
			edge += (rank - float32(i)) * (l.sorted[next] - edge)
		}
		edge = min(max(edge, 1), float32(l.most))
		clamp(image, edge)
		for j := range image {
			image[j] /= edge
		}
	case l.fixed:
		clamp(image, l.edge)
	}
}

func clamp(image []float32, edge float32) {
	for j, x := range image {
		image[j] = min(max(x, -edge), edge)
	}
}
