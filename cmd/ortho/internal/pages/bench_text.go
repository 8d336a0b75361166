package pages

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
)

// benchColumn is a column of the CSV: empty where its figure is unknown.
type benchColumn struct {
	name  string
	value func(r *results, row *bench.Row) string
}

var benchColumns = []benchColumn{
	{"providers", func(_ *results, w *bench.Row) string { return w.Providers }},
	{"flavor", func(_ *results, w *bench.Row) string { return w.Flavor }},
	{"library_version", func(_ *results, w *bench.Row) string { return w.LibraryVersion }},
	{"threads", func(_ *results, w *bench.Row) string { return strconv.Itoa(w.Threads) }},
	{"batch", func(_ *results, w *bench.Row) string { return strconv.Itoa(w.Batch) }},
	{"concurrency", func(_ *results, w *bench.Row) string { return strconv.Itoa(w.Concurrency) }},
	{"status", func(_ *results, w *bench.Row) string { return w.Status }},
	{"reason", func(_ *results, w *bench.Row) string { return w.Reason }},
	{"verdict", func(r *results, w *bench.Row) string {
		if _, out := r.excluded[w.Config]; out {
			return "excluded"
		}
		return r.roles[w.Config]
	}},
	{"excluded_because", func(r *results, w *bench.Row) string { return r.excluded[w.Config] }},
	{"throughput_per_s", func(_ *results, w *bench.Row) string { return float(w.ThroughputS) }},
	{"throughput_per_s_ci95_low", func(_ *results, w *bench.Row) string {
		if w.ThroughputCI == nil {
			return ""
		}
		return float(&w.ThroughputCI.Low)
	}},
	{"throughput_per_s_ci95_high", func(_ *results, w *bench.Row) string {
		if w.ThroughputCI == nil {
			return ""
		}
		return float(&w.ThroughputCI.High)
	}},
	latencyColumn("mean", func(w *bench.Row) *float64 { return &w.LatencyMS.Mean }),
	latencyColumn("std", func(w *bench.Row) *float64 { return &w.LatencyMS.Std }),
	latencyColumn("min", func(w *bench.Row) *float64 { return &w.LatencyMS.Min }),
	latencyColumn("p50", func(w *bench.Row) *float64 { return &w.LatencyMS.P50 }),
	latencyColumn("p90", func(w *bench.Row) *float64 { return &w.LatencyMS.P90 }),
	latencyColumn("p95", func(w *bench.Row) *float64 { return &w.LatencyMS.P95 }),
	latencyColumn("p99", func(w *bench.Row) *float64 { return w.LatencyMS.P99 }),
	latencyColumn("max", func(w *bench.Row) *float64 { return &w.LatencyMS.Max }),
	{"samples", func(_ *results, w *bench.Row) string {
		if w.LatencyMS == nil {
			return ""
		}
		return strconv.Itoa(w.LatencyMS.N)
	}},
	{"cv", func(_ *results, w *bench.Row) string { return float(w.CV) }},
	{"unstable", func(_ *results, w *bench.Row) string { return strconv.FormatBool(w.Unstable) }},
	{"library_ms", func(_ *results, w *bench.Row) string { return float(w.Startup.LibraryMS) }},
	{"load_ms", func(_ *results, w *bench.Row) string { return float(w.Startup.LoadMS) }},
	{"first_run_ms", func(_ *results, w *bench.Row) string { return float(w.Startup.FirstRunMS) }},
	{"start_rss_bytes", func(_ *results, w *bench.Row) string { return whole(w.Memory.StartBytes) }},
	{"library_rss_bytes", func(_ *results, w *bench.Row) string { return whole(w.Memory.LibraryBytes) }},
	{"session_rss_bytes", func(_ *results, w *bench.Row) string { return whole(w.Memory.SessionBytes) }},
	{"first_run_rss_bytes", func(_ *results, w *bench.Row) string { return whole(w.Memory.FirstRunBytes) }},
	{"first_run_pss_bytes", func(_ *results, w *bench.Row) string { return whole(w.Memory.FirstRunPSS) }},
	{"peak_rss_bytes", func(_ *results, w *bench.Row) string { return whole(w.Memory.PeakBytes) }},
	{"equal", func(_ *results, w *bench.Row) string {
		if w.Equal == nil {
			return ""
		}
		return strconv.FormatBool(*w.Equal)
	}},
	{"max_abs", func(_ *results, w *bench.Row) string { return float(differencesOf(w).maxAbs) }},
	{"max_rel", func(_ *results, w *bench.Row) string { return float(differencesOf(w).maxRel) }},
	{"cosine", func(_ *results, w *bench.Row) string { return float(differencesOf(w).cosine) }},
	{"sqnr_db", func(_ *results, w *bench.Row) string { return float(differencesOf(w).sqnr) }},
	{"top1_agreement", func(_ *results, w *bench.Row) string { return float(differencesOf(w).top1) }},
	{"executed_nodes", func(_ *results, w *bench.Row) string {
		if w.Placement == nil {
			return ""
		}
		var parts []string
		for _, s := range w.Placement.Providers {
			parts = append(parts, fmt.Sprintf("%s=%d", s.Name, s.Nodes))
		}
		return strings.Join(parts, ";")
	}},
	{"unknown", func(_ *results, w *bench.Row) string { return reasons(w) }},
}

