package scheduler

// kdpm2 is KDPM2DiscreteScheduler: DPM-Solver-2 as Karras et al. have it, in their
// algorithm 2. Each step but the last asks the model at its start and in its middle, by the
// logarithm of the noise, and then goes by the slope there. Of its ancestral kind, the step
// goes further down than to the next level, and noise goes back up to it.
type kdpm2 struct {
	// By step: the noise at the start, in the middle (none of the last), where it ends, and
	// what comes back.
	from, middle, down, up []float32
	ancestral              bool
	prediction

	pair
	drawn []float32
}

func newKDPM2(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	return s.kdpm2(alphas, p, false)
}

func newKDPM2Ancestral(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	return s.kdpm2(alphas, p, true)
}

func (s *settings) kdpm2(alphas []float32, p Plan, ancestral bool) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction")
	if err != nil {
		return nil, err
	}
	trained := sigmas(alphas)
	timesteps, levels, err := s.sigmaLevels(trained, p.Steps, true, false)
	if err != nil {
		return nil, err
	}
	noise := append(floats(levels), 0)
	if err := checkSigmas(noise); err != nil {
		return nil, err
	}
	k := &kdpm2{ancestral: ancestral, prediction: kind}
	logs := logarithms(trained)
	// The noise that a sample has at each call of the model, and that is added there.
	var told, asked, added []float32
	last := len(noise) - 2
	for i, from := range noise[:last+1] {
		down, up := noise[i+1], float32(0)
		if ancestral {
			up = sqrt(down * down * (from*from - down*down) / (from * from))
			down = sqrt(down*down - up*up)
		}
		k.from, k.down, k.up = append(k.from, from), append(k.down, down), append(k.up, up)
		told, asked, added = append(told, float32(timesteps[i])), append(asked, from), append(added, from)
		if i == last {
			k.middle = append(k.middle, 0)
			break
		}
		middle := exp(log(from) + 0.5*(log(down)-log(from)))
		k.middle = append(k.middle, middle)
		told = append(told, float32(timestepOf(float64(middle), logs)))
		asked, added = append(asked, middle), append(added, noise[i+1])
	}
	if err := checkSigmas(append(asked, 0)); err != nil {
		return nil, err
	}
	m, err := s.fromSigmas(told, append(asked, 0), k)
	if err != nil {
		return nil, err
	}
	m.noise, m.order, m.noisy = added, 2, ancestral && last > 0
	return m, nil
}

func (k *kdpm2) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	n := i / 2
	from, middle := k.from[n], k.middle[n]
	if !k.second(i) {
		k.denoiseSigma(denoised, output, sample, from)
		k.kept = append(k.kept[:0], sample...)
		for j, x := range sample {
			sample[j] = x + (x-denoised[j])/from*(middle-from)
		}
		return
	}
	k.denoiseSigma(denoised, output, sample, middle)
	length := k.down[n] - from
	for j, x := range sample {
		sample[j] = k.kept[j] + (x-denoised[j])/middle*length
	}
	if k.ancestral {
		k.drawn = sized(k.drawn, len(sample))
		noise(k.drawn)
		for j, z := range k.drawn {
			sample[j] += z * k.up[n]
		}
	}
}
