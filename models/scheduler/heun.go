package scheduler

// heun is HeunDiscreteScheduler: Karras et al., algorithm 2 without churn. Each step but the
// last asks the model twice: at its start, and where Euler's step would end.
type heun struct {
	sigmas []float32 // by call of the model
	prediction
	limits

	pair
	slope []float32 // at the start of the step
}

// pair is the state of a scheduler that asks the model twice a step.
type pair struct {
	start int
	kept  []float32 // the sample at the start of the step
}

func (p *pair) begin(i int) { p.start = i }

// second reports whether call i is a step's second.
func (p *pair) second(i int) bool { return (i-p.start)%2 == 1 }

// twice repeats what the inner calls of the model share: all but the first and the last.
func twice[T any](values []T) []T {
	out := values[:1:1]
	for _, v := range values[1 : len(values)-1] {
		out = append(out, v, v)
	}
	return append(out, values[len(values)-1])
}

func newHeun(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample")
	if err != nil {
		return nil, err
	}
	timesteps, levels, err := s.sigmaLevels(sigmas(alphas), p.Steps, false, false)
	if err != nil {
		return nil, err
	}
	h := &heun{sigmas: append(floats(levels), 0), prediction: kind, limits: limits{fixed: bool(s.ClipSample), edge: float32(s.ClipRange)}}
	if err := checkSigmas(h.sigmas); err != nil {
		return nil, err
	}
	h.sigmas = twice(h.sigmas)
	told := twice(append(floats(timesteps), 0))
	m, err := s.fromSigmas(told[:len(told)-1], h.sigmas, h)
	if err != nil {
		return nil, err
	}
	m.order = 2
	return m, nil
}

func (h *heun) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	if !h.second(i) {
		from, to := h.sigmas[i], h.sigmas[i+1]
		h.denoiseSigma(denoised, output, sample, from)
		h.apply(denoised)
		h.kept = append(h.kept[:0], sample...)
		h.slope = sized(h.slope, len(sample))
		for j, x := range sample {
			h.slope[j] = (x - denoised[j]) / from
			sample[j] = x + h.slope[j]*(to-from)
		}
		return
	}
	from, to := h.sigmas[i-1], h.sigmas[i]
	h.denoiseSigma(denoised, output, sample, to)
	h.apply(denoised)
	for j, x := range sample {
		slope := (h.slope[j] + (x-denoised[j])/to) / 2
		sample[j] = h.kept[j] + slope*(to-from)
	}
}
