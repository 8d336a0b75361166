package evaluate

import "math"

// Readings are how often answers are right where the names of classes can be read in two ways.
type Readings struct {
	N, First, Second int // answers; those right in either reading

	onlyFirst, onlySecond int
}

// Add counts an answer, the values that the model gives for each class, which is of the class
// first in one reading, and of second in the other. Classes that the model has not are wrong.
func (r *Readings) Add(values []float32, first, second int) {
	if len(values) == 0 {
		return
	}
	predicted, _ := place(values, 0)
	r.N++
	switch {
	case predicted == first && predicted == second:
		r.First++
		r.Second++
	case predicted == first:
		r.First++
		r.onlyFirst++
	case predicted == second:
		r.Second++
		r.onlySecond++
	}
}

// SecondFits reports whether the second reading has so many more answers right that chance does
// not explain it: McNemar's test at three standard deviations, and a tenth of all answers.
func (r *Readings) SecondFits() bool {
	more := float64(r.onlySecond - r.onlyFirst)
	return more > 3*math.Sqrt(float64(r.onlyFirst+r.onlySecond)) && more > float64(r.N)/10
}
