package bench

import "ortho/runner/stats"

// roundsOf are a row's rounds as the statistics see them.
func roundsOf(row Row) []stats.Round {
	var rounds []stats.Round
	for _, r := range row.Rounds {
		rounds = append(rounds, stats.Round{WallS: r.WallS, Rows: r.Runs * max(1, row.Batch), Latencies: r.LatencyMS})
	}
	return rounds
}
