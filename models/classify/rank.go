package classify

import (
	"ortho/models"
	"ortho/runner"
)

// Rank turns one image's raw outputs into predictions, as Stream does.
func Rank(spec *models.ClassifierSpec, opt Options, values []float32) []Prediction {
	return predictions(&spec.Scores, opt, values)
}

// Read turns one image's row of the output tensor into a result, as Stream does; the image's size
// is not in it.
func Read(spec *models.ClassifierSpec, opt Options, output runner.Row) (Result, error) {
	return scored(&spec.Scores, opt, output)
}
