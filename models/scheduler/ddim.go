package scheduler

// ddim is DDIMScheduler: Song et al., Denoising Diffusion Implicit Models, equation 12.
type ddim struct {
	timesteps []int
	alphas    []float32
	final     float32 // of alphas, before the first timestep
	ratio     int     // timesteps a step
	eta       float64 // 0: no noise, 1: as much as DDPM's
	noised    []float32
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
	d := &ddim{alphas: alphas, final: s.finalAlpha(alphas), ratio: s.TrainSteps / p.Steps, eta: p.Eta, prediction: kind, limits: limits}
	if d.timesteps, err = whole(timesteps, alphas); err != nil {
		return nil, err
	}
	if err := checkSignal(d.timesteps, alphas, kind != epsilon); err != nil {
		return nil, err
	}
	m := fromAlphas(d.timesteps, alphas, d)
	m.noisy = p.Eta > 0
	return m, nil
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

func (d *ddim) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	t := d.timesteps[i]
	left, after := d.alphas[t], d.final
	if t >= d.ratio {
		after = d.alphas[t-d.ratio]
	}
	alpha, sigma := sqrt(left), sqrt(1-left)
	d.denoise(denoised, output, sample, alpha, sigma)
	d.apply(denoised)
	// The noise is by the output itself, whatever range the image is kept in.
	d.noised = sized(d.noised, len(sample))
	d.noiseIn(d.noised, output, sample, alpha, sigma)
	deviation := float32(d.eta) * sqrt((1-after)/(1-left)*(1-left/after))
	next, direction := sqrt(after), sqrt(1-after-deviation*deviation)
	for j, e := range d.noised {
		sample[j] = next*denoised[j] + direction*e
	}
	if d.eta > 0 {
		noise(d.noised)
		for j, z := range d.noised {
			sample[j] += deviation * z
		}
	}
}
