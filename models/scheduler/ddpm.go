package scheduler

// ddpm is DDPMScheduler: Ho et al., Denoising Diffusion Probabilistic Models, equation 7, by
// the timesteps that are there.
type ddpm struct {
	timesteps []int
	alphas    []float32
	variance  string
	drawn     []float32
	prediction
	limits
}

func newDDPM(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample")
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	variance := "fixed_small" // as of null
	if s.Variance != nil {
		variance = *s.Variance
	}
	// A learned one is the model's to say, and the logarithm of a large one has no root.
	if err := oneOf("variance_type", variance, "fixed_small", "fixed_small_log", "fixed_large"); err != nil {
		return nil, err
	}
	timesteps, err := s.spaced(s.TrainSteps, p.Steps)
	if err != nil {
		return nil, err
	}
	d := &ddpm{alphas: alphas, variance: variance, prediction: kind, limits: limits}
	if d.timesteps, err = whole(timesteps, alphas); err != nil {
		return nil, err
	}
	if err := checkSignal(d.timesteps, alphas, kind != epsilon); err != nil {
		return nil, err
	}
	m := fromAlphas(d.timesteps, alphas, d)
	m.noisy = d.timesteps[0] > 0
	return m, nil
}

func (*ddpm) begin(int) {}

func (d *ddpm) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	t := d.timesteps[i]
	left, after := d.alphas[t], float32(1)
	if i+1 < len(d.timesteps) {
		after = d.alphas[d.timesteps[i+1]]
	}
	d.denoise(denoised, output, sample, sqrt(left), sqrt(1-left))
	d.apply(denoised)
	alpha := left / after
	beta := 1 - alpha
	a, b := sqrt(after)*beta/(1-left), sqrt(alpha)*(1-after)/(1-left)
	for j, x := range sample {
		sample[j] = a*denoised[j] + b*x
	}
	if t == 0 {
		return
	}
	deviation := d.deviation(max((1-after)/(1-left)*beta, 1e-20), beta)
	d.drawn = sized(d.drawn, len(sample))
	noise(d.drawn)
	for j, z := range d.drawn {
		sample[j] += deviation * z
	}
}

func (d *ddpm) deviation(small, large float32) float32 {
	switch d.variance {
	case "fixed_small_log":
		return exp(0.5 * log(small))
	case "fixed_large":
		return sqrt(large)
	}
	return sqrt(small)
}
