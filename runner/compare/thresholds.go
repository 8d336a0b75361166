package compare

import (
	"fmt"
	"strings"

	"ortho/runner/equality"
	"ortho/runner/onnx"
)

// Thresholds are limits that the user sets in place of a tolerance; nil ones are none.
type Thresholds struct {
	MaxAbs    *float64 `json:"max_abs,omitempty"`
	MaxRel    *float64 `json:"max_rel,omitempty"`
	MinCosine *float64 `json:"min_cosine,omitempty"`
	MinSQNR   *float64 `json:"min_sqnr_db,omitempty"`
	MinPSNR   *float64 `json:"min_psnr_db,omitempty"` // of images, as MinSSIM
	MinSSIM   *float64 `json:"min_ssim,omitempty"`    // the mean
	MinTop1   *float64 `json:"min_top1,omitempty"`    // 0 to 1; ties count as agreement
}

// Any reports whether any threshold is set.
func (t Thresholds) Any() bool { return t != Thresholds{} }

// decide sets an output's verdict. Shapes, text and what is not finite must agree in any case,
// and something has to be finite; an output to which none of the thresholds applies is held to
// the tolerance.
func (t Thresholds) decide(o *equality.Output) {
	nothing := o.MaxAbs == nil && (o.Elements > 0 || o.Type == onnx.String.String())
	if !t.Any() || o.Shapes != nil || o.NonFinite+o.NaN > 0 || o.Rows == 0 || nothing {
		return
	}
	var reasons []string
	applied := false
	same := o.MaxAbs == nil || *o.MaxAbs == 0 // nil: there are no elements
	limit := func(limit, value *float64, ok func(value, limit float64) bool, what, rule string) {
		if limit == nil {
			return
		}
		applied = true
		switch {
		case value == nil && !same:
			reasons = append(reasons, fmt.Sprintf("its %s can't be told, %s %g", what, rule, *limit))
		case value != nil && !ok(*value, *limit):
			reasons = append(reasons, fmt.Sprintf("its %s is %.4g, %s %g", what, *value, rule, *limit))
		}
	}
	most := func(v, limit float64) bool { return v <= limit }
	least := func(v, limit float64) bool { return v >= limit }
	limit(t.MaxAbs, o.MaxAbs, most, "largest difference", "above")
	limit(t.MaxRel, o.MaxRel, most, "largest relative difference", "above")
	limit(t.MinCosine, o.Cosine, least, "cosine", "below")
	limit(t.MinSQNR, o.SQNR, least, "SQNR in dB", "below")
	if o.Image {
		limit(t.MinPSNR, o.PSNR, least, "PSNR in dB", "below")
		var mean *float64
		if o.SSIM != nil {
			mean = &o.SSIM.Mean
		}
		limit(t.MinSSIM, mean, least, "SSIM", "below")
	}
	if o.Top1 != nil {
		limit(t.MinTop1, &o.Top1.Agreement, least, "top-1 agreement", "below")
	}
	if applied {
		o.Within, o.Reason = len(reasons) == 0, strings.Join(reasons, "; ")
	}
}

// String says the limits in words.
func (t Thresholds) String() string {
	var words []string
	for _, l := range []struct {
		limit *float64
		text  string
	}{
		{t.MaxAbs, "largest difference <= %g"}, {t.MaxRel, "largest relative difference <= %g"}, {t.MinCosine, "cosine >= %g"},
		{t.MinSQNR, "SQNR >= %g dB"},
		{t.MinPSNR, "PSNR of images >= %g dB"}, {t.MinSSIM, "SSIM of images >= %g"}, {t.MinTop1, "top-1 agreement >= %g"},
	} {
		if l.limit != nil {
			words = append(words, fmt.Sprintf(l.text, *l.limit))
		}
	}
	return strings.Join(words, ", ")
}
