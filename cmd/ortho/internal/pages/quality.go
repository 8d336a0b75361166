package pages

import (
	"fmt"
	"math"

	"ortho/cmd/ortho/internal/record"
	"ortho/models/evaluate"
	"ortho/models/evaluate/threshold"
	"ortho/runner/stats"
)

// Quality is what eval found of a model of any other task than classification, or of two models, and how; its JSON is
// an output format.
type Quality struct {
	EvaluationRun
	Task   string        `json:"task"`
	Judged int           `json:"judged"` // images
	Parts  []QualityPart `json:"parts"`
	// Against is what the other model's figures are, on the same images.
	Against *Against `json:"against,omitempty"`
}

// QualityPart is what was found in one way of looking, such as by boxes, or by masks.
type QualityPart struct {
	Of      string            `json:"of"`      // what is compared
	Figures []evaluate.Figure `json:"figures"` // the one that says most first
	// Classes have the figure that ClassFigure names, of Counted things each.
	ClassFigure string         `json:"class_figure,omitempty"`
	Counted     string         `json:"counted,omitempty"`
	Classes     []QualityClass `json:"per_class,omitempty"`
	// Curve is what answers above each threshold are worth, all classes together; Advice which threshold is the best.
	Curve  []threshold.Point `json:"curve,omitempty"`
	Advice []Advice          `json:"thresholds,omitempty"`
}

// QualityClass is what was found of one class.
type QualityClass struct {
	evaluate.Name
	evaluate.Figure
	N     int64            `json:"n"`               // that there are
	Found int64            `json:"found,omitempty"` // that were found or taken for it, rightly or not
	Best  *threshold.Point `json:"best,omitempty"`  // where its F1 is largest
}

// Advice is the threshold with the best F1, of all classes or of a category of them.
type Advice struct {
	Of   string `json:"of"`
	Flag string `json:"flag,omitempty"` // what to give
	threshold.Point
}

// Against is another model, which the first is compared with on the same images.
type Against struct {
	Model       record.Model        `json:"model"`
	Figures     [][]evaluate.Figure `json:"figures"`     // of each part
	Differences [][]evaluate.Figure `json:"differences"` // of each part: the first model's less the other's
	Throughput  float64             `json:"throughput_per_s"`
	// Rate is the first model's throughput by the other's, with its 95 % interval; nil where there were too few rounds.
	Rate *Ratio `json:"rate"`
}

// Ratio is one of two rates.
type Ratio struct {
	Ratio  float64         `json:"ratio"`
	Rounds int             `json:"rounds"` // in which the models took turns
	Within *stats.Interval `json:"interval"`
}

// figureText is a figure with its interval, in percent.
func figureText(f evaluate.Figure) string {
	switch {
	case f.Value == nil:
		return "nothing to judge"
	case f.Low == nil:
		return hundredths(*f.Value)
	}
	return fmt.Sprintf("%s   95 %% interval %s to %s", hundredths(*f.Value), hundredths(*f.Low), hundredths(*f.High))
}

// hundredths has two digits behind the point, as mAP is given.
func hundredths(v float64) string { return fmt.Sprintf("%.2f", 100*v) }

// Verdict says in a sentence what the first model costs or gains, and how much faster it is.
func (q *Quality) Verdict() string {
	a := q.Against
	if a == nil || len(q.Parts) == 0 || len(a.Differences[0]) == 0 {
		return ""
	}
	d, name := a.Differences[0][0], q.Parts[0].Figures[0].Name
	text := q.Model.Name
	switch {
	case d.Value == nil:
		text += " can't be compared by " + name
	case *d.Value == 0:
		text += " has the same " + name
	default:
		verb := "costs"
		if *d.Value > 0 {
			verb = "gains"
		}
		text += fmt.Sprintf(" %s %.2f", verb, 100*math.Abs(*d.Value))
		if d.Low != nil {
			text += fmt.Sprintf(" ± %.2f", 50*(*d.High-*d.Low))
		}
		text += " points of " + name
		if d.Low != nil && *d.Low <= 0 && *d.High >= 0 {
			text += " (which may be chance)"
		}
	}
	text += " against " + a.Model.Name
	if a.Rate == nil {
		return text
	}
	text += fmt.Sprintf(", and gives %.2f times the rate", a.Rate.Ratio)
	if i := a.Rate.Within; i != nil {
		text += fmt.Sprintf(" (%.2f to %.2f)", i.Low, i.High)
	}
	return text
}
