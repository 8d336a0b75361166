package bench

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"ortho/runner/equality"
	"ortho/runner/stats"
)

// steadyRow is a cell with these rows a second in its rounds, and single runs of as many
// milliseconds as that takes.
func steadyRow(threads int, rates ...float64) Row {
	yes, peak := true, int64(100<<20)
	r := Row{Kind: KindCell, Config: Config{"cpu", "cpu", threads, 1, 1}, Status: StatusOK, Equal: &yes, Unknown: map[string]string{}}
	r.Memory.PeakBytes = &peak
	for _, rate := range rates {
		r.Rounds = append(r.Rounds, Round{WallS: 100 / rate, Runs: 100, LatencyMS: slices.Repeat([]float64{1000 / rate}, 100)})
	}
	figures(&r)
	return r
}

func with(r Row, change func(*Row)) Row { change(&r); return r }

func TestRecommend(t *testing.T) {
	no := false
	fast, slow := steadyRow(1, 200, 202, 198, 201, 199), steadyRow(2, 100, 101, 99, 100, 100)
	near := steadyRow(3, 198, 199, 200, 197, 198)
	wild := steadyRow(4, 300, 250, 350, 150, 340)
	failed := Row{Config: Config{"cuda", "cuda", 1, 1, 1}, Status: StatusFailed, Reason: "no device"}
	mib := func(n int64) func(*Row) { return func(r *Row) { n := n << 20; r.Memory.PeakBytes = &n } }
	p99 := func(ms float64) func(*Row) { return func(r *Row) { l := *r.LatencyMS; l.P99 = &ms; r.LatencyMS = &l } }
	wrong := with(steadyRow(5, 400, 400, 400, 400, 400), func(r *Row) {
		r.Equal, r.Equality = &no, []equality.Output{{Name: "logits", Reason: "4 of 4 rows differ"}}
	})
	for name, c := range map[string]struct {
		rows               []Row
		objective          string
		constraints        Constraints
		threads            int // of the recommended cell; 0: none
		runnerUp           int
		ties               []int
		reasons, exclusion string
	}{
		"the fastest":          {[]Row{slow, fast, failed}, ObjectiveThroughput, Constraints{}, 1, 2, nil, "more than noise", "failed: no device"},
		"ties":                 {[]Row{near, slow, fast}, ObjectiveThroughput, Constraints{}, 1, 3, []int{3}, "not told apart", ""},
		"lowest latency":       {[]Row{slow, fast}, ObjectiveLatency, Constraints{}, 1, 2, nil, "median latency of 5 ms", ""},
		"least memory":         {[]Row{with(fast, mib(300)), with(slow, mib(200)), with(near, mib(203))}, ObjectiveMemory, Constraints{}, 2, 3, []int{3}, "no difference that counts", ""},
		"wrong outputs":        {[]Row{wrong, slow}, ObjectiveThroughput, Constraints{}, 2, 0, nil, "no other cell fits", "logits: 4 of 4 rows differ"},
		"unknown outputs":      {[]Row{with(fast, func(r *Row) { r.Equal, r.Unknown = nil, map[string]string{"equal": "no reference"} }), slow}, ObjectiveThroughput, Constraints{}, 2, 0, nil, "", "not known whether its outputs are right: no reference"},
		"an unstable best":     {[]Row{wild, fast}, ObjectiveThroughput, Constraints{}, 1, 4, []int{4}, "differ too much", ""},
		"all unstable":         {[]Row{wild}, ObjectiveThroughput, Constraints{}, 4, 0, nil, "measure again", ""},
		"one round":            {[]Row{steadyRow(1, 200), steadyRow(2, 100)}, ObjectiveThroughput, Constraints{}, 1, 2, []int{2}, "nothing says whether that is noise", ""},
		"p99 not known":        {[]Row{fast, with(slow, p99(30))}, ObjectiveThroughput, Constraints{MaxP99MS: 40}, 2, 0, nil, "p99 is 30 ms; at most 40", "500 of the 662 samples"},
		"p99 too high":         {[]Row{with(fast, p99(50)), with(slow, p99(30))}, ObjectiveThroughput, Constraints{MaxP99MS: 40}, 2, 0, nil, "", "p99 of 50 ms is above 40 ms"},
		"memory not known":     {[]Row{with(fast, func(r *Row) { r.Memory.PeakBytes, r.Unknown = nil, map[string]string{"memory": "no /proc"} }), slow}, ObjectiveThroughput, Constraints{MaxRSSMiB: 150}, 2, 0, nil, "", "memory is not known, and so can't be said to be at most 150 MiB: no /proc"},
		"memory too high":      {[]Row{with(fast, mib(200)), slow}, ObjectiveThroughput, Constraints{MaxRSSMiB: 150}, 2, 0, nil, "", "200 MiB, is above 150 MiB"},
		"nothing fits":         {[]Row{wrong, failed}, ObjectiveThroughput, Constraints{}, 0, 0, nil, "No cell can be recommended", "no device"},
		"nothing at all":       {nil, ObjectiveThroughput, Constraints{}, 0, 0, nil, "There is no cell", ""},
		"an unknown objective": {[]Row{fast}, "beauty", Constraints{}, 0, 0, nil, "beauty is not known", "beauty is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			v := recommend(c.rows, c.objective, c.constraints, "rows/s")
			if got := threadsOf(v.Recommended); got != c.threads {
				t.Errorf("recommends threads=%d, want %d", got, c.threads)
			}
			if got := threadsOf(v.RunnerUp); got != c.runnerUp {
				t.Errorf("runner-up has threads=%d, want %d", got, c.runnerUp)
			}
			var ties []int
			for _, tie := range v.Ties {
				ties = append(ties, tie.Threads)
			}
			if !slices.Equal(ties, c.ties) {
				t.Errorf("ties %v, want %v", ties, c.ties)
			}
			if text := strings.Join(v.Reasons, " "); !strings.Contains(text, c.reasons) || text == "" {
				t.Errorf("reasons %q lack %q", text, c.reasons)
			}
			var excluded string
			for _, e := range v.Excluded {
				excluded += e.Reason + "; "
			}
			if !strings.Contains(excluded, c.exclusion) {
				t.Errorf("excluded for %q, want %q", excluded, c.exclusion)
			}
			if n := len(v.Excluded); n > len(c.rows) || v.Recommended != nil && n == len(c.rows) {
				t.Errorf("%d of %d cells are excluded", n, len(c.rows))
			}
			if _, err := json.Marshal(v); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestChooseAmongTies has ties of a best cell whose interval is 250 to 450.
func TestChooseAmongTies(t *testing.T) {
	tie := func(figure float64, flavor string, unstable bool) other {
		r := Row{Config: Config{Providers: "cpu", Flavor: flavor}, Unstable: unstable, ThroughputCI: &stats.Interval{Low: figure - 90, High: figure + 110}}
		return other{candidate: candidate{r, figure}, tie: true}
	}
	best := tie(340, "cpu", true)
	for name, c := range map[string]struct {
		others []other
		want   int
	}{
		"stable and near":      {[]other{best, tie(300, "cpu", true), tie(260, "cpu", false)}, 2},
		"stable, but far":      {[]other{best, tie(300, "cpu", true), tie(190, "cpu", false)}, 0},
		"a control":            {[]other{tie(340, "openvino", false), tie(330, "cpu", false)}, 1},
		"a control, far ahead": {[]other{tie(340, "openvino", false), tie(200, "cpu", false)}, 0},
	} {
		if got := choose(c.others, ObjectiveThroughput); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func threadsOf(c *Config) int {
	if c == nil {
		return 0
	}
	return c.Threads
}

// TestRecommendPairsRounds has two cells that differ by little, on a machine whose rounds
// differ by much: by pairs they are distinguished.
func TestRecommendPairsRounds(t *testing.T) {
	ahead, behind := steadyRow(1, 100, 200, 150, 120, 180), steadyRow(2, 80, 160, 120, 96, 144)
	ahead.Unstable, behind.Unstable = false, false
	if v := recommend([]Row{behind, ahead}, ObjectiveThroughput, Constraints{}, "rows/s"); len(v.Ties) > 0 || v.Recommended.Threads != 1 {
		t.Errorf("%+v", v)
	}
	// Not by rounds that have no partner, and none of an idle round.
	ahead.Rounds[1] = Round{}
	of, with := paired(ahead, with(behind, func(r *Row) { r.Rounds = r.Rounds[:4] }), ObjectiveThroughput)
	if !slices.Equal(of, []float64{100, 150, 120}) || !slices.Equal(with, []float64{80, 120, 96}) {
		t.Errorf("pairs %v, %v", of, with)
	}
	if of, _ := paired(ahead, behind, ObjectiveMemory); of != nil {
		t.Errorf("memory has rounds: %v", of)
	}
	if stats.MinP99 != 662 {
		t.Error("the test's numbers of samples are stale")
	}
}
