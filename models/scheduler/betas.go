package scheduler

import (
	"errors"
	"fmt"
	"math"
)

// alphas are the cumulative products of 1-beta by timestep: how much of an image's
// variance is left in it (alphas_cumprod). They fall.
func (s *settings) alphas(schedules ...string) ([]float32, error) {
	betas, err := s.betas(schedules)
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

// betas are by timestep; schedules are those of the class's own.
func (s *settings) betas(schedules []string) ([]float32, error) {
	n := s.TrainSteps
	if s.StepsOffset < 0 || s.StepsOffset > n {
		return nil, fmt.Errorf("steps_offset is %d: it must be from 0 to %d", s.StepsOffset, n)
	}
	betas := make([]float32, n)
	if s.TrainedBetas == nil {
		allowed := append([]string{"linear", "scaled_linear", "squaredcos_cap_v2"}, schedules...)
		if err := oneOf("beta_schedule", s.BetaSchedule, allowed...); err != nil {
			return nil, err
		}
	}
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
	case s.BetaSchedule == "sigmoid":
		evenly(betas, -6, 6)
		for t, b := range betas {
			betas[t] = 1/(1+exp(-b))*float32(s.BetaEnd-s.BetaStart) + float32(s.BetaStart)
		}
	default:
		left := signalLeft[s.BetaSchedule]
		for t := range betas {
			betas[t] = float32(min(1-left(float64(t+1)/float64(n))/left(float64(t)/float64(n)), 0.999))
		}
	}
	return betas, nil
}

// signalLeft is how much of the image's variance is left at a time from 0 to 1, by
// beta_schedule (betas_for_alpha_bar).
var signalLeft = map[string]func(t float64) float64{
	// Nichol and Dhariwal, Improved Denoising Diffusion Probabilistic Models.
	"squaredcos_cap_v2": func(t float64) float64 {
		c := math.Cos((t + 0.008) / 1.008 * math.Pi / 2)
		return c * c
	},
	"exp": func(t float64) float64 { return math.Exp(t * -12) },
	// Hang et al., Improved Noise Schedule for Diffusion Training.
	"laplace": func(t float64) float64 {
		lambda := -0.5 * math.Copysign(1, 0.5-t) * math.Log(1-2*math.Abs(0.5-t)+1e-6)
		snr := math.Exp(lambda)
		return math.Sqrt(snr / (1 + snr))
	},
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
