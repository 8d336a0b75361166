package pages

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/report"
	"ortho/runner/bench"
	"ortho/runner/stats"
)

// Bench is the report of a benchmark: the recommendation first, then what it rests on.
func Bench(f *bench.File) *report.Page {
	r := newResults(f)
	run := &f.Run
	p := &report.Page{
		Title: "Benchmark of " + run.Model.Name,
		Subtitle: fmt.Sprintf("Which provider, threads, batch and concurrency? %s measured on %s, %s.",
			count(len(r.rows), "cell"), cmp.Or(run.Machine.CPUModel, "an unknown CPU"), run.Start.UTC().Format("2 January 2006 15:04 UTC")),
		By: "Made by ortho " + orUnknown(run.Ortho) + " of " + count(len(f.Rows), "row") + ". The page fetches nothing.",
	}
	p.Add("Recommendation", r.recommendation()...)
	p.Add("Throughput and latency", r.speedFigures()...)
	p.Add("Where the time goes", r.timeBlocks()...)
	p.Add("Memory", r.memoryBlocks()...)
	p.Add("All cells", r.tables()...)
	p.Add("Overhead of ortho", r.overhead()...)
	p.Add("What was measured", r.environment()...)
	p.Add("Repeat it", report.Command(run.Command))
	return p
}

// results are a results file with what the report's parts share.
type results struct {
	*bench.File
	rows     []bench.Row // that were measured, best first
	series   []string    // the providers, in the order of the file: their colours
	unit     string      // of throughput
	roles    map[bench.Config]string
	excluded map[bench.Config]string // why a cell could not win
}

const (
	recommended = "recommended"
	runnerUp    = "runner-up"
	tie         = "tie"
)

func newResults(f *bench.File) *results {
	r := &results{File: f, unit: f.Unit(), roles: map[bench.Config]string{}, excluded: map[bench.Config]string{}}
	for _, row := range f.Rows {
		if measured(&row) {
			r.rows = append(r.rows, row)
			if name := seriesOf(row.Config); !slices.Contains(r.series, name) {
				r.series = append(r.series, name)
			}
		}
	}
	if v := f.Verdict; v != nil {
		for _, e := range v.Excluded {
			r.excluded[e.Config] = e.Reason
		}
		for _, c := range v.Ties {
			r.roles[c] = tie
		}
		if v.RunnerUp != nil {
			r.roles[*v.RunnerUp] = runnerUp
		}
		if v.Recommended != nil {
			r.roles[*v.Recommended] = recommended
		}
	}
	slices.SortStableFunc(r.rows, func(a, b bench.Row) int {
		_, outA := r.excluded[a.Config]
		_, outB := r.excluded[b.Config]
		switch {
		case r.roles[a.Config] == recommended:
			return -1
		case r.roles[b.Config] == recommended:
			return 1
		case outA != outB && outA:
			return 1
		case outA != outB:
			return -1
		}
		return cmp.Compare(b.Rank(r.objective()), a.Rank(r.objective()))
	})
	return r
}

// measured reports whether a row of results has the figures that a report is about.
func measured(row *bench.Row) bool {
	return row.Status == bench.StatusOK && row.LatencyMS != nil && row.ThroughputS != nil &&
		row.LatencyMS.P50 > 0 && *row.ThroughputS > 0 && !math.IsInf(row.LatencyMS.P50+*row.ThroughputS, 0)
}

func (r *results) objective() string {
	if r.Verdict != nil {
		return r.Verdict.Objective
	}
	return r.Run.Plan.Objective
}

// row is a measured cell, nil where there is none.
func (r *results) row(c *bench.Config) *bench.Row {
	if c != nil {
		for i := range r.rows {
			if r.rows[i].Config == *c {
				return &r.rows[i]
			}
		}
	}
	return nil
}

// bestByProvider returns the best cell of each provider, in the order of the rows.
func (r *results) bestByProvider() []*bench.Row {
	var leaders []*bench.Row
	seen := map[string]bool{}
	for i := range r.rows {
		if name := seriesOf(r.rows[i].Config); !seen[name] {
			seen[name] = true
			leaders = append(leaders, &r.rows[i])
		}
	}
	return leaders
}

