package scheduler

import (
	"fmt"
	"math"
)

// lcm is LCMScheduler: Luo et al., Latent Consistency Models, algorithm 3.
type lcm struct {
	timesteps []int
	alphas    []float32
	scaling   float32
	drawn     []float32
	prediction
	limits
}

func newLCM(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample")
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	steps, train, all, strength := p.Steps, s.TrainSteps, p.OriginalSteps, p.Strength
	if all == 0 {
		all = s.OriginalSteps
	}
	if strength == 0 {
		strength = 1
	}
	switch {
	case all < 1 || all > train:
		return nil, fmt.Errorf("original_inference_steps is %d: it must be from 1 to %d", all, train)
	case !(strength > 0 && strength <= 1):
		return nil, fmt.Errorf("the strength is %v: it must be above 0, to 1", strength)
	}
	// The timesteps of the distillation, falling, and evenly some of them.
	used := int(float64(all) * strength)
	if used < steps {
		return nil, fmt.Errorf("there are %d timesteps to choose from, %d original_inference_steps times the strength %v: give fewer steps or a higher strength", used, all, strength)
	}
	l := &lcm{alphas: alphas, scaling: float32(s.TimestepScaling), prediction: kind, limits: limits}
	stride := float64(used) / float64(steps)
	for i := range steps {
		k := int(math.Floor(float64(i) * stride))
		l.timesteps = append(l.timesteps, (used-k)*(train/all)-1)
	}
	if err := checkSignal(l.timesteps, alphas, kind != epsilon); err != nil {
		return nil, err
	}
	m := fromAlphas(l.timesteps, alphas, l)
	m.noisy = steps > 1
	return m, nil
}

func (*lcm) begin(int) {}

func (l *lcm) step(i int, output, sample, denoised []float32, noise func([]float32)) {
	t := l.timesteps[i]
	l.denoise(denoised, output, sample, sqrt(l.alphas[t]), sqrt(1-l.alphas[t]))
	l.apply(denoised)
	// The boundary condition: at timestep 0 a sample is the image.
	const data = 0.5 * 0.5 // the variance of images
	scaled := float32(t) * l.scaling
	skip, out := data/(scaled*scaled+data), scaled/sqrt(scaled*scaled+data)
	for j, x := range sample {
		denoised[j] = out*denoised[j] + skip*x
	}
	if i == len(l.timesteps)-1 {
		copy(sample, denoised)
		return
	}
	l.drawn = sized(l.drawn, len(sample))
	noise(l.drawn)
	after := l.alphas[l.timesteps[i+1]]
	a, b := sqrt(after), sqrt(1-after)
	for j := range sample {
		sample[j] = a*denoised[j] + b*l.drawn[j]
	}
}
