package scheduler

// ancestral is EulerAncestralDiscreteScheduler: Euler's step goes further down than to
// the next level, and noise goes back up to it.
type ancestral struct {
	sigmas []float32
	drawn  []float32
	prediction
}

func newAncestral(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction")
	if err != nil {
		return nil, err
	}
	s.nearlyZeroSNR(alphas)
	timesteps, levels, err := s.levels(sigmas(alphas), p.Steps, false)
	if err != nil {
		return nil, err
	}
	a := &ancestral{sigmas: append(floats(levels), 0), prediction: kind}
	m, err := s.fromSigmas(floats(timesteps), a.sigmas, a)
	if err != nil {
		return nil, err
	}
	m.noisy = true
	return m, nil
}

func (*ancestral) begin(int) {}

func (a *ancestral) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	from, to := a.sigmas[i], a.sigmas[i+1]
	a.denoiseSigma(denoised, output, sample, from)
	up := sqrt(to * to * (from*from - to*to) / (from * from))
	down := sqrt(to*to - up*up)
	a.drawn = sized(a.drawn, len(sample))
	noise(a.drawn) // at the last step too, where up is 0
	for j, x := range sample {
		sample[j] = x + (x-denoised[j])/from*(down-from) + a.drawn[j]*up
	}
}
