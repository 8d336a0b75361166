package classify

import "ortho/models"

// Rank makes predictions of one image's raw outputs, as Stream does.
func Rank(spec *models.ClassifierSpec, opt Options, values []float32) []Prediction {
	return (&Classifier{spec: spec, opt: opt}).predictions(values)
}
