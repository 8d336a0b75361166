package scheduler

import "slices"

// euler is EulerDiscreteScheduler, without churn: Karras et al., algorithm 2 with
// S_churn 0 and Euler's step alone.
type euler struct {
	sigmas []float32
	prediction
}

func newEuler(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	kind, err := s.prediction("epsilon", "v_prediction", "sample", "original_sample")
	if err != nil {
		return nil, err
	}
	respaced, err := s.respaced()
	if err != nil {
		return nil, err
	}
	s.nearlyZeroSNR(alphas)
	trained := sigmas(alphas)
	timesteps, levels, err := s.levels(trained, p.Steps, false)
	if err != nil {
		return nil, err
	}
	switch s.Interpolation {
	case "linear":
	case "log_linear":
		// From the last of these to none there is no step: the steps end at the last but one.
		logs := make([]float32, p.Steps+1)
		evenly(logs, float64(log(trained[len(trained)-1])), float64(log(trained[0])))
		levels = levels[:0]
		for _, l := range logs {
			levels = append(levels, float64(exp(l)))
		}
	default:
		return nil, oneOf("interpolation_type", s.Interpolation, "linear", "log_linear")
	}
	if respaced {
		if levels, err = s.respace(levels[0], levels[len(levels)-1], p.Steps); err != nil {
			return nil, err
		}
		timesteps = timestepsOf(levels, trained)
	}
	final, err := s.finalSigma(trained)
	if err != nil {
		return nil, err
	}
	e := &euler{append(floats(levels), final), kind}
	told := floats(timesteps)
	if kind == velocity && s.TimestepType == "continuous" {
		told = told[:0]
		for _, l := range e.sigmas[:len(e.sigmas)-1] {
			told = append(told, 0.25*log(l))
		}
	} else if err := oneOf("timestep_type", s.TimestepType, "discrete", "continuous"); err != nil {
		return nil, err
	}
	return s.fromSigmas(told, e.sigmas, e)
}

// levels are the timesteps of Euler's schedulers, with the noise there. double says that the
// timesteps are float64's.
func (s *settings) levels(trained []float32, steps int, double bool) (timesteps, levels []float64, err error) {
	timesteps, err = s.spaced(s.TrainSteps, steps)
	if err != nil {
		return nil, nil, err
	}
	for i, t := range timesteps {
		if !double {
			timesteps[i] = float64(float32(t))
		}
		levels = append(levels, interpolate(timesteps[i], trained))
	}
	return timesteps, levels, nil
}

// fromSigmas is a scheduler whose sample is image + sigma*noise. sigmas has one more than
// there are steps.
func (s *settings) fromSigmas(timesteps, sigmas []float32, by solver) (*Scheduler, error) {
	if err := checkSigmas(sigmas); err != nil {
		return nil, err
	}
	m := &Scheduler{timesteps: timesteps, initSigma: slices.Max(sigmas), noise: sigmas, solver: by}
	if s.Spacing == "leading" {
		m.initSigma = sqrt(m.initSigma*m.initSigma + 1)
	}
	for _, sigma := range sigmas {
		m.divisors = append(m.divisors, sqrt(sigma*sigma+1))
		m.signal = append(m.signal, 1)
	}
	return m, nil
}

func (*euler) begin(int) {}

func (e *euler) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	sigma := e.sigmas[i]
	e.denoiseSigma(denoised, output, sample, sigma)
	dt := e.sigmas[i+1] - sigma
	for j, x := range sample {
		sample[j] = x + (x-denoised[j])/sigma*dt
	}
}