func latencyColumn(name string, value func(*bench.Row) *float64) benchColumn {
	return benchColumn{"latency_ms_" + name, func(_ *results, w *bench.Row) string {
		if w.LatencyMS == nil {
			return ""
		}
		return float(value(w))
	}}
}

func float(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

func whole(v *int64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatInt(*v, 10)
}

// WriteBenchCSV writes a line for each cell, in the order of the file. What is not known
// is empty, with the reasons in the last column. escape is for spreadsheets, see
// [output.EscapeFormula].
func WriteBenchCSV(w io.Writer, f *bench.File, escape bool) error {
	r := newResults(f)
	out := csv.NewWriter(w)
	line := make([]string, len(benchColumns))
	for i, c := range benchColumns {
		line[i] = c.name
	}
	out.Write(line)
	for i := range f.Rows {
		for j, c := range benchColumns {
			if line[j] = term.Clean(c.value(r, &f.Rows[i])); escape {
				line[j] = output.EscapeFormula(line[j])
			}
		}
		out.Write(line)
	}
	out.Flush()
	return out.Error()
}

// WriteBenchstat writes Go's benchmark format (golang.org/design/14313-benchmark-format),
// a line for each round, so that benchstat can compare two files.
func WriteBenchstat(w io.Writer, f *bench.File) error {
	b := bufio.NewWriter(w)
	value := func(s string) string { return strings.Join(strings.Fields(term.Clean(orUnknown(s))), " ") }
	fmt.Fprintf(b, "goos: %s\ngoarch: %s\ncpu: %s\northo: %s\nmodel: %s\nsha256: %s\n", value(f.Run.Machine.OS), value(f.Run.Machine.Arch), value(f.Run.Machine.CPUModel),
		value(f.Run.Ortho), value(f.Run.Model.Name), value(f.Run.Model.SHA256))
	fmt.Fprint(b, "Unit rows/s better=higher\nUnit p50-ms better=lower\n")
	for i := range f.Rows {
		row := &f.Rows[i]
		for _, round := range row.Rounds {
			if round.Runs < 1 || round.WallS <= 0 {
				continue
			}
			fmt.Fprintf(b, "BenchmarkRun/providers=%s/flavor=%s/threads=%d/batch=%d/concurrency=%d\t%d\t%s ns/op\t%s rows/s",
				word(row.Providers), word(row.Flavor), row.Threads, row.Batch, row.Concurrency, round.Runs,
				figure(round.WallS*1e9/float64(round.Runs)), figure(float64(round.Runs)*float64(row.Batch)/round.WallS))
			if n := len(round.LatencyMS); n > 0 {
				sorted := slices.Sorted(slices.Values(round.LatencyMS))
				fmt.Fprintf(b, "\t%s p50-ms", figure((sorted[(n-1)/2]+sorted[n/2])/2))
			}
			fmt.Fprintln(b)
		}
	}
	return b.Flush()
}

func figure(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }

// word is a part of a benchmark's name, which has neither spaces nor slashes.
func word(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '/' || r == '=' || r >= 0x7f {
			return '_'
		}
		return r
	}, orUnknown(s))
}
