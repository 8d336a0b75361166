// Package scheduler steps from noise to an image as the schedulers of diffusers do
// (diffusers/schedulers, 0.42): the timesteps, the model's
// input at each, and the next sample from its output.
//
// A sample is one image's latents, or several numbers of any shape: all is elementwise,
// but for dynamic thresholding, which takes a sample as one image.
package scheduler

import (
	"fmt"
	"math"
	"slices"
)

// Plan says how a scheduler is to be used: the arguments of set_timesteps.
type Plan struct {
	Steps int // at most num_train_timesteps
	// OriginalSteps and Strength are LCM's: the steps of its distillation (0: as the
	// configuration has them), and the part of them that image-to-image uses (0: 1).
	OriginalSteps int
	Strength      float64
	// Eta is how much noise comes back at a step of DDIM and TCD, from 0 to 1. Others have none.
	Eta float64
	// Patches is how many the image has that the model sees at once: by it
	// FlowMatchEulerDiscreteScheduler shifts its levels where use_dynamic_shifting is on.
	Patches int
	// Entropy draws the seed of DPMSolverSDEScheduler's noise at an image's first step, where
	// noise_sampler_seed is null: torch.randint(0, 2**63-1). nil: it is 0.
	Entropy func() uint64
}

// Scheduler is a scheduler with its timesteps. It holds the state of one
// image: it is not for concurrent use.
type Scheduler struct {
	timesteps []float32
	initSigma float32
	divisors  []float32 // of the model's input; nil: 1
	// Added noise is signal*original + noise*noise.
	signal, noise []float32
	noisy         bool
	order         int // calls of the model a step; the last has one
	solver        solver
	unasked       []float32 // stands in for a denoised that is nil
}

// solver makes the steps.
type solver interface {
	// begin forgets the steps that were made: the next is step i.
	begin(i int)
	// step is as Scheduler's; denoised is there.
	step(i int, output, sample, denoised []float32, noise func(dst []float32))
}

// New makes the timesteps. It refuses what diffusers refuses, now or at a step, and
// plans that would divide by zero.
func New(c *Config, p Plan) (*Scheduler, error) {
	k := c.kind()
	if k == nil {
		return nil, &UnknownError{c.class}
	}
	s, err := build(k, &c.settings, p)
	if err != nil {
		return nil, fmt.Errorf("%s for %d steps: %w", c.class, p.Steps, err)
	}
	return s, nil
}

func build(k *kind, s *settings, p Plan) (*Scheduler, error) {
	if n := s.TrainSteps; n < 2 || n > maxTrainSteps {
		return nil, fmt.Errorf("num_train_timesteps is %d: it must be from 2 to %d", n, maxTrainSteps)
	}
	var alphas []float32
	var err error
	if !k.leveled {
		if alphas, err = s.alphas(k.schedules...); err != nil {
			return nil, err
		}
	}
	if p.Steps < 1 || p.Steps > s.TrainSteps {
		return nil, fmt.Errorf("steps must be from 1 to %d, the timesteps that the model was trained on (num_train_timesteps)", s.TrainSteps)
	}
	if s.Thresholding && !(s.SampleMax > 0) {
		return nil, fmt.Errorf("sample_max_value is %v: it must be above 0", s.SampleMax)
	}
	if !(p.Eta >= 0 && p.Eta <= 1) {
		return nil, fmt.Errorf("eta is %v: it must be from 0 to 1", p.Eta)
	}
	if p.Eta > 0 && !k.eta {
		return nil, fmt.Errorf("eta is %v, and this scheduler has none: DDIM and TCD have", p.Eta)
	}
	return k.build(s, alphas, p)
}

// Timesteps are the model's timestep input at each call, in order. They are whole numbers,
// but for the schedulers that go by levels of noise.
func (s *Scheduler) Timesteps() []float32 { return slices.Clone(s.timesteps) }

// Order is how many calls of the model a step takes: 2 of Heun's, KDPM2's and DPM++ SDE's
// steps, but for the last, which takes one; else 1. Where it is 2, what else this package calls
// a step is one of these calls, and an image begins at an even one.
func (s *Scheduler) Order() int { return max(s.order, 1) }

// Begin says that the next step is step i, and the first of an image: it is
// set_begin_index, and makes a scheduler fit for another image. A new one begins at 0.
func (s *Scheduler) Begin(i int) { s.solver.begin(i) }

// InitSigma is the standard deviation of the noise that step 0 starts from
// (init_noise_sigma).
func (s *Scheduler) InitSigma() float32 { return s.initSigma }

// Noisy reports whether any step draws noise.
func (s *Scheduler) Noisy() bool { return s.noisy }

// Scale makes the model's input at step i of the sample (scale_model_input). dst may be
// sample.
func (s *Scheduler) Scale(dst, sample []float32, i int) {
	if s.divisors == nil {
		copy(dst, sample)
		return
	}
	d := s.divisors[i]
	for j, x := range sample {
		dst[j] = x / d
	}
}

// AddNoise makes an image's latents what step i starts from (add_noise). noise is
// standard normal; dst may be original or noise.
func (s *Scheduler) AddNoise(dst, original, noise []float32, i int) {
	a, b := s.signal[i], s.noise[i]
	for j, x := range original {
		dst[j] = a*x + b*noise[j]
	}
}

// Step makes step i, after step i-1 or Begin(i): sample becomes what the next step starts
// from. output is what the model said of it. denoised, if not nil, becomes the image
// that this step foresees: pred_original_sample, or LCM's denoised; of the schedulers
// that return none, the same by the model's output at this step alone. noise fills a slice
// with standard normal numbers; it is called when and as often as diffusers draws, and may
// be nil if Noisy is false. No two slices may overlap.
func (s *Scheduler) Step(i int, output, sample, denoised []float32, noise func(dst []float32)) {
	if denoised == nil {
		s.unasked = sized(s.unasked, len(sample))
		denoised = s.unasked
	}
	s.solver.step(i, output, sample, denoised, noise)
}

// sized is b with n values, whatever they are.
func sized(b []float32, n int) []float32 {
	return slices.Grow(b[:0], n)[:n]
}

// sqrt, exp and log are those of float32 tensors.
func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
func exp(x float32) float32  { return float32(math.Exp(float64(x))) }
func log(x float32) float32  { return float32(math.Log(float64(x))) }
