package scheduler

import (
	"fmt"
	"math"
)

// tcd is TCDScheduler: Zheng et al., Trajectory Consistency Distillation, algorithm 4.
// A step goes down to a timestep below the next, the further the larger eta is, and noise
// goes back up to it.
type tcd struct {
	timesteps []int
	alphas    []float32
	eta       float64
	noised    []float32
	prediction
}

func newTCD(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample")
	if err != nil {
		return nil, err
	}
	steps, train, all := p.Steps, s.TrainSteps, s.OriginalSteps
	strength := share(p.Strength)
	var used []int // the timesteps of the distillation, rising
	switch {
	case !(strength > 0 && strength <= 1):
		return nil, fmt.Errorf("the strength is %v: it must be above 0, to 1", p.Strength)
	case p.OriginalSteps != 0:
		// As diffusers has it: then they are all those of the training.
		all = p.OriginalSteps
		if all < steps || all > train {
			return nil, fmt.Errorf("original_inference_steps is %d: it must be from %d, the steps, to %d", all, steps, train)
		}
		for t := range int(float64(train) * strength) {
			used = append(used, t)
		}
	case all < 1 || all > train:
		return nil, fmt.Errorf("original_inference_steps is %d: it must be from 1 to %d", all, train)
	default:
		for k := range int(float64(all) * strength) {
			used = append(used, (k+1)*(train/all)-1)
		}
	}
	if len(used) < steps || steps > all {
		return nil, fmt.Errorf("there are %d timesteps to choose from: give fewer steps or a higher strength", len(used))
	}
	d := &tcd{alphas: alphas, eta: p.Eta, prediction: kind}
	stride := float64(len(used)) / float64(steps)
	for i := range steps {
		d.timesteps = append(d.timesteps, used[len(used)-1-int(math.Floor(float64(i)*stride))])
	}
	if err := checkSignal(d.timesteps, alphas, kind != epsilon); err != nil {
		return nil, err
	}
	m := fromAlphas(d.timesteps, alphas, d)
	m.noisy = steps > 1 && p.Eta > 0
	return m, nil
}

// share is a strength, of which 0 stands for all.
func share(strength float64) float64 {
	if strength == 0 {
		return 1
	}
	return strength
}

func (*tcd) begin(int) {}

func (d *tcd) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	t, next := d.timesteps[i], 0
	if i+1 < len(d.timesteps) {
		next = d.timesteps[i+1]
	}
	below := int(math.Floor(float64(float32(1-d.eta) * float32(next))))
	left, s := d.alphas[t], d.alphas[below]
	alpha, sigma := sqrt(left), sqrt(1-left)
	d.denoise(denoised, output, sample, alpha, sigma)
	d.noised = sized(d.noised, len(sample))
	d.noiseIn(d.noised, output, sample, alpha, sigma)
	a, b := sqrt(s), sqrt(1-s)
	for j, e := range d.noised {
		sample[j] = a*denoised[j] + b*e
	}
	if d.eta == 0 || i == len(d.timesteps)-1 {
		return
	}
	noise(d.noised)
	ratio := d.alphas[next] / s
	a, b = sqrt(ratio), sqrt(1-ratio)
	for j, x := range sample {
		sample[j] = a*x + b*d.noised[j]
	}
}
