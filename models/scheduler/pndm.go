package scheduler

import "errors"

// pndm is PNDMScheduler: Liu et al., Pseudo Numerical Methods for Diffusion Models on
// Manifolds. It counts its steps from where an image begins, whatever the timestep, as
// diffusers does: image-to-image starts it at a later timestep as if it were the first.
type pndm struct {
	timesteps []int
	alphas    []float32
	final     float32 // of alphas, before the first timestep
	ratio     int     // timesteps a step
	runge     int     // how many steps are Runge-Kutta's; 4 each
	prediction

	start   int
	outputs [4][]float32 // the newest first
	known   int          // of outputs
	sum     []float32    // of Runge-Kutta's
	kept    []float32    // the sample that several steps start from
	slope   []float32    // what a step goes by
}

func newPNDM(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction")
	if err != nil {
		return nil, err
	}
	spaced, err := s.spaced(s.TrainSteps, p.Steps)
	if err != nil {
		return nil, err
	}
	all, err := whole(spaced, alphas)
	if err != nil {
		return nil, err
	}
	// With these, t+ratio of the second and the middles below are timesteps too.
	d := &pndm{alphas: alphas, final: s.finalAlpha(alphas), ratio: s.TrainSteps / p.Steps, prediction: kind}
	if s.SkipPRK {
		// The second timestep twice: first as the end of a half step.
		d.timesteps = append(d.timesteps, all[0])
		if len(all) > 1 {
			d.timesteps = append(append(d.timesteps, all[1]), all[1:]...)
		}
	} else {
		if len(all) < 4 {
			return nil, errors.New("it takes at least 4 steps where skip_prk_steps is false")
		}
		// Each of three steps asks at its start, twice at its middle, and at its end.
		for i := range 3 {
			middle := all[i+1] + d.ratio/2
			d.timesteps = append(d.timesteps, all[i], middle, middle, all[i+1])
		}
		d.runge = len(d.timesteps)
		d.timesteps = append(d.timesteps, all[3:]...)
	}
	if err := checkSignal(d.timesteps, alphas, false); err != nil {
		return nil, err
	}
	return fromAlphas(d.timesteps, alphas, d), nil
}

func (d *pndm) begin(i int) { d.start, d.known = i, 0 }

func (d *pndm) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	t := d.timesteps[i]
	d.denoise(denoised, output, sample, sqrt(d.alphas[t]), sqrt(1-d.alphas[t]))
	d.slope = sized(d.slope, len(sample))
	if count := i - d.start; count < d.runge {
		d.rungeKutta(count, t, output, sample)
	} else {
		d.linear(count, t, output, sample)
	}
}

// rungeKutta is step_prk.
func (d *pndm) rungeKutta(count, t int, output, sample []float32) {
	after := t
	if count%2 == 0 {
		after -= d.ratio / 2
	}
	copy(d.slope, output)
	switch count % 4 {
	case 0:
		d.remember(output)
		d.kept = append(d.kept[:0], sample...)
		d.sum = sized(d.sum, len(sample))
		for j, o := range output {
			d.sum[j] = 1.0 / 6 * o
		}
	case 1, 2:
		for j, o := range output {
			d.sum[j] += 1.0 / 3 * o
		}
	case 3:
		for j, o := range output {
			d.slope[j] = d.sum[j] + 1.0/6*o
		}
	}
	d.move(sample, d.kept, d.timesteps[count/4*4], after)
}

// linear is step_plms: the linear multistep method.
func (d *pndm) linear(count, t int, output, sample []float32) {
	after, from := t-d.ratio, sample
	if count == 1 {
		after, t, from = t, t+d.ratio, d.kept
	} else {
		d.remember(output)
	}
	e := &d.outputs
	switch {
	case d.known == 1 && count == 0:
		copy(d.slope, output)
		d.kept = append(d.kept[:0], sample...)
	case d.known == 1:
		for j, o := range output {
			d.slope[j] = (o + e[0][j]) / 2
		}
	case d.known == 2:
		for j := range d.slope {
			d.slope[j] = (3*e[0][j] - e[1][j]) / 2
		}
	case d.known == 3:
		for j := range d.slope {
			d.slope[j] = (23*e[0][j] - 16*e[1][j] + 5*e[2][j]) / 12
		}
	default:
		for j := range d.slope {
			d.slope[j] = 1.0 / 24 * (55*e[0][j] - 59*e[1][j] + 37*e[2][j] - 9*e[3][j])
		}
	}
	d.move(sample, from, t, after)
}

func (d *pndm) remember(output []float32) {
	last := len(d.outputs) - 1
	oldest := d.outputs[last]
	copy(d.outputs[1:], d.outputs[:last])
	d.outputs[0] = append(oldest[:0], output...)
	d.known = min(d.known+1, len(d.outputs))
}

// move goes from one timestep to another along the slope (_get_prev_sample): equation 11.
func (d *pndm) move(dst, from []float32, t, after int) {
	a, b := d.alphas[t], d.final
	if after >= 0 {
		b = d.alphas[after]
	}
	if d.prediction == velocity {
		alpha, sigma := sqrt(a), sqrt(1-a)
		for j, v := range d.slope {
			d.slope[j] = alpha*v + sigma*from[j]
		}
	}
	scale := sqrt(b / a)
	divisor := a*sqrt(1-b) + sqrt(a*(1-a)*b)
	for j, x := range from {
		dst[j] = scale*x - (b-a)*d.slope[j]/divisor
	}
}