// seriesOf is the provider's name, with the library's flavor where it isn't the usual one.
func seriesOf(c bench.Config) string {
	name, _, _ := strings.Cut(c.String(), " ")
	return name
}

// short is a cell's settings where there is little room: threads / batch / concurrency.
func short(c bench.Config) string {
	threads := "auto"
	if c.Threads > 0 {
		threads = strconv.Itoa(c.Threads)
	}
	return fmt.Sprintf("%s / %d / %d", threads, c.Batch, c.Concurrency)
}

// settings are a cell's settings in words.
func settings(c bench.Config) string {
	threads := "the provider's own number of threads"
	if c.Threads > 0 {
		threads = count(c.Threads, "thread")
	}
	return fmt.Sprintf("%s with %s, batch %d, %s at a time", seriesOf(c), threads, c.Batch, count(c.Concurrency, "run"))
}

func (r *results) recommendation() []report.Block {
	v := r.Verdict
	if v == nil {
		return []report.Block{report.Notice{Mark: report.Bad, Title: "No recommendation.", Text: "The run did not finish: repeat its command, and it goes on where it stopped. What was measured is below."}}
	}
	var blocks []report.Block
	if best := r.row(v.Recommended); best != nil {
		blocks = append(blocks, report.Notice{Mark: report.Best, Title: "Use " + settings(best.Config) + ".", Text: r.figures(best)})
		if v.Flags != "" {
			blocks = append(blocks, report.Text("Flags to give:"), report.Command(v.Flags))
		}
	} else if v.Recommended != nil {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "Use " + settings(*v.Recommended) + ".", Text: "The file holds no figures of it."})
	} else {
		blocks = append(blocks, report.Notice{Mark: report.Bad, Title: "No setting fits.", Text: "Each cell failed, gave other outputs than the reference or such as can't be compared, or broke a constraint; the reasons are below."})
	}
	if len(v.Reasons) > 0 {
		blocks = append(blocks, report.List(v.Reasons))
	}
	facts := report.Facts{{Name: "Objective", Value: objectiveWords(v.Objective)}, {Name: "Constraints", Value: r.constraints()}}
	if v.RunnerUp != nil {
		text := settings(*v.RunnerUp)
		hint := ""
		if row := r.row(v.RunnerUp); row != nil {
			hint = r.figures(row) + r.against(row, r.row(v.Recommended))
		}
		facts = append(facts, report.Fact{Name: "Runner-up", Value: text, Hint: hint})
	}
	switch {
	case len(v.Ties) > 0:
		const most = 3
		var names []string
		for _, c := range v.Ties[:min(most, len(v.Ties))] {
			names = append(names, c.String())
		}
		text := strings.Join(names, "; ")
		if more := len(v.Ties) - most; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		facts = append(facts, report.Fact{Name: "Ties", Value: text, Hint: "the measurement can't tell these from the recommended one; the table marks them"})
	case v.Recommended != nil:
		facts = append(facts, report.Fact{Name: "Ties", Value: "none"})
	}
	blocks = append(blocks, facts)
	if repeats := r.Run.Reference.Repeats; repeats != nil && !*repeats {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "The reference does not repeat itself.", Text: "Run twice on the same input, its outputs differ: those of the cells can't be told to be right or wrong."})
	}
	if left := r.Run.Model.LeftOut; len(left) > 0 {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "Outputs that can't be compared were left out:", Text: strings.Join(left, ", ") + "."})
	}
	if r.Run.Reference.Error != "" {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "Outputs were not checked.", Text: r.Run.Reference.Error})
	}
	if n := r.unstable(); n > 0 {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "Noise:", Text: fmt.Sprintf("%d of %s unstable: the throughput differs from round to round more than it should. The table marks them.",
			n, count(len(r.rows), "cell"))})
	}
	return append(blocks, r.ineligible()...)
}

func (r *results) unstable() (n int) {
	for i := range r.rows {
		if r.rows[i].Unstable {
			n++
		}
	}
	return n
}

