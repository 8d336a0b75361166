package classify

import (
	"ortho/models"
	"ortho/runner"
)

// Rank makes predictions of one image's raw outputs, as Stream does.
func Rank(spec *models.ClassifierSpec, opt Options, values []float32) []Prediction {
	return predictions(&spec.Scores, opt, values)
}

// Read makes the result of one image's row of the output, as Stream does; the image's size
// is not in it.
func Read(spec *models.ClassifierSpec, opt Options, output runner.Row) (Result, error) {
	return scored(&spec.Scores, opt, output)
}
