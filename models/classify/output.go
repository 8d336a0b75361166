package classify

import (
	"math"
	"slices"

	"ortho/models"
)

// predictions applies the activation and picks the most probable classes.
func predictions(spec *models.Scores, opt Options, scores models.ItemScores) []Prediction {
	p := probabilities(scores.Values, scores.Activation, spec.Temperature)
	order := largest(p, opt.Top)
	ranked := make([]Prediction, 0, len(order))
	for _, i := range order {
		if opt.MinProbability > 0 && p[i] < opt.MinProbability { // what a graph gives as it is may be negative
			break
		}
		out := Prediction{Index: i, Probability: p[i]}
		if scores.Only != nil {
			out.Index = scores.Only[i]
		}
		if out.Index < len(spec.Labels) {
			out.Label, out.ID = spec.Labels[out.Index].Name, spec.Labels[out.Index].ID
		}
		ranked = append(ranked, out)
	}
	return ranked
}

// largest returns the indices of the n largest values, largest first and ties by
// index; of all where n is 0.
func largest(values []float64, n int) []int {
	if n <= 0 || n > len(values) {
		n = len(values)
	}
	order := make([]int, 0, n+1)
	for i, v := range values {
		if len(order) == n && v <= values[order[n-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(order, v, func(j int, v float64) int {
			if values[j] >= v {
				return -1
			}
			return 1
		})
		order = slices.Insert(order, at, i)
		order = order[:min(len(order), n)]
	}
	return order
}

// probabilities applies an activation in float64; a temperature of 0 stands for 1.
func probabilities(values []float32, activation models.Activation, temperature float64) []float64 {
	p := make([]float64, len(values))
	switch activation {
	case models.Softmax:
		if temperature == 0 {
			temperature = 1
		}
		top := float64(slices.Max(values))
		sum := 0.0
		for i, v := range values {
			p[i] = math.Exp((float64(v) - top) / temperature)
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
	case models.Sigmoid:
		for i, v := range values {
			p[i] = 1 / (1 + math.Exp(-float64(v)))
		}
	default:
		for i, v := range values {
			p[i] = float64(v)
		}
	}
	return p
}
