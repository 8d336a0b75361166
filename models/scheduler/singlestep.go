package scheduler

import "fmt"

// singlestep is DPMSolverSinglestepScheduler: DPM-Solver++ in groups of steps, whose second and
// third begin anew where the group began, with what was foreseen since.
type singlestep struct {
	exponential
	orders []int // of each step
	prediction
	limits

	known  int
	images [3][]float32
	kept   []float32 // the sample where the group began
	drawn  []float32
}

func newSinglestep(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample", "flow_prediction")
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	d := &singlestep{prediction: kind, limits: limits}
	if err := d.configure(s); err != nil {
		return nil, err
	}
	switch {
	case s.SolverOrder < 1 || s.SolverOrder > 3:
		return nil, fmt.Errorf("solver_order is %d: it must be from 1 to 3", s.SolverOrder)
	case d.byNoise && (d.dynamic || kind == flow):
		return nil, fmt.Errorf("algorithm_type %q goes with neither thresholding nor flow_prediction", s.Algorithm)
	}
	s.Spacing = "linspace"
	timesteps, levels, err := s.rungs(rungs{lambdaMin: float64(s.LambdaMin), round: true, flow: s.flowed}, alphas, p.Steps)
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
	if err := checkFalling(noise); err != nil {
		return nil, err
	}
	if d.ladder, err = s.ladder(noise); err != nil {
		return nil, err
	}
	d.orders = s.orders(p.Steps)
	m := d.scheduler(timesteps, d)
	m.noisy = d.stochastic
	return m, nil
}

// orders are those of n steps (get_order_list): rising in each group, and lower at the end,
// where n is no multiple of the highest or the steps end without noise.
func (s *settings) orders(n int) []int {
	lower := bool(s.LowerOrderFinal) || n%s.SolverOrder != 0 || s.FinalSigmas == "zero"
	orders := make([]int, n)
	for i := range orders {
		orders[i] = i%s.SolverOrder + 1
	}
	if lower && s.SolverOrder > 1 && n%s.SolverOrder == 0 {
		orders[n-1] = 1
		if s.SolverOrder == 3 {
			orders[n-2] = 2
		}
	}
	if s.FinalSigmas == "zero" {
		orders[n-1] = 1
	}
	return orders
}

func (d *singlestep) begin(int) { d.known = 0 }

func (d *singlestep) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	d.ladder.denoise(d.prediction, denoised, output, sample, i)
	d.apply(denoised)
	d.keep(&d.images, denoised, sample, i)
	d.known = min(d.known+1, len(d.images))
	if d.stochastic {
		d.drawn = sized(d.drawn, len(sample))
		noise(d.drawn)
	}
	order := min(d.orders[i], d.known)
	if order == 1 {
		d.kept = append(d.kept[:0], sample...)
	}
	d.move(i, order, sample)
	if d.stochastic {
		c := d.returning(i-order+1, i+1)
		for j, n := range d.drawn {
			sample[j] += c * n
		}
	}
}

// move goes from the start of a group of order steps to level i+1.
func (d *singlestep) move(i, order int, sample []float32) {
	from := i - order + 1
	ratio, c0, middle, c1, c2, h := d.weights(from, i+1)
	m0, m1, m2 := d.images[0], d.images[1], d.images[2]
	switch order {
	case 1:
		for j, x := range d.kept {
			sample[j] = ratio*x + c0*m0[j]
		}
	case 2:
		if !d.heun {
			c1 = middle
		}
		inverse := 1 / ((d.lambdas[i] - d.lambdas[from]) / h)
		for j, x := range d.kept {
			sample[j] = ratio*x + c0*m1[j] + c1*(inverse*(m0[j]-m1[j]))
		}
	case 3:
		r0, r1 := (d.lambdas[i]-d.lambdas[from])/h, (d.lambdas[i-1]-d.lambdas[from])/h
		inverse0, inverse1 := 1/r0, 1/r1
		for j, x := range d.kept {
			near, far := inverse1*(m1[j]-m2[j]), inverse0*(m0[j]-m2[j])
			sample[j] = ratio*x + c0*m2[j]
			if d.heun {
				sample[j] += c1*((r0*near-r1*far)/(r0-r1)) + c2*(2*(far-near)/(r0-r1))
			} else {
				sample[j] += c1 * far
			}
		}
	}
}
