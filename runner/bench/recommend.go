package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ortho/runner/stats"
)

const (
	// level is the chance of a false alarm that tests of all cells together may have.
	level = 0.05
	// processEffect is what a new process changes, as a part of a figure: rounds within one
	// don't show it. See [stats.Effect]. Five repetitions of a sweep of EfficientNet-Lite0 on
	// two idle cores had 0.8 %; other programs are known for 1 to 2 %.
	processEffect = 0.015
	// tieEffect is the difference between cells of one run that counts as none.
	tieEffect = 0.02
)

// Recommend says which cell of a file to use, by the objective and the constraints of its
// plan. It goes by the best figure: rows a second, the median
// latency of a single run (the one percentile that every cell has; the tail is what
// MaxP99MS is for), or the peak of resident memory.
//
// A cell can't win if it was not measured, if its outputs are not within the tolerance or
// not known to be, or if it does not satisfy a constraint; a p99 or peak that is not known
// satisfies none. Cells that the measurement can't distinguish from the best are ties: the rounds
// of the two, which were interleaved, are compared in pairs against a minimum effect of 2 %
// (Holm's correction for the number of cells). Memory has no rounds; there, 2 % is a tie.
// Among ties the best figure is recommended, but an unstable cell only where no stable one is
// within its interval, and another flavor's CPU provider only where nothing else is.
func Recommend(f *File) Verdict {
	plan := f.Run.Plan
	return recommend(f.Rows, plan.Objective, Constraints{plan.MaxP99MS, plan.MaxRSSMiB}, f.Unit())
}

// Conclude recommends one of f's cells, and returns the settings to keep; nil where none
// can be recommended. cells are those that were measured, explicit is as [Cells] was given it.
func (f *File) Conclude(cells []Cell, explicit string) *Settings {
	v := Recommend(f)
	f.Verdict = &v
	if v.Recommended == nil {
		return nil
	}
	if f.Stages != nil {
		for _, r := range f.Rows {
			if r.Config == *v.Recommended && r.LatencyMS != nil {
				f.Stages.RunMS = new(r.LatencyMS.P50 / float64(max(1, r.Batch)))
			}
		}
	}
	for _, c := range cells {
		if c.Config == *v.Recommended {
			s := settingsOf(f, c, explicit)
			return &s
		}
	}
	return nil
}

// Ranked are the rows of results by the objective's figure: the best first, those without
// figures last.
func Ranked(rows []Row, objective string) []Row {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(b.Rank(objective), a.Rank(objective)) })
	return rows
}

func recommend(rows []Row, objective string, c Constraints, unit string) Verdict {
	v := Verdict{Kind: KindVerdict, Objective: objective, Ties: []Config{}, Excluded: []Excluded{}}
	var able []candidate
	for _, r := range rows {
		if reason := unable(r, objective, c); reason != "" {
			v.Excluded = append(v.Excluded, Excluded{r.Config, reason})
		} else {
			able = append(able, candidate{r, figureOf(r, objective)})
		}
	}
	if len(able) == 0 {
		v.Reasons = noneFits(v.Excluded)
		return v
	}
	g := goals[objective]
	slices.SortStableFunc(able, func(a, b candidate) int { return cmp.Compare(g.worse(a.figure), g.worse(b.figure)) })
	others := tiesOf(able, objective)
	chosen := choose(others, objective)
	for i, o := range others {
		if o.tie && i != chosen {
			v.Ties = append(v.Ties, o.row.Config)
		}
	}
	v.Recommended = &able[chosen].row.Config
	var runnerUp *other
	for i := range others {
		if i != chosen {
			runnerUp = &others[i]
			v.RunnerUp = &runnerUp.row.Config
			break
		}
	}
	v.Reasons = reasons(others, chosen, runnerUp, objective, c, v, unit)
	return v
}

// choose returns the first of the ties that is stable and no control, or else the first that
// is stable, or else the first. A control is a flavor's CPU provider, which is measured to
// separate the effect of its version from that of its own provider. Noise also makes ties of
// cells that are far apart; a stable one that lies outside of the best's interval is not chosen.
func choose(others []other, objective string) int {
	g, interval := goals[objective], intervalOf(others[0].row, objective)
	behind := func(o other) bool {
		return interval != nil && g.worse(o.figure) > max(g.worse(interval.Low), g.worse(interval.High))
	}
	stable := func(o other) bool { return o.tie && (!o.row.Unstable && !behind(o) || objective == ObjectiveMemory) }
	control := func(o other) bool { return o.row.Providers == "cpu" && o.row.Flavor != "cpu" && o.row.Flavor != "" }
	if i := slices.IndexFunc(others, func(o other) bool { return stable(o) && !control(o) }); i >= 0 {
		return i
	}
	return max(0, slices.IndexFunc(others, stable))
}

type candidate struct {
	row    Row
	figure float64 // of the objective
}

// other is a candidate, compared with the best.
type other struct {
	candidate
	tie    bool
	tested bool       // by rounds
	test   stats.Test // the best's figure by this one's
}

// goal is the figure that decides an objective.
type goal struct {
	name, unit string
	best       string // "highest"
	more       bool   // is better
}

