package scheduler

import (
	"errors"
	"fmt"
	"math"
)

// respaced reports whether the configuration has levels of noise of its own between the
// highest and the lowest: one of use_karras_sigmas, use_exponential_sigmas and use_beta_sigmas.
func (s *settings) respaced() (bool, error) {
	on := 0
	for _, f := range []flag{s.Karras, s.Exponential, s.Beta} {
		if f {
			on++
		}
	}
	if on > 1 {
		return false, errors.New("only one of use_karras_sigmas, use_exponential_sigmas and use_beta_sigmas can be on")
	}
	return on == 1, nil
}

// respace makes these levels, n from high to low. The configuration's sigma_min and sigma_max
// take the place of those given.
func (s *settings) respace(high, low float64, n int) ([]float64, error) {
	if s.SigmaMin != nil {
		low = *s.SigmaMin
	}
	if s.SigmaMax != nil {
		high = *s.SigmaMax
	}
	switch {
	case bool(s.Exponential):
		levels := linspace(math.Log(high), math.Log(low), n)
		for i, l := range levels {
			levels[i] = math.Exp(l)
		}
		return levels, nil
	case bool(s.Beta):
		// Lee et al., Beta Sampling is All You Need.
		levels := linspace(0, 1, n)
		for i, l := range levels {
			levels[i] = low + betaQuantile(1-l)*(high-low)
		}
		return levels, nil
	}
	return karras(high, low, 7, n), nil
}

// karras are n levels from high to low: Karras et al., Elucidating the Design Space of
// Diffusion-Based Generative Models, equation 5.
func karras(high, low, rho float64, n int) []float64 {
	low, high = math.Pow(low, 1/rho), math.Pow(high, 1/rho)
	levels := linspace(0, 1, n)
	for i, ramp := range levels {
		levels[i] = math.Pow(high+ramp*(low-high), rho)
	}
	return levels
}

// betaQuantile is the x below which a share p of the beta distribution with both
// parameters 0.6 lies.
func betaQuantile(p float64) float64 {
	if p <= 0 || p >= 1 {
		return min(max(p, 0), 1)
	}
	if p > 0.5 { // it is symmetric
		return 1 - betaQuantile(1-p)
	}
	// With x = u^(1/0.6) the density is bounded at 0: halving u finds each bit.
	low, high := 0.0, 1.0
	for range 200 {
		u := (low + high) / 2
		if u == low || u == high {
			break
		}
		if betaShare(math.Pow(u, 1/betaShape)) < p {
			low = u
		} else {
			high = u
		}
	}
	return math.Pow((low+high)/2, 1/betaShape)
}

const betaShape = 0.6

// betaShare is the share of that distribution below x, from 0 to a half: the regularized
// incomplete beta function by its power series.
func betaShare(x float64) float64 {
	if x > 0.5 {
		return 1 - betaShare(1-x)
	}
	sum, term := 1/betaShape, 1.0
	for n := 1.0; n < 200; n++ {
		term *= (n - betaShape) * x / n
		sum += term / (betaShape + n)
	}
	once, _ := math.Lgamma(betaShape)
	twice, _ := math.Lgamma(2 * betaShape)
	return math.Exp(betaShape*math.Log(x)+twice-2*once) * sum
}

// sigmaLevels are the timesteps of the schedulers whose sample is image + sigma*noise, with the
// noise there. By respaced levels the timesteps are not whole numbers; whole says that this
// scheduler makes those of Karras's whole, and double that all are float64's.
func (s *settings) sigmaLevels(trained []float32, steps int, whole, double bool) (timesteps, levels []float64, err error) {
	respaced, err := s.respaced()
	if err != nil {
		return nil, nil, err
	}
	timesteps, levels, err = s.levels(trained, steps, double)
	if err != nil || !respaced {
		return timesteps, levels, err
	}
	if levels, err = s.respace(levels[0], levels[len(levels)-1], steps); err != nil {
		return nil, nil, err
	}
	timesteps = timestepsOf(levels, trained)
	if whole && bool(s.Karras) {
		for i, t := range timesteps {
			timesteps[i] = math.RoundToEven(t)
		}
	}
	return timesteps, levels, nil
}

// timestepsOf are the timesteps with these levels of noise.
func timestepsOf(levels []float64, trained []float32) []float64 {
	logs, timesteps := logarithms(trained), make([]float64, len(levels))
	for i, l := range levels {
		timesteps[i] = timestepOf(l, logs)
	}
	return timesteps
}

// ladder is the noise of the schedulers that solve in the logarithm of the signal to noise
// ratio, by step, and one after the last: the sample is alpha*image + sigma*noise, lambda is
// that logarithm's half, and noise is what the levels are given by: sigma in relation to alpha,
// or, of a flow, sigma, of which alpha is the rest.
type ladder struct {
	alphas, sigmas, lambdas, noise []float32
}

