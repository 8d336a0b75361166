package scheduler

import (
	"math"

	"ortho/models/noise"
)

// sde is DPMSolverSDEScheduler: the stochastic DPM-Solver++ of Katherine Crowson's k-diffusion.
// Each step but the last asks the model at its start and in its middle. Its noise is a Brownian
// motion's, whose time is the level of noise.
type sde struct {
	from, to []float32 // of each step
	middles  []float32 // of each step but the last
	seed     *uint64
	entropy  func() uint64
	motion   *noise.Brownian
	prediction

	pair
	seeded bool
	drawn  []float32
}

func newSDE(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction")
	if err != nil {
		return nil, err
	}
	s.SigmaMin, s.SigmaMax = s.ownBounds()
	trained := sigmas(alphas)
	timesteps, levels, err := s.sigmaLevels(trained, p.Steps, false, true)
	if err != nil {
		return nil, err
	}
	logs := logarithms(trained)
	levelled := append(floats(levels), 0)
	if err := checkSigmas(levelled); err != nil {
		return nil, err
	}
	if err := checkFalling(append(levelled, 0)); err != nil {
		return nil, err
	}
	d := &sde{from: levelled[:len(levelled)-1], to: levelled[1:], seed: s.NoiseSeed, entropy: p.Entropy, prediction: kind, motion: &noise.Brownian{}}
	var told, asked, added []float32
	for i, from := range d.from {
		told, asked, added = append(told, float32(timesteps[i])), append(asked, from), append(added, from)
		if i == len(d.from)-1 {
			break
		}
		t, next := -math.Log(levels[i]), -math.Log(levels[i+1])
		told = append(told, float32(timestepOf(math.Exp(-(t+(next-t)*0.5)), logs)))
		middle := -log(from)
		middle += (-log(d.to[i]) - middle) * 0.5
		d.middles = append(d.middles, exp(-middle))
		asked, added = append(asked, exp(-middle)), append(added, d.to[i])
	}
	m, err := s.fromSigmas(told, append(asked, 0), d)
	if err != nil {
		return nil, err
	}
	m.noise, m.order = added, 2
	return m, nil
}

func (d *sde) begin(i int) { d.start, d.seeded = i, false }

func (d *sde) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	if !d.seeded {
		d.sow()
	}
	n := i / 2
	from, to := d.from[n], d.to[n]
	second := d.second(i) && n < len(d.middles)
	if second {
		d.denoiseSigma(denoised, output, sample, d.middles[n])
	} else {
		d.denoiseSigma(denoised, output, sample, from)
	}
	if to == 0 {
		for j, x := range sample {
			sample[j] = x + (x-denoised[j])/from*(to-from)
		}
		return
	}
	t, next := -log(from), -log(to)
	if second {
		copy(sample, d.kept)
	} else {
		d.kept = append(d.kept[:0], sample...)
		next = t + (next-t)*0.5
	}
	from, to = exp(-t), exp(-next)
	up := min(to, sqrt(to*to*(from*from-to*to)/(from*from)))
	down := sqrt(to*to - up*up)
	ancestral := -log(down)
	ratio, c := exp(-ancestral)/exp(-t), float32(math.Expm1(float64(t-ancestral)))
	d.drawn = sized(d.drawn, len(sample))
	d.motion.Increment(d.drawn, float64(to), float64(from))
	length := sqrt(from - to)
	for j, x := range sample {
		sample[j] = ratio*x - c*denoised[j] - d.drawn[j]/length*up
	}
}

// sow begins an image's noise.
func (d *sde) sow() {
	seed := uint64(0)
	switch {
	case d.seed != nil:
		seed = *d.seed
	case d.entropy != nil:
		seed = d.entropy()
	}
	d.motion.Reset(seed, float64(d.from[len(d.from)-1]), float64(d.from[0]))
	d.seeded = true
}
