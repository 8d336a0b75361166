package models

import (
	"math"
	"slices"

	"ortho/models/config"
)

// sameUnits refuses a mean of pixels from 0 to 255 beside a range of 0 to 1, and the other
// way around: each of them is right elsewhere, and together they give no picture.
func (r *resolver) sameUnits(rng config.Stated[[2]float64]) {
	in := &r.spec.Input
	if in.Mean == nil || in.Std == nil {
		return
	}
	widest := max(math.Abs(in.Range[0]), math.Abs(in.Range[1]))
	mean, std := 0.0, slices.Max(in.Std)
	for _, m := range in.Mean {
		mean = max(mean, math.Abs(m))
	}
	switch {
	case mean > 10*widest:
		r.fail("a mean of %s is of other pixels than the input range %s (%s): give --input-range 0,255, or mean and std divided by 255", config.FormatFloats(in.Mean...), rng.Text, rng.Source)
	case widest >= 128 && mean > 0 && mean <= 1 && std < 1:
		r.fail("a mean of %s with a std of %s is of pixels from 0 to 1, and the input range is %s (%s): give --input-range 0,1, or mean and std times 255",
			config.FormatFloats(in.Mean...), config.FormatFloats(in.Std...), rng.Text, rng.Source)
	}
}