func (s *settings) ladder(noise []float32) (ladder, error) {
	l := ladder{noise: noise}
	for _, sigma := range noise {
		alpha := 1 - sigma
		if !s.FlowSigmas {
			alpha = 1 / sqrt(sigma*sigma+1)
			sigma *= alpha
		}
		if !(alpha > 0) {
			return l, fmt.Errorf("a level of noise is %v: by use_flow_sigmas it must be below 1", sigma)
		}
		l.alphas, l.sigmas = append(l.alphas, alpha), append(l.sigmas, sigma)
		l.lambdas = append(l.lambdas, log(alpha)-log(sigma))
	}
	return l, nil
}

// denoise is a prediction's at step i.
func (l *ladder) denoise(p prediction, dst, output, sample []float32, i int) {
	sigma := l.sigmas[i]
	if p == flow {
		sigma = l.noise[i]
	}
	p.denoise(dst, output, sample, l.alphas[i], sigma)
}

// scheduler is one that steps down the ladder.
func (l *ladder) scheduler(timesteps []float64, by solver) *Scheduler {
	return &Scheduler{timesteps: floats(timesteps), initSigma: 1, signal: l.alphas, noise: l.sigmas, solver: by}
}

// rungs says how a class makes the levels of its ladder.
type rungs struct {
	lambdaMin float64 // timesteps with less signal are left out
	round     bool    // timesteps of Karras's levels are rounded, not cut,
	butCosine bool    // unless beta_schedule is squaredcos_cap_v2
	flow      func(n int) ([]float64, error)
}

// rungs are the timesteps, which are cut to whole numbers, with the noise there: at the ends of
// n steps of equal length, of which the last ends at timestep 0 or before it.
func (s *settings) rungs(r rungs, alphas []float32, n int) (timesteps, levels []float64, err error) {
	respaced, err := s.respaced()
	if err != nil {
		return nil, nil, err
	}
	trained := sigmas(alphas)
	last := s.TrainSteps
	for last > 0 && log(sqrt(alphas[last-1]))-log(sqrt(1-alphas[last-1])) < float32(r.lambdaMin) {
		last--
	}
	if last == 0 {
		return nil, nil, errors.New("lambda_min_clipped leaves no timestep")
	}
	if s.Spacing == "trailing" {
		timesteps, err = s.spaced(last, n)
	} else if timesteps, err = s.spaced(last, n+1); err == nil {
		timesteps = timesteps[:n]
	}
	if err != nil {
		return nil, nil, err
	}
	for i, t := range timesteps {
		timesteps[i] = math.RoundToEven(t)
	}
	rounded := r.round && (!r.butCosine || s.BetaSchedule != "squaredcos_cap_v2")
	high, low := float64(trained[len(trained)-1]), float64(trained[0])
	switch {
	case respaced:
		if levels, err = s.respace(high, low, n); err != nil {
			return nil, nil, err
		}
		rounded = rounded && bool(s.Karras)
	case bool(s.LuLambdas):
		// Lu et al., DPM-Solver, section 3.4.
		levels = karras(float64(log(float32(high))), float64(log(float32(low))), 1, n)
		for i, l := range levels {
			levels[i] = math.Exp(l)
		}
	case bool(s.FlowSigmas):
		if levels, err = r.flow(n); err != nil {
			return nil, nil, err
		}
		timesteps = timesteps[:0]
		for _, l := range levels {
			timesteps = append(timesteps, math.Trunc(l*float64(s.TrainSteps)))
		}
		return timesteps, levels, nil
	default:
		for _, t := range timesteps {
			levels = append(levels, interpolate(t, trained))
		}
		return timesteps, levels, nil
	}
	timesteps = timestepsOf(levels, trained)
	for i, t := range timesteps {
		if rounded {
			t = math.RoundToEven(t)
		}
		timesteps[i] = math.Trunc(t)
	}
	return timesteps, levels, nil
}

// flowed are n levels of a flow, shifted (flow_shift), as DPM-Solver++ has them.
func (s *settings) flowed(n int) ([]float64, error) {
	if err := s.checkFlowShift(); err != nil {
		return nil, err
	}
	levels := linspace(1, 1/float64(s.TrainSteps), n+1)
	out := make([]float64, n)
	for i := range out {
		left := 1 - levels[n-i]
		out[i] = s.FlowShift * left / (1 + (s.FlowShift-1)*left)
	}
	return out, nil
}

func (s *settings) checkFlowShift() error {
	if !(s.FlowShift > 0) || math.IsInf(s.FlowShift, 1) {
		return fmt.Errorf("flow_shift is %v: it must be above 0", s.FlowShift)
	}
	return nil
}

// checkFalling refuses levels that a step would divide by the distance of.
func checkFalling(noise []float32) error {
	for i := range len(noise) - 2 {
		if noise[i+1] >= noise[i] {
			return fmt.Errorf("steps %d and %d have the same noise, %v: give fewer steps", i, i+1, noise[i])
		}
	}
	return nil
}
