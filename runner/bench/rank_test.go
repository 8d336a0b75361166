package bench

import (
	"cmp"
	"slices"
	"testing"

	"ortho/runner/stats"
)

func TestRank(t *testing.T) {
	row := func(name, status string, rate, ms float64, peak int64) Row {
		return Row{Config: Config{Providers: name}, Status: status, ThroughputS: &rate, LatencyMS: &stats.Summary{P50: ms}, Memory: Memory{PeakBytes: &peak}}
	}
	rows := []Row{row("failed", "failed", 9, 1, 1), row("fast", StatusOK, 8, 4, 300), row("prompt", StatusOK, 4, 2, 200), row("small", StatusOK, 2, 8, 100)}
	for objective, want := range map[string][]string{
		ObjectiveThroughput: {"fast", "prompt", "small", "failed"},
		ObjectiveLatency:    {"prompt", "fast", "small", "failed"},
		ObjectiveMemory:     {"small", "prompt", "fast", "failed"},
	} {
		slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(b.Rank(objective), a.Rank(objective)) })
		var got []string
		for _, r := range rows {
			got = append(got, r.Providers)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", objective, got, want)
		}
	}
}
