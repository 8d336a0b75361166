// Package stats sums up series of measurements.
package stats

// Summary sums up a series.
type Summary struct {
	N    int      `json:"n"`
	Mean float64  `json:"mean"`
	Std  float64  `json:"std"`
	Min  float64  `json:"min"`
	P50  float64  `json:"p50"`
	P90  float64  `json:"p90"`
	P95  float64  `json:"p95"`
	P99  *float64 `json:"p99"`
	Max  float64  `json:"max"`
}

// Interval is a confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}
