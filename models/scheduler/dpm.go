package scheduler

import (
	"errors"
	"fmt"
	"math"
)

// dpm is DPMSolverMultistepScheduler: Lu et al., DPM-Solver++: Fast Solver for Guided
// Sampling of Diffusion Probabilistic Models, of orders 1 to 3, and its stochastic
// variant (sde-dpmsolver++).
type dpm struct {
	// By step, and one after the last: the sample is alpha*image + sigma*noise, and lambda
	// half the logarithm of the signal to noise ratio.
	alphas, sigmas, lambdas []float32
	order                   int
	heun, stochastic        bool
	firstAtLast             bool // the last step is of order 1
	secondAtLast            bool // the last but one is of order 2 at most
	prediction
	limits

	start  int
	images [3][]float32 // that the steps foresaw; the newest first
	drawn  []float32
}

func newDPM(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample")
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	d := &dpm{order: s.SolverOrder, prediction: kind, limits: limits}
	if err := d.configure(s); err != nil {
		return nil, err
	}
	s.nearlyZeroSNR(alphas)
	timesteps, levels, err := s.solverLevels(alphas, p.Steps)
	if err != nil {
		return nil, err
	}
	final, err := s.finalSigma(sigmas(alphas))
	if err != nil {
		return nil, err
	}
	noise := append(floats(levels), final)
	if err := checkSigmas(noise); err != nil {
		return nil, err
	}
	n := len(timesteps)
	for i := range n - 1 {
		if noise[i+1] >= noise[i] {
			return nil, fmt.Errorf("steps %d and %d have the same noise, %v: give fewer steps", i, i+1, noise[i])
		}
	}
	d.secondAtLast = bool(s.LowerOrderFinal) && n < 15
	d.firstAtLast = bool(s.EulerAtFinal) || d.secondAtLast || s.FinalSigmas == "zero"
	// Of a step without length there are no derivatives.
	if (d.heun || d.order == 3) && !d.firstAtLast && noise[n-1]-final < 1e-5*final {
		return nil, fmt.Errorf("the last step begins with the noise that it ends with, %v (final_sigmas_type): set euler_at_final to true", final)
	}
	for _, sigma := range noise {
		alpha := 1 / sqrt(sigma*sigma+1)
		d.alphas = append(d.alphas, alpha)
		d.sigmas = append(d.sigmas, sigma*alpha)
		d.lambdas = append(d.lambdas, log(alpha)-log(sigma*alpha))
	}
	return &Scheduler{timesteps: floats(timesteps), initSigma: 1, signal: d.alphas, noise: d.sigmas, noisy: d.stochastic, solver: d}, nil
}

// configure reads which solver it is. Names of the solvers of other classes stand for
// those that diffusers takes in their place.
func (d *dpm) configure(s *settings) error {
	switch s.Algorithm {
	case "dpmsolver++", "deis":
	case "sde-dpmsolver++":
		d.stochastic = true
	default:
		return oneOf("algorithm_type", s.Algorithm, "dpmsolver++", "sde-dpmsolver++")
	}
	switch s.SolverType {
	case "midpoint", "logrho", "bh1", "bh2":
	case "heun":
		d.heun = true
	default:
		return oneOf("solver_type", s.SolverType, "midpoint", "heun")
	}
	if s.SolverOrder < 1 || s.SolverOrder > 3 {
		return fmt.Errorf("solver_order is %d: it must be from 1 to 3", s.SolverOrder)
	}
	if s.Variance != nil {
		return fmt.Errorf("variance_type is %q, which is not implemented: only null can be used", *s.Variance)
	}
	return refuse(map[string]flag{"use_exponential_sigmas": s.Exponential, "use_beta_sigmas": s.Beta, "use_lu_lambdas": s.LuLambdas, "use_flow_sigmas": s.FlowSigmas})
}

