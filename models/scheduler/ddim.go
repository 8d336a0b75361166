package scheduler

// ddim is DDIMScheduler with eta 0: Song et al., Denoising Diffusion Implicit Models,
// equation 12.
type ddim struct {
	timesteps []int
	alphas    []float32
	final     float32 // of alphas, before the first timestep
	ratio     int     // timesteps a step
	prediction
	limits
}

func newDDIM(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample")
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	timesteps, err := s.spaced(s.TrainSteps, p.Steps)
	if err != nil {
		return nil, err
	}
	d := &ddim{alphas: alphas, final: s.finalAlpha(alphas), ratio: s.TrainSteps / p.Steps, prediction: kind, limits: limits}
	if d.timesteps, err = whole(timesteps, alphas); err != nil {
		return nil, err
	}
	if err := checkSignal(d.timesteps, alphas, kind != epsilon); err != nil {
		return nil, err
	}
	return fromAlphas(d.timesteps, alphas, d), nil
}

// finalAlpha stands for the timesteps before the first.
func (s *settings) finalAlpha(alphas []float32) float32 {
	if s.AlphaToOne {
		return 1
	}
	return alphas[0]
}

// fromAlphas is a scheduler whose sample is sqrt(alpha)*image + sqrt(1-alpha)*noise.
func fromAlphas(timesteps []int, alphas []float32, by solver) *Scheduler {
	m := &Scheduler{timesteps: floats(timesteps), initSigma: 1, solver: by}
	for _, t := range timesteps {
		m.signal = append(m.signal, sqrt(alphas[t]))
		m.noise = append(m.noise, sqrt(1-alphas[t]))
	}
	return m
}

func (*ddim) begin(int) {}

func (d *ddim) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	t := d.timesteps[i]
	left, after := d.alphas[t], d.final
	if t >= d.ratio {
		after = d.alphas[t-d.ratio]
	}
	alpha, sigma := sqrt(left), sqrt(1-left)
	d.denoise(denoised, output, sample, alpha, sigma)
	d.apply(denoised)
	// The noise is by the output itself, whatever range the image is kept in.
	next, direction := sqrt(after), sqrt(1-after)
	switch d.prediction {
	case epsilon:
		for j, e := range output {
			sample[j] = next*denoised[j] + direction*e
		}
	case velocity:
		for j, x := range sample {
			sample[j] = next*denoised[j] + direction*(alpha*output[j]+sigma*x)
		}
	case original:
		for j, x := range sample {
			sample[j] = next*denoised[j] + direction*((x-alpha*output[j])/sigma)
		}
	}
}
