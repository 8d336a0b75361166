package scheduler

import (
	"fmt"
	"math"
)

// deis is DEISMultistepScheduler: Zhang and Chen, Fast Sampling of Diffusion Models with
// Exponential Integrator, log-rho, of orders 1 to 3.
type deis struct {
	ladder
	order int
	lower bool // the last steps are of orders 2 and 1
	prediction
	limits

	start  int
	noises [3][]float32 // that the steps foresaw; the newest first
}

func newDEIS(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample", "flow_prediction")
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	// Names of the solvers of other classes stand for this one's, as in diffusers.
	if err := oneOf("algorithm_type", s.Algorithm, "deis", "dpmsolver", "dpmsolver++"); err != nil {
		return nil, err
	}
	if err := oneOf("solver_type", s.SolverType, "logrho", "midpoint", "heun", "bh1", "bh2"); err != nil {
		return nil, err
	}
	if s.SolverOrder < 1 || s.SolverOrder > 3 {
		return nil, fmt.Errorf("solver_order is %d: it must be from 1 to 3", s.SolverOrder)
	}
	timesteps, levels, err := s.rungs(rungs{lambdaMin: math.Inf(-1), round: true, flow: s.flowed}, alphas, p.Steps)
	if err != nil {
		return nil, err
	}
	final := float64(sigmas(alphas)[0])
	if respaced, _ := s.respaced(); respaced || bool(s.FlowSigmas) {
		final = levels[len(levels)-1] // as diffusers has it: the last step goes nowhere
	}
	noise := floats(append(levels, final))
	if err := checkSigmas(noise); err != nil {
		return nil, err
	}
	if err := checkFalling(noise); err != nil {
		return nil, err
	}
	d := &deis{order: s.SolverOrder, lower: bool(s.LowerOrderFinal) && len(timesteps) < 15, prediction: kind, limits: limits}
	if d.ladder, err = s.ladder(noise); err != nil {
		return nil, err
	}
	return d.scheduler(timesteps, d), nil
}

func (d *deis) begin(i int) { d.start = i }

func (d *deis) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	d.ladder.denoise(d.prediction, denoised, output, sample, i)
	d.apply(denoised)
	last := len(d.noises) - 1
	newest := sized(d.noises[last], len(sample))
	copy(d.noises[1:], d.noises[:last])
	d.noises[0] = newest
	sigma := d.sigmas[i]
	if d.prediction == flow {
		sigma = d.noise[i] // as diffusers has it, use_flow_sigmas or not
	}
	for j, x := range sample {
		newest[j] = (x - d.alphas[i]*denoised[j]) / sigma
	}
	order := min(d.order, i-d.start+1)
	if left := len(d.alphas) - 1 - i; d.lower && left <= 2 {
		order = min(order, left)
	}
	n := &d.noises
	alpha := d.alphas[i+1]
	if order == 1 {
		ratio, c := alpha/d.alphas[i], d.sigmas[i+1]*(exp(d.lambdas[i+1]-d.lambdas[i])-1)
		for j, x := range sample {
			sample[j] = ratio*x - c*n[0][j]
		}
		return
	}
	var rho [4]float32 // of where the step ends, and of its order before
	for k := range order + 1 {
		rho[k] = d.sigmas[i+1-k] / d.alphas[i+1-k]
	}
	t, b, c := rho[0], rho[1], rho[2]
	if order == 2 {
		c0, c1 := linearIn(t, b, c)-linearIn(b, b, c), linearIn(t, c, b)-linearIn(b, c, b)
		for j, x := range sample {
			sample[j] = alpha * (x/d.alphas[i] + c0*n[0][j] + c1*n[1][j])
		}
		return
	}
	e := rho[3]
	c0 := quadraticIn(t, b, c, e) - quadraticIn(b, b, c, e)
	c1 := quadraticIn(t, c, e, b) - quadraticIn(b, c, e, b)
	c2 := quadraticIn(t, e, b, c) - quadraticIn(b, e, b, c)
	for j, x := range sample {
		sample[j] = alpha * (x/d.alphas[i] + c0*n[0][j] + c1*n[1][j] + c2*n[2][j])
	}
}

// linearIn is the integral up to t of the line in the logarithm that is 1 at b and 0 at c.
func linearIn(t, b, c float32) float32 {
	return t * (-log(c) + log(t) - 1) / (log(b) - log(c))
}

// quadraticIn is that of the parabola that is 1 at b and 0 at c and d.
func quadraticIn(t, b, c, d float32) float32 {
	lt, lb, lc, ld := log(t), log(b), log(c), log(d)
	return t * (lc*(ld-lt+1) - ld*lt + ld + lt*lt - 2*lt + 2) / ((lb - lc) * (lb - ld))
}
