package scheduler

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// unipc is UniPCMultistepScheduler: Zhao et al., UniPC, of orders 1 to 3. At each step the
// sample is first corrected by what the model says of it.
type unipc struct {
	ladder
	order   int
	lower   bool // the last steps are of lower orders
	byNoise bool // solves in the noise (predict_x0 is off)
	bh1     bool
	exact   []int // steps that are not corrected after
	prediction
	limits

	start, known, made int          // where the image began, outputs, the last step's order
	outputs            [3][]float32 // the newest first
	last               []float32    // the sample that the last step started from
	converted          []float32    // of this step's output
}

const maxUniPCOrder = 3

func newUniPC(s *settings, alphas []float32, p Plan) (*Scheduler, error) {
	allowed := []string{"epsilon", "v_prediction", "sample"}
	if s.PredictX0 {
		allowed = append(allowed, "flow_prediction")
	}
	kind, err := s.prediction(allowed...)
	if err != nil {
		return nil, err
	}
	limits, err := s.limits()
	if err != nil {
		return nil, err
	}
	if !s.PredictX0 {
		limits.dynamic = false // diffusers does not heed it then
	}
	if err := oneOf("solver_type", s.SolverType, "bh2", "bh1", "midpoint", "heun", "logrho"); err != nil {
		return nil, err
	}
	respaced, err := s.respaced()
	switch {
	case err != nil:
		return nil, err
	case s.SolverOrder < 1 || s.SolverOrder > maxUniPCOrder:
		return nil, fmt.Errorf("solver_order is %d: it must be from 1 to %d", s.SolverOrder, maxUniPCOrder)
	case len(s.SolverP) > 0 && string(s.SolverP) != "null":
		return nil, errors.New("solver_p is set, which is not implemented: set it to null")
	case bool(s.DynamicShift):
		return nil, errors.New("use_dynamic_shifting is on, which is not implemented here: set it to false")
	case s.ShiftTerminal != nil && !bool(s.FlowSigmas):
		return nil, errors.New("shift_terminal is set: only use_flow_sigmas has it")
	case respaced && bool(s.FlowSigmas) && !bool(s.Karras):
		return nil, errors.New("use_flow_sigmas goes with neither use_exponential_sigmas nor use_beta_sigmas")
	}
	s.nearlyZeroSNR(alphas)
	timesteps, levels, err := s.rungs(rungs{lambdaMin: math.Inf(-1), round: true, flow: s.flowedUniPC}, alphas, p.Steps)
	if err != nil {
		return nil, err
	}
	if respaced && bool(s.FlowSigmas) {
		for i, l := range levels {
			levels[i] = l / (l + 1)
			timesteps[i] = math.Trunc(levels[i] * float64(s.TrainSteps))
		}
	}
	final, err := s.finalSigma(sigmas(alphas))
	if err != nil {
		return nil, err
	}
	if final > 0 && (respaced || bool(s.FlowSigmas)) {
		final = float32(levels[len(levels)-1])
	}
	noise := append(floats(levels), final)
	if err := checkSigmas(noise); err != nil {
		return nil, err
	}
	if err := checkFalling(noise); err != nil {
		return nil, err
	}
	u := &unipc{order: s.SolverOrder, lower: bool(s.LowerOrderFinal), byNoise: !bool(s.PredictX0), bh1: s.SolverType == "bh1",
		exact: s.Uncorrected, prediction: kind, limits: limits}
	switch ends := !u.lower && u.order > 1 && len(timesteps) > 1; {
	case final == 0 && (u.byNoise || u.bh1 || ends):
		return nil, errors.New("the steps end without noise (final_sigmas_type), where this solver_type, predict_x0 or lower_order_final can't: set it to \"sigma_min\"")
	case noise[len(noise)-2]-final < 1e-5*final && ends && u.order == 3:
		return nil, fmt.Errorf("the last step begins with the noise that it ends with, %v (final_sigmas_type): set lower_order_final to true", final)
	}
	if u.ladder, err = s.ladder(noise); err != nil {
		return nil, err
	}
	return u.scheduler(timesteps, u), nil
}

