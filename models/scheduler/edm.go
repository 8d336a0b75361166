package scheduler

import (
	"errors"
	"fmt"
	"math"
)

// edm is the preconditioning of Karras et al., table 1: a sample is image + sigma*noise, and
// the model sees it as large as an image is.
type edm struct {
	data     float32 // the standard deviation of images
	velocity bool
}

// edmOf makes EDM's levels of noise, high to low, and the scheduler with all but its solver.
// wide says that the levels are made in float64.
func (s *settings) edmOf(n int, wide bool) (edm, *Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction")
	if err != nil {
		return edm{}, nil, err
	}
	if s.SigmaMin == nil || s.SigmaMax == nil || !(*s.SigmaMin > 0) || !(*s.SigmaMax > *s.SigmaMin) || math.IsInf(*s.SigmaMax, 1) {
		return edm{}, nil, errors.New("sigma_min and sigma_max must be numbers, the first above 0 and the second above it")
	}
	if !(s.SigmaData > 0 && s.Rho > 0) {
		return edm{}, nil, fmt.Errorf("sigma_data is %v and rho %v: they must be above 0", s.SigmaData, s.Rho)
	}
	low, high := *s.SigmaMin, *s.SigmaMax
	levels := make([]float32, n)
	switch {
	case s.SigmaSchedule == "karras" && wide:
		levels = floats(karras(high, low, s.Rho, n))
	case s.SigmaSchedule == "karras":
		if n > 1 {
			evenly(levels, 0, 1)
		}
		inverse := 1 / s.Rho
		from, length := float32(math.Pow(high, inverse)), float32(math.Pow(low, inverse)-math.Pow(high, inverse))
		for i, ramp := range levels {
			levels[i] = float32(math.Pow(float64(from+ramp*length), s.Rho))
		}
	case s.SigmaSchedule == "exponential":
		logs := []float32{float32(math.Log(low))}
		if n > 1 {
			logs = make([]float32, n)
			evenly(logs, math.Log(low), math.Log(high))
		}
		for i, l := range logs {
			levels[n-1-i] = exp(l)
		}
	default:
		return edm{}, nil, oneOf("sigma_schedule", s.SigmaSchedule, "karras", "exponential")
	}
	e := edm{float32(s.SigmaData), kind == velocity}
	m := &Scheduler{initSigma: float32(math.Sqrt(high*high + 1))}
	for _, l := range levels {
		m.timesteps = append(m.timesteps, 0.25*log(l))
		m.signal = append(m.signal, 1)
		m.divisors = append(m.divisors, sqrt(l*l+e.data*e.data))
	}
	final := float32(0)
	switch s.FinalSigmas {
	case "zero":
	case "sigma_min":
		if final = float32(low); wide {
			final = levels[n-1]
		}
	default:
		return edm{}, nil, oneOf("final_sigmas_type", s.FinalSigmas, "zero", "sigma_min")
	}
	m.noise = append(levels, final)
	return e, m, checkSigmas(m.noise)
}

// foresee is precondition_outputs.
func (e edm) foresee(denoised, output, sample []float32, sigma float32) {
	square := sigma*sigma + e.data*e.data
	skip, out := e.data*e.data/square, sigma*e.data/sqrt(square)
	if e.velocity {
		out = -out
	}
	for j, x := range sample {
		denoised[j] = skip*x + out*output[j]
	}
}

// edmEuler is EDMEulerScheduler, without churn.
type edmEuler struct {
	edm
	sigmas []float32
}

func newEDMEuler(s *settings, _ []float32, p Plan) (*Scheduler, error) {
	e, m, err := s.edmOf(p.Steps, true)
	if err != nil {
		return nil, err
	}
	m.solver = &edmEuler{e, m.noise}
	return m, nil
}

func (*edmEuler) begin(int) {}

func (e *edmEuler) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	from, to := e.sigmas[i], e.sigmas[i+1]
	e.foresee(denoised, output, sample, from)
	for j, x := range sample {
		sample[j] = x + (x-denoised[j])/from*(to-from)
	}
}

// newEDMDPM is EDMDPMSolverMultistepScheduler: DPM-Solver++ on these levels.
func newEDMDPM(s *settings, _ []float32, p Plan) (*Scheduler, error) {
	e, m, err := s.edmOf(p.Steps, false)
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	d := &dpm{order: s.SolverOrder, limits: limits}
	if err := d.configure(s); err != nil {
		return nil, err
	}
	switch {
	case d.byNoise:
		return nil, oneOf("algorithm_type", s.Algorithm, "dpmsolver++", "sde-dpmsolver++")
	case d.order < 1 || d.order > 3:
		return nil, fmt.Errorf("solver_order is %d: it must be from 1 to 3", d.order)
	case d.order == 3 && d.stochastic:
		return nil, errors.New("solver_order is 3, and algorithm_type \"sde-dpmsolver++\" has 1 and 2 here")
	}
	if err := d.descend(s, m.noise); err != nil {
		return nil, err
	}
	for _, sigma := range m.noise {
		d.alphas, d.sigmas = append(d.alphas, 1), append(d.sigmas, sigma)
		d.lambdas = append(d.lambdas, -log(sigma))
	}
	d.foresee = func(denoised, output, sample []float32, i int) { e.foresee(denoised, output, sample, d.sigmas[i]) }
	m.solver, m.noisy = d, d.stochastic
	return m, nil
}
