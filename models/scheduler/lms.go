package scheduler

// lms is LMSDiscreteScheduler: the linear multistep method of Katherine Crowson's
// k-diffusion, of order 4 from the fourth timestep on.
type lms struct {
	sigmas []float32
	prediction

	slopes [4][]float32 // the newest first
	known  int
}

func newLMS(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample")
	if err != nil {
		return nil, err
	}
	s.SigmaMin, s.SigmaMax = s.ownBounds()
	timesteps, levels, err := s.sigmaLevels(sigmas(alphas), p.Steps, false, false)
	if err != nil {
		return nil, err
	}
	l := &lms{sigmas: append(floats(levels), 0), prediction: kind}
	if err := checkFalling(append(l.sigmas, 0)); err != nil {
		return nil, err
	}
	return s.fromSigmas(floats(timesteps), l.sigmas, l)
}

// ownBounds are sigma_min and sigma_max of the schedulers whose Karras levels don't heed them.
func (s *settings) ownBounds() (low, high *float64) {
	if s.Karras {
		return nil, nil
	}
	return s.SigmaMin, s.SigmaMax
}

func (l *lms) begin(int) { l.known = 0 }

func (l *lms) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	l.denoiseSigma(denoised, output, sample, l.sigmas[i])
	last := len(l.slopes) - 1
	oldest := sized(l.slopes[last], len(sample))
	copy(l.slopes[1:], l.slopes[:last])
	l.slopes[0] = oldest
	l.known = min(l.known+1, len(l.slopes))
	for j, x := range sample {
		oldest[j] = (x - denoised[j]) / l.sigmas[i]
	}
	order := min(i+1, len(l.slopes)) // even where an image began later
	for k := range min(order, l.known) {
		c := l.coefficient(i, order, k)
		for j, d := range l.slopes[k] {
			sample[j] += c * d
		}
	}
}

// coefficient is the integral over step i of the polynomial that is 1 at the level of slope k
// and 0 at those of the others. Simpson's rule is exact for its degree, 3 at most.
func (l *lms) coefficient(i, order, k int) float32 {
	at := func(tau float64) float64 {
		product := 1.0
		for n := range order {
			if n != k {
				other := float64(l.sigmas[i-n])
				product *= (tau - other) / (float64(l.sigmas[i-k]) - other)
			}
		}
		return product
	}
	from, to := float64(l.sigmas[i]), float64(l.sigmas[i+1])
	return float32((to - from) / 6 * (at(from) + 4*at((from+to)/2) + at(to)))
}