// flowedUniPC are n levels of a flow as UniPC has them.
func (s *settings) flowedUniPC(n int) ([]float64, error) {
	if err := s.checkFlowShift(); err != nil {
		return nil, err
	}
	levels := linspace(1, 1/float64(s.TrainSteps), n+1)[:n]
	for i, l := range levels {
		levels[i] = s.FlowShift * l / (1 + (s.FlowShift-1)*l)
	}
	if err := s.stretch(levels); err != nil {
		return nil, err
	}
	if math.Abs(levels[0]-1) < 1e-6 {
		levels[0] -= 1e-6
	}
	return levels, nil
}

func (u *unipc) begin(i int) { u.start, u.known = i, 0 }

func (u *unipc) step(i int, output, sample, denoised []float32, _ func([]float32)) {
	u.ladder.denoise(u.prediction, denoised, output, sample, i)
	u.apply(denoised)
	u.converted = append(u.converted[:0], denoised...)
	if u.byNoise {
		u.noiseIn(u.converted, output, sample, u.alphas[i], u.sigmas[i])
	}
	if i > 0 && u.known > 0 && !slices.Contains(u.exact, i-1) {
		u.move(i-1, u.made, sample, u.converted)
	}
	last := len(u.outputs) - 1
	newest := u.outputs[last]
	copy(u.outputs[1:], u.outputs[:last])
	u.outputs[0] = append(newest[:0], u.converted...)
	order := u.order
	if u.lower {
		order = min(order, len(u.alphas)-1-i)
	}
	u.made = min(order, u.known+1)
	u.known = min(u.known+1, u.order)
	u.last = append(u.last[:0], sample...)
	u.move(i, u.made, sample, nil)
}

// move writes the sample at level i+1, from u.last at level i, by the outputs at i and before
// it: the predictor's, or, where there is the output at i+1 too, the corrector's.
func (u *unipc) move(i, order int, sample, ahead []float32) {
	h := u.lambdas[i+1] - u.lambdas[i]
	ratio, by, hh := u.sigmas[i+1]/u.sigmas[i], u.alphas[i+1], -h
	if u.byNoise {
		ratio, by, hh = u.alphas[i+1]/u.alphas[i], u.sigmas[i+1], h
	}
	phi1 := float32(math.Expm1(float64(hh)))
	base := phi1
	if u.bh1 {
		base = hh
	}
	var places, right [maxUniPCOrder]float32
	for k := 1; k < order; k++ {
		places[k-1] = (u.lambdas[i-k] - u.lambdas[i]) / h
	}
	places[order-1] = 1
	phi, factorial := phi1/hh-1, float32(1)
	for k := range order {
		right[k] = phi * factorial / base
		factorial *= float32(k + 2)
		phi = phi/hh - 1/factorial
	}
	// The weights of the differences to the outputs before, and to the one ahead.
	var weights [maxUniPCOrder]float32
	switch {
	case ahead != nil && order == 1:
		weights[0] = 0.5
	case ahead != nil:
		weights = solveVandermonde(places, right, order)
	case order == 2:
		weights[0] = 0.5
	case order == 3:
		weights = solveVandermonde(places, right, order-1)
	}
	m0 := u.outputs[0]
	for j, x := range u.last {
		sum := float32(0)
		for k := 1; k < order; k++ {
			sum += weights[k-1] * ((u.outputs[k][j] - m0[j]) / places[k-1])
		}
		if ahead != nil {
			sum += weights[order-1] * (ahead[j] - m0[j])
		}
		sample[j] = ratio*x - by*phi1*m0[j]
		if order > 1 || ahead != nil {
			sample[j] -= by * base * sum
		}
	}
}

// solveVandermonde are the n weights whose sum with the powers of the places, from 0 on, is
// right.
func solveVandermonde(places, right [maxUniPCOrder]float32, n int) (weights [maxUniPCOrder]float32) {
	var rows [maxUniPCOrder][maxUniPCOrder + 1]float64
	for r := range n {
		for c := range n {
			rows[r][c] = math.Pow(float64(places[c]), float64(r))
		}
		rows[r][n] = float64(right[r])
	}
	for c := range n {
		pivot := c
		for r := c + 1; r < n; r++ {
			if math.Abs(rows[r][c]) > math.Abs(rows[pivot][c]) {
				pivot = r
			}
		}
		rows[c], rows[pivot] = rows[pivot], rows[c]
		for r := range n {
			if r != c {
				f := rows[r][c] / rows[c][c]
				for k := c; k <= n; k++ {
					rows[r][k] -= f * rows[c][k]
				}
			}
		}
	}
	for c := range n {
		weights[c] = float32(rows[c][n] / rows[c][c])
	}
	return weights
}
