package scheduler

import (
	"errors"
	"fmt"
	"math"
)

// flowEuler is FlowMatchEulerDiscreteScheduler: Esser et al., Scaling Rectified Flow
// Transformers for High-Resolution Image Synthesis. A sample is (1-sigma)*image + sigma*noise,
// and the model says how it changes with sigma.
type flowEuler struct {
	sigmas           []float32
	inverted, random bool // sigma is the image's share; noise anew at each step
	drawn            []float32
}

func newFlowEuler(s *settings, _ []float32, p Plan) (*Scheduler, error) {
	respaced, err := s.respaced()
	if err != nil {
		return nil, err
	}
	shift := s.Shift
	if s.DynamicShift {
		shift = 1
	}
	levels, err := s.flowLevels(shift, p.Steps)
	if err != nil {
		return nil, err
	}
	if err := oneOf("time_shift_type", s.TimeShift, "exponential", "linear"); err != nil {
		return nil, err
	}
	if s.DynamicShift {
		if p.Patches < 1 {
			return nil, errors.New("use_dynamic_shifting is on, and the image's patches are not known")
		}
		by := s.patchShift(p.Patches)
		if s.TimeShift == "exponential" {
			by = math.Exp(by)
		}
		for i, l := range levels {
			levels[i] = by / (by + (1/l - 1))
		}
	} else {
		for i, l := range levels {
			levels[i] = s.Shift * l / (1 + (s.Shift-1)*l)
		}
	}
	if err := s.stretch(levels); err != nil {
		return nil, err
	}
	if respaced {
		if levels, err = s.respace(levels[0], levels[len(levels)-1], p.Steps); err != nil {
			return nil, err
		}
	}
	f := &flowEuler{sigmas: floats(levels), inverted: bool(s.InvertSigmas), random: bool(s.Stochastic)}
	last := float32(0)
	if f.inverted {
		last = 1
		for i, l := range f.sigmas {
			f.sigmas[i] = 1 - l
		}
	}
	m := s.flowing(f.sigmas, f)
	f.sigmas = append(f.sigmas, last)
	for i, l := range f.sigmas {
		if !(l >= 0 && l <= 1) {
			return nil, fmt.Errorf("the share of noise at step %d is %v: it must be from 0 to 1", i, l)
		}
	}
	m.noisy = f.random
	return m, nil
}

// flowLevels are n levels from the first trained one to the last, shifted once.
func (s *settings) flowLevels(shift float64, n int) ([]float64, error) {
	if !(s.Shift > 0) || math.IsInf(s.Shift, 1) {
		return nil, fmt.Errorf("shift is %v: it must be above 0", s.Shift)
	}
	train := float64(s.TrainSteps)
	shifted := func(sigma float32) float64 {
		return float64(float32(shift) * sigma / (1 + float32(shift-1)*sigma))
	}
	levels := linspace(shifted(1)*train, shifted(float32(1/train))*train, n)
	for i, l := range levels {
		levels[i] = l / train
	}
	return levels, nil
}

// patchShift is calculate_shift of diffusers' pipelines: a line through two sizes of images.
func (s *settings) patchShift(patches int) float64 {
	slope := (s.MaxShift - s.BaseShift) / float64(s.MaxPatches-s.BasePatches)
	return float64(patches)*slope + s.BaseShift - slope*float64(s.BasePatches)
}

// stretch makes the last level shift_terminal.
func (s *settings) stretch(levels []float64) error {
	if s.ShiftTerminal == nil || *s.ShiftTerminal == 0 {
		return nil
	}
	if !(*s.ShiftTerminal > 0 && *s.ShiftTerminal < 1) || levels[len(levels)-1] == 1 {
		return fmt.Errorf("shift_terminal is %v: it must be from 0 to below 1, and there must be 2 steps", *s.ShiftTerminal)
	}
	scale := (1 - levels[len(levels)-1]) / (1 - *s.ShiftTerminal)
	for i, l := range levels {
		levels[i] = 1 - (1-l)/scale
	}
	return nil
}

// flowing is a scheduler on levels of a flow.
func (s *settings) flowing(sigmas []float32, by solver) *Scheduler {
	m := &Scheduler{initSigma: 1, solver: by}
	for _, l := range sigmas {
		m.timesteps = append(m.timesteps, l*float32(s.TrainSteps))
		m.signal, m.noise = append(m.signal, 1-l), append(m.noise, l)
	}
	return m
}

func (*flowEuler) begin(int) {}

func (f *flowEuler) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	from, to := f.sigmas[i], f.sigmas[i+1]
	for j, x := range sample {
		if denoised[j] = x - from*output[j]; f.inverted && !f.random {
			denoised[j] = x + (1-from)*output[j]
		}
	}
	if f.random {
		f.drawn = sized(f.drawn, len(sample))
		noise(f.drawn)
		for j, z := range f.drawn {
			sample[j] = (1-to)*denoised[j] + to*z
		}
		return
	}
	for j, v := range output {
		sample[j] += (to - from) * v
	}
}

// flowHeun is FlowMatchHeunDiscreteScheduler, without churn.
type flowHeun struct {
	sigmas []float32 // by call of the model
	pair
	slope []float32
}

func newFlowHeun(s *settings, _ []float32, p Plan) (*Scheduler, error) {
	levels, err := s.flowLevels(s.Shift, p.Steps)
	if err != nil {
		return nil, err
	}
	for i, l := range levels {
		levels[i] = s.Shift * l / (1 + (s.Shift-1)*l)
	}
	f := &flowHeun{sigmas: append(floats(levels), 0)}
	if err := checkSigmas(f.sigmas); err != nil {
		return nil, err
	}
	f.sigmas = twice(f.sigmas)
	m := s.flowing(f.sigmas[:len(f.sigmas)-1], f)
	m.order = 2
	return m, nil
}

func (f *flowHeun) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	if !f.second(i) {
		from, to := f.sigmas[i], f.sigmas[i+1]
		f.kept = append(f.kept[:0], sample...)
		f.slope = sized(f.slope, len(sample))
		for j, x := range sample {
			denoised[j] = x - output[j]*from
			f.slope[j] = (x - denoised[j]) / from
			sample[j] = x + f.slope[j]*(to-from)
		}
		return
	}
	from, to := f.sigmas[i-1], f.sigmas[i]
	for j, x := range sample {
		denoised[j] = x - output[j]*to
		slope := 0.5 * (f.slope[j] + (x-denoised[j])/to)
		sample[j] = f.kept[j] + slope*(to-from)
	}
}
