package scheduler

import (
	"errors"
	"fmt"
)

// dpm is DPMSolverMultistepScheduler: Lu et al., DPM-Solver++: Fast Solver for Guided
// Sampling of Diffusion Probabilistic Models, of orders 1 to 3, and its stochastic
// variant (sde-dpmsolver++).
type dpm struct {
	exponential
	order        int
	firstAtLast  bool // the last step is of order 1
	secondAtLast bool // the last but one is of order 2 at most
	foresee      func(denoised, output, sample []float32, i int)
	limits

	start  int
	images [3][]float32 // that the steps foresaw; the newest first
	drawn  []float32
}

// exponential is the solution of a step by exponential integrators: of the image, or, of the
// first DPM-Solver (dpmsolver), of the noise in it.
type exponential struct {
	ladder
	heun, stochastic, byNoise bool
}

func newDPM(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample", "flow_prediction")
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
	if d.order < 1 || d.order > 3 {
		return nil, fmt.Errorf("solver_order is %d: it must be from 1 to 3", d.order)
	}
	s.nearlyZeroSNR(alphas)
	timesteps, levels, err := s.rungs(rungs{lambdaMin: float64(s.LambdaMin), round: true, butCosine: true, flow: s.flowed}, alphas, p.Steps)
	if err != nil {
		return nil, err
	}
	final, err := s.finalSigma(sigmas(alphas))
	if err != nil {
		return nil, err
	}
	if err := d.descend(s, append(floats(levels), final)); err != nil {
		return nil, err
	}
	if d.ladder, err = s.ladder(d.noise); err != nil {
		return nil, err
	}
	d.foresee = func(denoised, output, sample []float32, i int) { d.denoise(kind, denoised, output, sample, i) }
	m := d.scheduler(timesteps, d)
	m.noisy = d.stochastic
	return m, nil
}

// descend takes the levels, the last of which is where the steps end.
func (d *dpm) descend(s *settings, noise []float32) error {
	if err := checkSigmas(noise); err != nil {
		return err
	}
	if err := checkFalling(noise); err != nil {
		return err
	}
	n := len(noise) - 1
	final := noise[n]
	d.secondAtLast = bool(s.LowerOrderFinal) && n < 15
	d.firstAtLast = bool(s.EulerAtFinal) || d.secondAtLast || s.FinalSigmas == "zero"
	// Of a step without length there are no derivatives.
	if (d.heun || d.order == 3) && !d.firstAtLast && noise[n-1]-final < 1e-5*final {
		return fmt.Errorf("the last step begins with the noise that it ends with, %v (final_sigmas_type): set euler_at_final to true", final)
	}
	d.noise = noise
	return nil
}

// configure reads which solver it is. Names of the solvers of other classes stand for
// those that diffusers takes in their place.
func (e *exponential) configure(s *settings) error {
	switch s.Algorithm {
	case "dpmsolver++", "deis":
	case "sde-dpmsolver++":
		e.stochastic = true
	case "dpmsolver":
		if s.FinalSigmas == "zero" {
			return errors.New("final_sigmas_type is \"zero\", and algorithm_type \"dpmsolver\" can't end there: set it to \"sigma_min\"")
		}
		e.byNoise = true
	default:
		return oneOf("algorithm_type", s.Algorithm, "dpmsolver++", "sde-dpmsolver++", "dpmsolver")
	}
	switch s.SolverType {
	case "midpoint", "logrho", "bh1", "bh2":
	case "heun":
		e.heun = true
	default:
		return oneOf("solver_type", s.SolverType, "midpoint", "heun")
	}
	if s.Variance != nil { // DDPM's; one that the model says would be a part of its output
		return oneOf("variance_type", *s.Variance, "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log")
	}
	return nil
}

func (d *dpm) begin(i int) { d.start = i }

func (d *dpm) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	d.foresee(denoised, output, sample, i)
	d.apply(denoised)
	d.keep(&d.images, denoised, sample, i)

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
		c := d.returning(i, i+1)
		for j, n := range d.drawn {
			sample[j] += c * n
		}
	}
}

// keep puts what was foreseen before what the steps before foresaw.
func (e *exponential) keep(images *[3][]float32, denoised, sample []float32, i int) {
	last := len(images) - 1
	newest := sized(images[last], len(sample))
	copy(images[1:], images[:last])
	images[0] = newest
	copy(newest, denoised)
	if e.byNoise {
		for j, x := range sample {
			newest[j] = (x - e.alphas[i]*denoised[j]) / e.sigmas[i]
		}
	}
}

// weights are those of a solution from level i to level k: of the sample, of what was foreseen,
// of its first derivative (midpoint's, and the exact one) and of the second; h is the length.
func (e *exponential) weights(i, k int) (ratio, c0, middle, c1, c2, h float32) {
	h = e.lambdas[k] - e.lambdas[i]
	ratio, by := e.sigmas[k]/e.sigmas[i], e.alphas[k]
	length := h
	if e.byNoise {
		ratio, by, length = e.alphas[k]/e.alphas[i], e.sigmas[k], -h
	}
	// grown is how much of the image comes in, and length what it comes in over, in lambda:
	// twice as far where noise replaces what is stepped over.
	grown := -(exp(-length) - 1)
	if e.stochastic {
		length = 2 * h
		ratio *= exp(-h)
		grown = 1 - exp(-length)
	}
	c0 = by * grown
	c1 = by * (1 - grown/length)
	c2 = -by * ((length-grown)/(length*length) - 0.5)
	if e.stochastic {
		// As diffusers has it: the formula above would add the half.
		c2 = by * ((grown-length)/(length*length) - 0.5)
	}
	return ratio, c0, 0.5 * c0, c1, c2, h
}

// returning is how much noise comes back in a stochastic step.
func (e *exponential) returning(i, k int) float32 {
	h := e.lambdas[k] - e.lambdas[i]
	return e.sigmas[k] * sqrt(1-exp(-2*h))
}

// move is the solver's step from level i to the next: the sample, and the image as a
// polynomial in lambda whose derivatives are those between the last images.
func (d *dpm) move(i, order int, sample []float32) {
	ratio, c0, middle, c1, c2, h := d.weights(i, i+1)
	m0, m1, m2 := d.images[0], d.images[1], d.images[2]
	if order == 1 {
		for j, x := range sample {
			sample[j] = ratio*x + c0*m0[j]
		}
		return
	}
	h0 := d.lambdas[i] - d.lambdas[i-1]
	inverse0 := 1 / (h0 / h)
	if order == 2 {
		if !d.heun {
			c1 = middle
		}
		for j, x := range sample {
			sample[j] = ratio*x + c0*m0[j] + c1*(inverse0*(m0[j]-m1[j]))
		}
		return
	}
	h1 := d.lambdas[i-1] - d.lambdas[i-2]
	r0, r1 := h0/h, h1/h
	inverse1, share, inverse := 1/r1, r0/(r0+r1), 1/(r0+r1)
	for j, x := range sample {
		near, far := inverse0*(m0[j]-m1[j]), inverse1*(m1[j]-m2[j])
		sample[j] = ratio*x + c0*m0[j] + c1*(near+share*(near-far)) + c2*(inverse*(near-far))
	}
}
