package scheduler

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// spaced are n timesteps of 0 to last-1, falling, as timestep_spacing has them. Only those
// of linspace are not whole numbers.
func (s *settings) spaced(last, n int) ([]float64, error) {
	switch s.Spacing {
	case "linspace":
		t := linspace(0, float64(last-1), n)
		slices.Reverse(t)
		return t, nil
	case "leading":
		t := make([]float64, n)
		for i := range t {
			t[i] = float64((n-1-i)*(last/n) + s.StepsOffset)
		}
		return t, nil
	case "trailing":
		// numpy.arange, roundings and all: for some n there is one timestep more, -1.
		start, step := float64(last), -float64(s.TrainSteps)/float64(n)
		delta := (start + step) - start
		t := make([]float64, int(math.Ceil(-start/step)))
		for i := range t {
			t[i] = math.RoundToEven(start+float64(i)*delta) - 1
		}
		return t, nil
	}
	return nil, oneOf("timestep_spacing", s.Spacing, "linspace", "leading", "trailing")
}

// linspace is NumPy's.
func linspace(start, stop float64, n int) []float64 {
	t := make([]float64, n)
	step := (stop - start) / float64(n-1)
	for i := range t {
		t[i] = float64(i)*step + start
	}
	if t[0] = start; n > 1 {
		t[n-1] = stop
	}
	return t
}

// whole are timesteps that index the trained ones.
func whole(timesteps []float64, alphas []float32) ([]int, error) {
	whole := make([]int, len(timesteps))
	for i, t := range timesteps {
		whole[i] = int(math.RoundToEven(t))
		if whole[i] < 0 || whole[i] >= len(alphas) {
			return nil, fmt.Errorf("timestep %d is not from 0 to %d: give other steps, timestep_spacing or steps_offset", whole[i], len(alphas)-1)
		}
	}
	return whole, nil
}

// checkSignal refuses timesteps at which there is nothing left of the image, or no noise,
// where a step would divide by that.
func checkSignal(timesteps []int, alphas []float32, pureNoise bool) error {
	for _, t := range timesteps {
		switch a := alphas[t]; {
		case a == 0 && !pureNoise:
			return fmt.Errorf("timestep %d is pure noise, of which this prediction_type can say nothing: set rescale_betas_zero_snr to false, or give another scheduler", t)
		case a == 1:
			return fmt.Errorf("timestep %d is without noise: betas must be above 0", t)
		}
	}
	return nil
}

// checkSigmas refuses levels of noise that a step would divide by. The last is that after
// the steps.
func checkSigmas(sigmas []float32) error {
	for i, s := range sigmas[:len(sigmas)-1] {
		if !(s > 0 && !math.IsInf(float64(s), 0)) {
			return fmt.Errorf("the noise at step %d is %v: it must be above 0 and finite", i, s)
		}
	}
	return nil
}

// floats are a schedule's timesteps.
func floats[T int | float64](timesteps []T) []float32 {
	f := make([]float32, len(timesteps))
	for i, t := range timesteps {
		f[i] = float32(t)
	}
	return f
}

// interpolate is numpy.interp of a timestep among all trained ones.
func interpolate(t float64, levels []float32) float64 {
	last := len(levels) - 1
	switch i := int(t); {
	case t <= 0:
		return float64(levels[0])
	case i >= last:
		return float64(levels[last])
	default:
		low, high := float64(levels[i]), float64(levels[i+1])
		return (high-low)*(t-float64(i)) + low
	}
}

// logarithms are of the trained levels, for timestepOf.
func logarithms(sigmas []float32) []float32 {
	logs := make([]float32, len(sigmas))
	for t, s := range sigmas {
		logs[t] = log(s)
	}
	return logs
}

// timestepOf is the timestep with a level of noise, between the trained ones in proportion
// to the logarithms.
func timestepOf(sigma float64, logs []float32) float64 {
	l := math.Log(max(sigma, 1e-10))
	above := sort.Search(len(logs), func(t int) bool { return float64(logs[t]) > l })
	i := min(max(above-1, 0), len(logs)-2)
	low, high := logs[i], logs[i+1]
	if low == high {
		return float64(i)
	}
	w := min(max((float64(low)-l)/float64(low-high), 0), 1)
	return (1-w)*float64(i) + w*float64(i+1)
}

// finalSigma is the level after the last step.
func (s *settings) finalSigma(sigmas []float32) (float32, error) {
	if s.FinalSigmas == "sigma_min" {
		return sigmas[0], nil
	}
	return 0, oneOf("final_sigmas_type", s.FinalSigmas, "zero", "sigma_min")
}