// ineligible are the cells that were measured, but could not win.
func (r *results) ineligible() []report.Block {
	t := report.Table{Columns: []report.Column{{Name: "cell"}, {Name: r.unit, Number: true}, {Name: "why it could not win"}}}
	for i := range r.rows {
		row := &r.rows[i]
		if reason, out := r.excluded[row.Config]; out {
			t.Rows = append(t.Rows, report.Row{Cells: report.Cells(row.Config.String(), number(*row.ThroughputS), reason)})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []report.Block{report.Fold{Title: count(len(t.Rows), "measured cell") + " could not win", Blocks: []report.Block{t}}}
}

// figures are a cell's in a sentence.
func (r *results) figures(row *bench.Row) string {
	parts := []string{number(*row.ThroughputS) + " " + r.unit + interval(row.ThroughputCI)}
	l := row.LatencyMS
	latency := "latency p50 " + number(l.P50) + " ms"
	if l.P99 != nil {
		latency += ", p99 " + number(*l.P99) + " ms"
	} else {
		latency += fmt.Sprintf(", p99 withheld (%s, %d needed)", count(l.N, "sample"), stats.MinP99)
	}
	parts = append(parts, latency)
	if row.Memory.PeakBytes != nil {
		parts = append(parts, mib(*row.Memory.PeakBytes)+" MiB at the peak")
	}
	text := strings.Join(parts, "; ") + ". "
	switch {
	case row.Equal == nil:
		return text + "Whether its outputs are right is unknown: " + reason(row, "equal", r.Run.Reference.Error) + "."
	case *row.Equal:
		return text + "Its outputs equal the reference's within the tolerance."
	}
	if d := differencesOf(row); d.nothing {
		return text + "Nothing says that its outputs are right: " + d.reason + "."
	}
	return text + "Its outputs differ from the reference's."
}

// against compares throughput with the recommended cell's.
func (r *results) against(row, best *bench.Row) string {
	if best == nil || *best.ThroughputS == 0 {
		return ""
	}
	return fmt.Sprintf(" Throughput %+.1f %% against the recommended one.", 100*(*row.ThroughputS / *best.ThroughputS - 1))
}

func objectiveWords(objective string) string {
	switch objective {
	case bench.ObjectiveThroughput:
		return "the highest throughput"
	case bench.ObjectiveLatency:
		return "the lowest median latency"
	case bench.ObjectiveMemory:
		return "the smallest peak of memory"
	}
	return orUnknown(objective)
}

func (r *results) constraints() string {
	parts := []string{"outputs equal the reference's"}
	if r.Run.Plan.MaxP99MS > 0 {
		parts = append(parts, "p99 known and at most "+trim(r.Run.Plan.MaxP99MS)+" ms")
	}
	if r.Run.Plan.MaxRSSMiB > 0 {
		parts = append(parts, "peak memory at most "+trim(r.Run.Plan.MaxRSSMiB)+" MiB")
	}
	return strings.Join(parts, "; ")
}

func (r *results) overhead() []report.Block {
	o := r.Overhead
	if o == nil {
		return nil
	}
	share := "unknown"
	if o.BareMS.P50 > 0 {
		share = fmt.Sprintf("%+.2f %%", 100*o.CostMS/o.BareMS.P50)
	}
	t := report.Table{Columns: []report.Column{{Name: "one run at a time"}, {Name: "runs", Number: true}, {Name: "mean ms", Number: true}, {Name: "p50 ms", Number: true},
		{Name: "p90 ms", Number: true}, {Name: "p95 ms", Number: true}, {Name: "min ms", Number: true}, {Name: "max ms", Number: true}}}
	for _, s := range []struct {
		name string
		stats.Summary
	}{{"ortho's session", o.OwnMS}, {"bare DynamicAdvancedSession.Run", o.BareMS}} {
		t.Rows = append(t.Rows, report.Row{Cells: report.Cells(s.name, fmt.Sprint(s.N), precise(s.Mean), precise(s.P50), precise(s.P90), precise(s.P95), precise(s.Min), precise(s.Max))})
	}
	blocks := []report.Block{
		report.Text(fmt.Sprintf("A run through ortho's session costs %s ms (%s) over a bare loop of DynamicAdvancedSession.Run: the difference of the medians of runs in turns, of %s.",
			precise(o.CostMS), share, o.Config)),
		t,
	}
	if n := min(o.BareMS.N, o.OwnMS.N); n < 30 {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "Few runs:", Text: fmt.Sprintf("medians of %s tell little.", count(n, "run"))})
	}
	return blocks
}