// solverLevels are the timesteps, with the noise there: at the ends of n steps of equal
// length, of which the last ends at timestep 0 or before it.
func (s *settings) solverLevels(alphas []float32, n int) (timesteps, levels []float64, err error) {
	trained := sigmas(alphas)
	last := s.TrainSteps
	for last > 0 && log(sqrt(alphas[last-1]))-log(sqrt(1-alphas[last-1])) < float32(s.LambdaMin) {
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
	if s.Karras {
		levels = s.karras(float64(trained[len(trained)-1]), float64(trained[0]), n)
		logs := logarithms(trained)
		timesteps = timesteps[:0]
		for _, l := range levels {
			t := timestepOf(l, logs)
			if s.BetaSchedule != "squaredcos_cap_v2" {
				t = math.RoundToEven(t)
			}
			timesteps = append(timesteps, math.Trunc(t))
		}
		return timesteps, levels, nil
	}
	for _, t := range timesteps {
		levels = append(levels, interpolate(t, trained))
	}
	return timesteps, levels, nil
}

func (d *dpm) begin(i int) { d.start = i }

func (d *dpm) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	d.denoise(denoised, output, sample, d.alphas[i], d.sigmas[i])
	d.apply(denoised)
	oldest := d.images[2]
	copy(d.images[1:], d.images[:2])
	d.images[0] = append(oldest[:0], denoised...)

	order, last := min(d.order, i-d.start+1), len(d.alphas)-2
	if i == last && d.firstAtLast {
		order = 1
	} else if i == last-1 && d.secondAtLast {
		order = min(order, 2)
	}
	d.move(i, order, sample)
	if d.stochastic {
		d.drawn = sized(d.drawn, len(sample))
		noise(d.drawn)
		h := d.lambdas[i+1] - d.lambdas[i]
		c := d.sigmas[i+1] * sqrt(1-exp(-2*h))
		for j, n := range d.drawn {
			sample[j] += c * n
		}
	}
}

// move is the solver's step from level i to the next: the sample, and the image as a
// polynomial in lambda whose derivatives are those between the last images.
func (d *dpm) move(i, order int, sample []float32) {
	h := d.lambdas[i+1] - d.lambdas[i]
	ratio, alpha := d.sigmas[i+1]/d.sigmas[i], d.alphas[i+1]
	// grown is how much of the image comes in, and k the length in lambda that it comes in
	// over: twice as far where noise replaces what is stepped over.
	k, grown := h, -(exp(-h) - 1)
	if d.stochastic {
		k = 2 * h
		ratio *= exp(-h)
		grown = 1 - exp(-k)
	}
	m0, m1, m2 := d.images[0], d.images[1], d.images[2]
	c0 := alpha * grown
	if order == 1 {
		for j, x := range sample {
			sample[j] = ratio*x + c0*m0[j]
		}
		return
	}
	h0 := d.lambdas[i] - d.lambdas[i-1]
	inverse0 := 1 / (h0 / h)
	c1 := 0.5 * c0
	if d.heun || order == 3 {
		c1 = alpha * (1 - grown/k)
	}
	if order == 2 {
		for j, x := range sample {
			sample[j] = ratio*x + c0*m0[j] + c1*(inverse0*(m0[j]-m1[j]))
		}
		return
	}
	h1 := d.lambdas[i-1] - d.lambdas[i-2]
	r0, r1 := h0/h, h1/h
	inverse1, share, inverse := 1/r1, r0/(r0+r1), 1/(r0+r1)
	c2 := -alpha * ((k-grown)/(k*k) - 0.5)
	if d.stochastic {
		// As diffusers has it: the formula above would add the half.
		c2 = alpha * ((grown-k)/(k*k) - 0.5)
	}
	for j, x := range sample {
		near, far := inverse0*(m0[j]-m1[j]), inverse1*(m1[j]-m2[j])
		sample[j] = ratio*x + c0*m0[j] + c1*(near+share*(near-far)) + c2*(inverse*(near-far))
	}
}
