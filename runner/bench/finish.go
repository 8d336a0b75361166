package bench

import (
	"context"
	"time"

	"ortho/runner/stats"
)

// finish computes the cell's row of results from its rounds.
func (c *cell) finish() Row {
	row := c.row
	row.Rounds = c.rounds
	if row.Status != StatusOK {
		return row
	}
	rounds := roundsOf(row)
	var latencies []float64
	for _, r := range row.Rounds {
		latencies = append(latencies, r.LatencyMS...)
	}
	if len(latencies) > 0 {
		s := stats.Summarize(latencies)
		row.LatencyMS, row.LatencyCI = &s, stats.QuantileInterval(rounds, 0.5)
		if s.P99 == nil {
			row.Unknown["p99"] = "withheld: it takes more samples, see runner/stats.MinP99"
		}
	}
	if rate := stats.Rate(graphRounds(row)); rate > 0 {
		row.GraphS = &rate
	}
	if rate := stats.Rate(rounds); rate > 0 {
		rates := stats.Rates(rounds)
		row.ThroughputS, row.ThroughputCI = &rate, stats.RateInterval(rounds)
		if len(rates) > 1 {
			cv := stats.CV(rates)
			row.CV, row.Unstable = &cv, stats.Unstable(rates)
		}
	}
	if c.peak > 0 {
		row.Memory.PeakBytes = &c.peak
	} else if _, said := row.Unknown["memory"]; !said {
		row.Unknown["memory"] = "the system does not tell the peak of a while"
	}
	return row
}

func median(c *cell) float64 { return stats.Quantile(c.rounds[0].LatencyMS, 0.5) }

// measureOverhead compares ortho's session with the bare one, in the cell whose runs are
// shortest.
func (w *work) measureOverhead(ctx context.Context) error {
	var best *cell
	for _, c := range w.runnable() {
		if c.process != nil && len(c.rounds) > 0 && (best == nil || median(c) < median(best)) {
			best = c
		}
	}
	if best == nil || w.left() < 0 {
		return nil
	}
	seconds := min(overheadTime, w.left()).Seconds() * 2 / 3
	if w.Sweep.Run.Plan.Iterations > 0 { // few runs were asked for: no more time than theirs
		measured := 0.
		for _, r := range best.rounds {
			measured += r.WallS
		}
		seconds = min(seconds, measured)
	}
	a, err := ask(ctx, best.process, request{Overhead: &overheadRequest{seconds}}, time.Minute+20*overheadTime)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && a.Overhead != nil {
		w.overhead = a.Overhead
		w.overhead.Config = best.Config
	}
	return nil
}

// roundsOf are a row's rounds as the statistics see them: throughput is that of the
// whole road from image to answer where images were measured.
func roundsOf(row Row) []stats.Round {
	rounds := graphRounds(row)
	for i, r := range row.Rounds {
		if r.Images > 0 {
			rounds[i].WallS, rounds[i].Rows = r.ImagesS, r.Images
		}
	}
	return rounds
}

func graphRounds(row Row) []stats.Round {
	var rounds []stats.Round
	for _, r := range row.Rounds {
		rounds = append(rounds, stats.Round{WallS: r.WallS, Rows: r.Runs * max(1, row.Batch), Latencies: r.LatencyMS})
	}
	return rounds
}