var goals = map[string]goal{
	ObjectiveThroughput: {"throughput", "rows/s", "highest", true},
	ObjectiveLatency:    {"median latency", "ms", "lowest", false},
	ObjectiveMemory:     {"peak of resident memory", "MiB", "lowest", false},
}

// worse orders figures: the best has the least.
func (g goal) worse(figure float64) float64 {
	if g.more {
		return -figure
	}
	return figure
}

// figureOf returns the figure that decides the objective; NaN if it is not known.
func figureOf(r Row, objective string) float64 {
	switch {
	case objective == ObjectiveThroughput && r.ThroughputS != nil:
		return *r.ThroughputS
	case objective == ObjectiveLatency && r.LatencyMS != nil:
		return r.LatencyMS.P50
	case objective == ObjectiveMemory && r.Memory.PeakBytes != nil:
		return float64(*r.Memory.PeakBytes) / (1 << 20)
	}
	return math.NaN()
}

// unable says why a cell can't win; empty if it can.
func unable(r Row, objective string, c Constraints) string {
	known := func(name string) string {
		if why := r.Unknown[name]; why != "" {
			return ": " + why
		}
		return ""
	}
	switch figure := figureOf(r, objective); {
	case r.Status != StatusOK:
		status := map[string]string{StatusFailed: "failed", StatusRuledOut: "ruled out", StatusSkipped: "skipped"}[r.Status]
		return cmp.Or(status, r.Status) + ": " + cmp.Or(r.Reason, "no reason is given")
	case r.Equal == nil:
		return "it is not known whether its outputs are right" + known("equal")
	case !*r.Equal:
		for _, o := range r.Equality {
			if o.Nothing() {
				return fmt.Sprintf("nothing says that its outputs are right: %s: %s", o.Name, o.Reason)
			}
			if !o.Within {
				return fmt.Sprintf("its outputs are not the reference's: %s: %s", o.Name, o.Reason)
			}
		}
		return "its outputs are not the reference's"
	case math.IsNaN(figure) || math.IsInf(figure, 0) || figure <= 0:
		return "its " + cmp.Or(goals[objective].name, objective) + " is not known" + known(map[string]string{ObjectiveMemory: "memory"}[objective])
	case c.MaxP99MS > 0 && (r.LatencyMS == nil || r.LatencyMS.P99 == nil):
		n := 0
		if r.LatencyMS != nil {
			n = r.LatencyMS.N
		}
		return fmt.Sprintf("its p99 is not known (%d of the %d samples that it takes), and so can't be said to be at most %g ms", n, stats.MinP99, c.MaxP99MS)
	case c.MaxP99MS > 0 && *r.LatencyMS.P99 > c.MaxP99MS:
		return fmt.Sprintf("its p99 of %s ms is above %g ms", digits(*r.LatencyMS.P99), c.MaxP99MS)
	case c.MaxRSSMiB > 0 && r.Memory.PeakBytes == nil:
		return fmt.Sprintf("its peak of resident memory is not known, and so can't be said to be at most %g MiB", c.MaxRSSMiB) + known("memory")
	case c.MaxRSSMiB > 0 && float64(*r.Memory.PeakBytes) > c.MaxRSSMiB*(1<<20):
		return fmt.Sprintf("its peak of resident memory, %s MiB, is above %g MiB", digits(float64(*r.Memory.PeakBytes)/(1<<20)), c.MaxRSSMiB)
	}
	return ""
}

// tiesOf compares every candidate with the first, which is the best. It is in the result,
// as its own tie.
func tiesOf(able []candidate, objective string) []other {
	others := []other{{candidate: able[0], tie: true}}
	var p []float64
	for _, c := range able[1:] {
		o := other{candidate: c}
		own, best := paired(c.row, able[0].row, objective)
		if o.test, o.tested = stats.Paired(own, best, stats.Effect{Min: tieEffect, Process: processEffect}); !o.tested {
			o.test.P = 1 // too few rounds to distinguish them
		}
		p = append(p, o.test.P)
		others = append(others, o)
	}
	for i, p := range stats.Holm(p) {
		o := &others[i+1]
		o.test.P, o.tie = p, p >= level
		if objective == ObjectiveMemory {
			o.tie = o.figure <= able[0].figure*(1+tieEffect)
		}
	}
	return others
}

// paired returns the objective's figures of two cells in the rounds that both have: those
// with the same index were measured at about the same time.
func paired(a, b Row, objective string) (of, with []float64) {
	var figures func([]stats.Round) []float64
	switch objective {
	case ObjectiveThroughput:
		figures = stats.Rates
	case ObjectiveLatency:
		figures = func(r []stats.Round) []float64 { return stats.Quantiles(r, 0.5) }
	default:
		return nil, nil
	}
	first, second := roundsOf(a), roundsOf(b)
	for i := range min(len(first), len(second)) {
		x, y := figures(first[i:i+1]), figures(second[i:i+1])
		if len(x) == 1 && len(y) == 1 { // nothing was done in an empty round
			of, with = append(of, x[0]), append(with, y[0])
		}
	}
	return of, with
}

// digits writes a figure to four places.
func digits(v float64) string {
	if math.Abs(v) >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}
