package scheduler

import (
	"errors"
	"fmt"
	"math"
)

// alphas are the cumulative products of 1-beta by timestep: how much of an image's
// variance is left in it (alphas_cumprod). They fall.
func (s *settings) alphas() ([]float32, error) {
	betas, err := s.betas()
	if err != nil {
		return nil, err
	}
	for t, b := range betas {
		if !(b >= 0 && b <= 1) {
			return nil, fmt.Errorf("beta %d is %v: betas must be from 0 to 1", t, b)
		}
	}
	if s.ZeroSNR {
		if err := rescaleZeroSNR(betas); err != nil {
			return nil, err
		}
	}
	return cumulate(betas), nil
}

func (s *settings) betas() ([]float32, error) {
	n := s.TrainSteps
	if n < 2 || n > maxTrainSteps {
		return nil, fmt.Errorf("num_train_timesteps is %d: it must be from 2 to %d", n, maxTrainSteps)
	}
	if s.StepsOffset < 0 || s.StepsOffset > n {
		return nil, fmt.Errorf("steps_offset is %d: it must be from 0 to %d", s.StepsOffset, n)
	}
	betas := make([]float32, n)
	switch {
	case s.TrainedBetas != nil:
		if len(s.TrainedBetas) != n {
			return nil, fmt.Errorf("trained_betas are %d, and num_train_timesteps is %d", len(s.TrainedBetas), n)
		}
		for t, b := range s.TrainedBetas {
			betas[t] = float32(b)
		}
	case s.BetaSchedule == "linear":
		evenly(betas, s.BetaStart, s.BetaEnd)
	case s.BetaSchedule == "scaled_linear":
		evenly(betas, math.Sqrt(s.BetaStart), math.Sqrt(s.BetaEnd))
		for t, b := range betas {
			betas[t] = b * b
		}
	case s.BetaSchedule == "squaredcos_cap_v2":
		// Nichol and Dhariwal, Improved Denoising Diffusion Probabilistic Models.
		left := func(t int) float64 {
			c := math.Cos((float64(t)/float64(n) + 0.008) / 1.008 * math.Pi / 2)
			return c * c
		}
		for t := range betas {
			betas[t] = float32(min(1-left(t+1)/left(t), 0.999))
		}
	default:
		return nil, oneOf("beta_schedule", s.BetaSchedule, "linear", "scaled_linear", "squaredcos_cap_v2")
	}
	return betas, nil
}

// evenly is torch.linspace of float32.
func evenly(dst []float32, from, to float64) {
	start, end := float32(from), float32(to)
	step := (end - start) / float32(len(dst)-1)
	for i := range dst {
		if i < len(dst)/2 {
			dst[i] = start + step*float32(i)
		} else {
			dst[i] = end - step*float32(len(dst)-1-i)
		}
	}
}

// cumulate is torch.cumprod of float32, which multiplies in float64.
func cumulate(betas []float32) []float32 {
	alphas, product := make([]float32, len(betas)), 1.0
	for t, b := range betas {
		product *= float64(1 - b)
		alphas[t] = float32(product)
	}
	return alphas
}

// rescaleZeroSNR makes the last timestep pure noise: Lin et al., Common Diffusion Noise
// Schedules and Sample Steps are Flawed, algorithm 1.
func rescaleZeroSNR(betas []float32) error {
	left := cumulate(betas)
	for t := range left {
		left[t] = sqrt(left[t])
	}
	first, last := left[0], left[len(left)-1]
	if first == last {
		return errors.New("rescale_betas_zero_snr is on, but all betas are 0")
	}
	scale := first / (first - last)
	for t := range left {
		left[t] = (left[t] - last) * scale
		left[t] *= left[t]
	}
	for t := len(left) - 1; t > 0; t-- {
		left[t] /= left[t-1]
	}
	for t, a := range left {
		if !(a >= 0 && a <= 1) {
			return fmt.Errorf("rescale_betas_zero_snr gives a beta of %v", 1-a)
		}
		betas[t] = 1 - a
	}
	return nil
}

// sigmas are the standard deviations of noise to the image's by timestep. They rise.
func sigmas(alphas []float32) []float32 {
	s := make([]float32, len(alphas))
	for t, a := range alphas {
		s[t] = sqrt((1 - a) / a)
	}
	return s
}

// nearlyZeroSNR keeps the last sigma finite, as the schedulers that divide by it do.
func (s *settings) nearlyZeroSNR(alphas []float32) {
	if s.ZeroSNR {
		alphas[len(alphas)-1] = 1.0 / (1 << 24)
	}
}
