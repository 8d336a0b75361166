package classify

import (
	"ortho/models"
	"ortho/runner"
)

// Rank turns one image's raw outputs into predictions, as Stream does.
func Rank(spec *models.ClassifierSpec, opt Options, values []float32) []Prediction {
	return predictions(&spec.Scores, opt, models.ItemScores{Values: values, Activation: spec.Activation})
}

// Read turns one image's rows of the output tensors into a result, as Stream does; the image's size
// is not in it.
func Read(spec *models.ClassifierSpec, opt Options, outputs []runner.Row) (Result, error) {
	return scored(&spec.Scores, opt, outputs, new(sight))
}
