package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ortho/runner/stats"
)

// How a cell changed from one run to another.
const (
	VerdictFaster   = "faster"
	VerdictSlower   = "slower"
	VerdictNoChange = "no change"
	VerdictBroken   = "broken"  // it worked, and now fails or gives other outputs
	VerdictUnknown  = "unknown" // it was not measured in both, or not well enough
)

// MinEffect is the usual minimum effect of a comparison: changes of less count as none.
const MinEffect = 0.05

// noisy is the change that must be excluded for "no change" to be said.
const noisy = 0.25

// Comparison is how the cells of a run compare with those of an earlier one.
type Comparison struct {
	Verdict     string       `json:"verdict"` // broken or slower if any cell is; otherwise faster if any is; unknown if more than half are
	MinEffect   float64      `json:"min_effect"`
	Level       float64      `json:"level"`                   // chance that any of the verdicts faster and slower is a false alarm
	Differences []string     `json:"differences"`             // for which the comparison would be refused, had it not been forced
	Throughput  *Change      `json:"common_throughput_per_s"` // what moved all cells alike; taken out unless p is below level
	Latency     *Change      `json:"common_latency_ms_p50"`
	Cells       []CellChange `json:"cells"`
	Counts      struct {
		Faster   int `json:"faster"`
		Slower   int `json:"slower"`
		NoChange int `json:"no_change"`
		Broken   int `json:"broken"`
		Unknown  int `json:"unknown"`
	} `json:"counts"`
}

// CellChange is how a cell changed.
type CellChange struct {
	Config
	Verdict    string   `json:"verdict"`
	Reason     string   `json:"reason,omitempty"` // of broken and unknown
	P          *float64 `json:"p"`                // of both figures, Holm's over all cells; nil: not tested
	Throughput *Change  `json:"throughput_per_s"`
	Latency    *Change  `json:"latency_ms_p50"` // of single runs
}

// Change is a figure then and now.
type Change struct {
	Old   *float64       `json:"old,omitempty"` // geometric means of the rounds; nil of all cells together
	New   *float64       `json:"new,omitempty"`
	Ratio float64        `json:"ratio"`      // new by old
	CI    stats.Interval `json:"ratio_ci95"` // of a cell: without what all have in common, if that was taken out
	P     float64        `json:"p"`          // of this figure alone

	sign float64 // -1 fell, 1 rose; 0: the figure as such has not changed
}

// Compare compares the cells of two runs, by rounds: rows a second and the median latency of
// each, by Welch's test of logarithms against a minimum effect, with Holm's correction for the
// number of cells. A cell is slower or faster if either figure is; slower counts for more.
//
// What moved all cells alike is tested first ([stats.Common]). Where it is no more than the
// machine's own wandering explains, it is taken out, and cells are compared by what is left;
// a cell must then have changed without this, too, by a test of its own.
//
// Simulated with 24 cells and five rounds that differ by 2 %, one cell that is 20 % slower is
// found in 96 of 100 comparisons, 15 % in 62, 10 % in 10.
//
// It refuses to compare runs of another model, input, machine, set of cells or provider
// options, unless it is forced; then the cells that both have are compared.
func Compare(old, new *File, minEffect float64, force bool) (*Comparison, error) {
	c := &Comparison{MinEffect: minEffect, Level: level, Differences: differences(old, new), Cells: []CellChange{}}
	if len(c.Differences) > 0 && !force {
		return nil, fmt.Errorf("the runs can't be compared: %s", strings.Join(c.Differences, "; "))
	}
	var pairs []pair
	for _, before := range old.Rows {
		at := slices.IndexFunc(new.Rows, func(r Row) bool { return r.Config == before.Config })
		if at < 0 || before.Status != StatusOK && new.Rows[at].Status != StatusOK {
			continue
		}
		cell, p := pairUp(before, new.Rows[at])
		p.cell = len(c.Cells)
		if c.Cells = append(c.Cells, cell); cell.Verdict == "" {
			pairs = append(pairs, p)
		}
	}
	c.test(pairs)
	for i := range c.Cells {
		c.Cells[i].decide()
		*map[string]*int{VerdictFaster: &c.Counts.Faster, VerdictSlower: &c.Counts.Slower, VerdictNoChange: &c.Counts.NoChange,
			VerdictBroken: &c.Counts.Broken, VerdictUnknown: &c.Counts.Unknown}[c.Cells[i].Verdict]++
	}
	switch n := c.Counts; {
	case n.Broken > 0:
		c.Verdict = VerdictBroken
	case n.Slower > 0:
		c.Verdict = VerdictSlower
	case n.Faster > 0:
		c.Verdict = VerdictFaster
	case n.NoChange > 0 && n.NoChange >= n.Unknown:
		c.Verdict = VerdictNoChange
	default:
		c.Verdict = VerdictUnknown
	}
	return c, nil
}

// differences are what two runs must have in common.
func differences(old, new *File) []string {
	var d []string
	a, b := old.Run, new.Run
	if a.Model.SHA256 != b.Model.SHA256 {
		d = append(d, fmt.Sprintf("another model (%s, SHA-256 %.12s; %s, %.12s)", a.Model.Name, a.Model.SHA256, b.Model.Name, b.Model.SHA256))
	}
	for _, m := range a.Machine.Same(b.Machine) {
		d = append(d, "another machine ("+m+")")
	}
	if a.Input.SHA256 != b.Input.SHA256 {
		d = append(d, fmt.Sprintf("other inputs (%s; %s)", strings.TrimSpace(a.Input.Source+" "+a.Input.Name), strings.TrimSpace(b.Input.Source+" "+b.Input.Name)))
	}
	if !slices.Equal(slices.Sorted(slices.Values(a.Plan.ProviderOptions)), slices.Sorted(slices.Values(b.Plan.ProviderOptions))) {
		d = append(d, fmt.Sprintf("other provider options (%s; %s)", orNone(a.Plan.ProviderOptions), orNone(b.Plan.ProviderOptions)))
	}
	for _, side := range []struct {
		rows, others []Row
		where        string
	}{{old.Rows, new.Rows, "the first"}, {new.Rows, old.Rows, "the second"}} {
		var only []string
		for _, r := range side.rows {
			if !slices.ContainsFunc(side.others, func(o Row) bool { return o.Config == r.Config }) {
				only = append(only, r.Config.String())
			}
		}
		if n := len(only); n > 0 {
			d = append(d, fmt.Sprintf("cells that only %s has (%d, such as %s)", side.where, n, only[0]))
		}
	}
	return d
}

