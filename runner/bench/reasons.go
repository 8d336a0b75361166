package bench

import (
	"fmt"
	"math"
	"strings"

	"ortho/runner/stats"
)

// reasons says in words why the chosen one of the candidates, the best of which is the
// first, is recommended.
func reasons(others []other, chosen int, runnerUp *other, objective string, c Constraints, v Verdict, unit string) []string {
	g, best, o := goals[objective], others[0], others[chosen]
	if objective == ObjectiveThroughput {
		g.unit = unit
	}
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }

	figure := fmt.Sprintf("%s: %s of %s %s", o.row.Config, g.name, digits(o.figure), g.unit)
	if i := intervalOf(o.row, objective); i != nil {
		figure += fmt.Sprintf(" (95 %% interval %s to %s)", digits(i.Low), digits(i.High))
	}
	switch {
	case chosen != 0 && !best.row.Unstable:
		say("%s. %s has %s %s, but it is there to tell versions of ONNX Runtime apart, and they can't be told apart.", figure, best.row.Config, digits(best.figure), g.unit)
	case chosen != 0:
		say("%s. %s has %s %s, but its rounds differ too much to rely on it, and they can't be told apart.", figure, best.row.Config, digits(best.figure), g.unit)
	case len(others) == 1:
		say("%s; no other cell fits.", figure)
	default:
		say("%s, the %s of %d cells that fit.", figure, g.best, len(others))
	}
	if runnerUp != nil && chosen == 0 {
		difference := fmt.Sprintf("Runner-up is %s with %s %s, %.1f %% worse", runnerUp.row.Config, digits(runnerUp.figure), g.unit, g.percentWorse(best.figure, runnerUp.figure))
		switch {
		case objective == ObjectiveMemory && runnerUp.tie:
			say("%s: no difference that counts.", difference)
		case objective == ObjectiveMemory:
			say("%s.", difference)
		case !runnerUp.tested:
			say("%s; with fewer than two rounds of both, nothing says whether that is noise.", difference)
		case runnerUp.tie:
			say("%s: not told apart from it by this measurement (p = %.2g).", difference, runnerUp.test.P)
		default:
			say("%s, more than noise explains (p = %.2g).", difference, runnerUp.test.P)
		}
	}
	if n := len(v.Ties); n > 0 && (n > 1 || runnerUp == nil || !runnerUp.tie) {
		names := make([]string, 0, 3)
		for _, c := range v.Ties[:min(n, 3)] {
			names = append(names, c.String())
		}
		more := ""
		if n > 3 {
			more = fmt.Sprintf(" and %d more", n-3)
		}
		say("Ties: %s%s. More rounds (--budget, --rounds) may tell them apart.", strings.Join(names, "; "), more)
	}
	if objective == ObjectiveLatency && v.Recommended.Batch > 1 {
		say("That is the time of a run of %d rows.", v.Recommended.Batch)
	}
	if c.MaxP99MS > 0 {
		say("Its p99 is %s ms; at most %g ms was asked for.", digits(*o.row.LatencyMS.P99), c.MaxP99MS)
	}
	if c.MaxRSSMiB > 0 {
		say("Its peak of resident memory is %s MiB; at most %g MiB was asked for.", digits(float64(*o.row.Memory.PeakBytes)/(1<<20)), c.MaxRSSMiB)
	}
	switch {
	case len(o.row.Rounds) < 2 && objective != ObjectiveMemory:
		say("There is one round only: how much its figures vary is not known.")
	case o.row.Unstable && o.row.CV != nil && *o.row.CV < 0.05:
		say("Its %d rounds are too few to say how much they vary: more of them (--budget, --rounds) tell more.", len(o.row.Rounds))
	case o.row.Unstable && o.row.CV != nil:
		say("Its rounds differ much (coefficient of variation %.0f %%): something else kept the machine busy, so measure again when it is idle.", 100**o.row.CV)
	}
	if n := len(v.Excluded); n > 0 {
		say("%d of %d cells could not win.", n, n+len(others))
	}
	return lines
}

// noneFits says why nothing is recommended: each reason once, with the cells that it excludes.
func noneFits(excluded []Excluded) []string {
	if len(excluded) == 0 {
		return []string{"There is no cell."}
	}
	lines := []string{"No cell can be recommended."}
	seen := map[string]int{}
	var order []string
	first := map[string]Config{}
	for _, e := range excluded {
		if seen[e.Reason]++; seen[e.Reason] == 1 {
			order, first[e.Reason] = append(order, e.Reason), e.Config
		}
	}
	for i, reason := range order {
		if i == 5 {
			return append(lines, fmt.Sprintf("... and for %d more reasons.", len(order)-i))
		}
		others := ""
		if n := seen[reason] - 1; n > 0 {
			others = fmt.Sprintf(" (and %d more)", n)
		}
		lines = append(lines, fmt.Sprintf("%s%s: %s.", first[reason], others, reason))
	}
	return lines
}

func (g goal) percentWorse(best, figure float64) float64 {
	if g.more {
		return 100 * (1 - figure/best)
	}
	return 100 * (figure/best - 1)
}

func intervalOf(r Row, objective string) *stats.Interval {
	i := map[string]*stats.Interval{ObjectiveThroughput: r.ThroughputCI, ObjectiveLatency: r.LatencyCI}[objective]
	if i != nil && !math.IsNaN(i.Low) {
		return i
	}
	return nil
}
