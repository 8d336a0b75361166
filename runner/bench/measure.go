package bench

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"ortho/runner/stats"
)

const (
	minTurn       = 40 * time.Millisecond // of a cell in a round
	maxTurn       = 2 * time.Second       // so that there are many rounds
	baseShare     = 0.6                   // of the budget, for the rounds that every cell gets
	minContenders = 3                     // at least so many get the rest of the budget
	maxRounds     = 60                    // of a cell: more add little
	contenderGap  = 0.05                  // a cell that is slower by more in every round can't win
	overheadTime  = 1500 * time.Millisecond
	slowRun       = 300. // ms: such runs are warm after the few that opening makes
)

// measure lets the cells take turns: the planned rounds for all, and what is left of a
// budget for those that may still win.
func (w *work) measure(ctx context.Context) error {
	cells := w.runnable()
	if len(cells) == 0 {
		return nil
	}
	plan := w.Sweep.Run.Plan
	rounds := max(1, plan.Rounds)
	turn := roundRequest{Warmup: max(1, plan.Warmup)}
	adaptive := false
	after := overheadTime + min(w.profileTime(), w.left()/3)
	switch {
	case plan.Iterations > 0:
		turn.Runs = (plan.Iterations + rounds - 1) / rounds
	case plan.DurationS > 0:
		turn.Seconds = plan.DurationS / float64(rounds)
	default:
		adaptive = true
		turn.Seconds = min(maxTurn, max(minTurn, time.Duration(baseShare*float64(w.left()-after)/float64(len(cells)*rounds)))).Seconds()
	}
	shuffle := rand.New(rand.NewPCG(1, uint64(len(cells))))
	for round := 0; round < rounds || adaptive && round < maxRounds; round++ {
		turns := cells
		if round >= rounds {
			turns = w.contenders(cells)
		}
		turns = slices.Clone(turns)
		shuffle.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		for i, c := range turns {
			if c.process == nil || len(c.rounds) > round {
				continue // failed in an earlier round; or measured by an earlier run
			}
			if w.left() < after && round > 0 {
				return nil
			}
			w.progress("measure", round*len(cells)+i, rounds*len(cells), c.Config)
			asked := turn
			if len(c.rounds) > c.before || *c.row.Startup.FirstRunMS > slowRun {
				asked.Warmup = 1
			}
			limit := time.Minute + 20*time.Duration(turn.Seconds*float64(time.Second))
			if turn.Runs > 0 {
				limit = checkLimit
			}
			a, err := ask(ctx, c.process, request{Round: &asked}, limit)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil && a.Round == nil {
				err = errUnasked
			}
			if err != nil {
				c.fail(err)
				continue
			}
			c.rounds = append(c.rounds, *a.Round)
			if a.Peak != nil {
				c.peak = max(c.peak, *a.Peak)
			}
			if w.Log != nil {
				if err := w.Log(c.Config, *a.Round, a.Peak); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// contenders are the cells that more rounds may yet make the winner. The rest have been
// slower than the best in every round, and by more than a little.
func (w *work) contenders(cells []*cell) []*cell {
	type scored struct {
		*cell
		scores []float64
		middle float64
	}
	var all []scored
	for _, c := range cells {
		if c.process == nil || len(c.rounds) == 0 || c.row.Equal != nil && !*c.row.Equal {
			continue
		}
		s := scored{cell: c}
		for _, r := range c.rounds {
			s.scores = append(s.scores, w.score(c, r))
		}
		slices.Sort(s.scores)
		s.middle = stats.Quantile(s.scores, 0.5)
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(b.middle, a.middle) })
	var left []*cell
	for i, s := range all {
		best := all[0]
		if i < minContenders || s.scores[len(s.scores)-1] >= best.scores[0] || s.middle >= best.middle*(1-contenderGap) {
			left = append(left, s.cell)
		}
	}
	return left
}

// score is a round's figure for the objective: more is better.
func (w *work) score(c *cell, r Round) float64 {
	if w.Sweep.Run.Plan.Objective == ObjectiveLatency {
		sorted := slices.Sorted(slices.Values(r.LatencyMS))
		return 1 / stats.Quantile(sorted, 0.5)
	}
	return rate(c.Config, r)
}

// rate returns a round's rows a second.
func rate(c Config, r Round) float64 {
	switch {
	case r.Images > 0 && r.ImagesS > 0:
		return float64(r.Images) / r.ImagesS
	case r.WallS <= 0:
		return 0
	}
	return float64(r.Runs*max(1, c.Batch)) / r.WallS
}

// file turns what was measured into rows of results.
func (w *work) file() *File {
	f := &File{Run: w.Sweep.Run, Stages: w.Stages, Overhead: w.overhead}
	for _, c := range w.cells {
		if c.row.Status == StatusOK && len(c.rounds) == 0 {
			c.skip("the budget had ended before its first round")
		}
		f.Rows = append(f.Rows, c.finish())
	}
	return f
}