func orNone(options []string) string {
	if len(options) == 0 {
		return "none"
	}
	return strings.Join(options, " ")
}

// pair is a cell's figures in the rounds of both runs.
type pair struct {
	cell                int
	throughput, latency [2][]float64
}

// pairUp finds the figures to test, or a verdict that needs none.
func pairUp(old, new Row) (CellChange, pair) {
	c := CellChange{Config: new.Config}
	says := func(verdict, reason string, args ...any) (CellChange, pair) {
		c.Verdict, c.Reason = verdict, fmt.Sprintf(reason, args...)
		return c, pair{}
	}
	switch right := func(r Row) bool { return r.Equal != nil && *r.Equal }; {
	case old.Status != StatusOK:
		return says(VerdictUnknown, "the first run has no figures: %s: %s", old.Status, old.Reason)
	case new.Status == StatusFailed:
		return says(VerdictBroken, "it fails now: %s", new.Reason)
	case new.Status != StatusOK:
		return says(VerdictUnknown, "the second run has no figures: %s: %s", new.Status, new.Reason)
	case right(old) && new.Equal != nil && !*new.Equal:
		return says(VerdictBroken, "its outputs are no longer the reference's")
	}
	before, after := roundsOf(old), roundsOf(new)
	p := pair{throughput: [2][]float64{stats.Rates(before), stats.Rates(after)},
		latency: [2][]float64{stats.Quantiles(before, 0.5), stats.Quantiles(after, 0.5)}}
	if min(len(p.throughput[0]), len(p.throughput[1]), len(p.latency[0]), len(p.latency[1])) < 2 {
		return says(VerdictUnknown, "it takes two rounds with samples in both runs, and there are %d and %d", len(p.latency[0]), len(p.latency[1]))
	}
	return c, p
}

// test fills in the changes of the cells in pairs.
func (c *Comparison) test(pairs []pair) {
	for _, figure := range []struct {
		of     func(pair) [2][]float64
		common **Change
		set    func(*CellChange, *Change)
	}{
		{func(p pair) [2][]float64 { return p.throughput }, &c.Throughput, func(c *CellChange, f *Change) { c.Throughput = f }},
		{func(p pair) [2][]float64 { return p.latency }, &c.Latency, func(c *CellChange, f *Change) { c.Latency = f }},
	} {
		effect := stats.Effect{Min: c.MinEffect, Process: processEffect}
		var old, new [][]float64
		for _, p := range pairs {
			values := figure.of(p)
			old, new = append(old, values[0]), append(new, values[1])
		}
		if t, ok := stats.Common(old, new, effect); ok {
			*figure.common = &Change{Ratio: t.Ratio, CI: t.Interval, P: t.P}
			if t.P >= level {
				effect.Common = t.Ratio
			}
		}
		for _, p := range pairs {
			values := figure.of(p)
			t, _ := stats.Welch(values[0], values[1], effect)
			whole, _ := stats.Welch(values[0], values[1], stats.Effect{Min: c.MinEffect, Process: processEffect})
			before, after := geometricMean(values[0]), geometricMean(values[1])
			change := &Change{Old: &before, New: &after, Ratio: whole.Ratio, CI: t.Interval, P: t.P}
			if whole.P < level && (whole.Ratio > 1) == (t.Ratio > 1) {
				change.sign = math.Copysign(1, whole.Ratio-1)
			}
			figure.set(&c.Cells[p.cell], change)
		}
	}
	// The two figures of a cell rise and fall together: Simes' inequality makes one test of
	// them, and Holm's correction is for the cells.
	var p []float64
	for _, pair := range pairs {
		cell := &c.Cells[pair.cell]
		p = append(p, stats.Simes(cell.Throughput.P, cell.Latency.P))
	}
	for i, p := range stats.Holm(p) {
		c.Cells[pairs[i].cell].P = &p
	}
}

func geometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

// decide sets the cell's verdict, once P is corrected.
func (c *CellChange) decide() {
	if c.Verdict != "" {
		return
	}
	changed := *c.P < level
	switch {
	case changed && (c.Throughput.is(-1) || c.Latency.is(+1)):
		c.Verdict = VerdictSlower
	case changed && (c.Throughput.is(+1) || c.Latency.is(-1)):
		c.Verdict = VerdictFaster
	default:
		c.Verdict = VerdictNoChange
		for _, f := range []struct {
			name string
			*Change
		}{{"throughput", c.Throughput}, {"latency", c.Latency}} {
			if low, high := f.CI.Low, f.CI.High; low < 1/(1+noisy) || high > 1+noisy {
				c.Verdict = VerdictUnknown
				c.Reason = fmt.Sprintf("too noisy to tell: its %s may have changed by a factor of %.2f to %.2f", f.name, low, high)
			}
		}
	}
}

// is reports whether the figure rose (sign +1) or fell.
func (c *Change) is(sign float64) bool { return c.P < level && c.sign == sign }
