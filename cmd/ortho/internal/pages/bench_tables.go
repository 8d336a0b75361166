package pages

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/report"
	"ortho/runner/bench"
	"ortho/runner/stats"
)

// tables show every cell: those that were measured by subject, then the others.
func (r *results) tables() []report.Block {
	var blocks []report.Block
	if len(r.rows) > 0 {
		blocks = append(blocks, r.speedTable(), r.startupTable(), r.outputTable())
	}
	if t := r.unmeasured(); len(t.Rows) > 0 {
		blocks = append(blocks, t)
	}
	return blocks
}

// unmeasured are the cells without figures: those of a provider for which the same is
// true in one row.
func (r *results) unmeasured() report.Table {
	t := report.Table{Caption: "Cells without figures; they are threads / batch / concurrency", Columns: []report.Column{{Name: "provider"}, {Name: "cells"}, {Name: "status"}, {Name: "reason"}}}
	at := map[[3]string]int{}
	for i := range r.Rows {
		row := &r.Rows[i]
		if r.row(&row.Config) != nil {
			continue
		}
		status := report.Cell{Text: strings.ReplaceAll(orUnknown(row.Status), "_", " "), Mark: report.Dim}
		if row.Status == bench.StatusFailed {
			status.Mark = report.Bad
		}
		key := [3]string{seriesOf(row.Config), row.Status, reason(row, "status", row.Reason)}
		if n, there := at[key]; there {
			t.Rows[n].Cells[1].Text += ", " + short(row.Config)
			continue
		}
		at[key] = len(t.Rows)
		t.Rows = append(t.Rows, report.Row{Cells: []report.Cell{{Text: key[0]}, {Text: short(row.Config)}, status, {Text: key[2]}}})
	}
	return t
}

func cellColumns() []report.Column {
	return []report.Column{{Name: "provider", Hint: "execution provider, and the flavor of ONNX Runtime's library where it isn't the usual one"},
		{Name: "threads", Hint: "intra-op threads of one run", Number: true}, {Name: "batch", Hint: "rows of one run", Number: true},
		{Name: "concurrency", Hint: "runs in flight in one session", Number: true}}
}

func cellCells(row *bench.Row) []report.Cell {
	threads := "auto"
	if row.Threads > 0 {
		threads = strconv.Itoa(row.Threads)
	}
	return report.Cells(seriesOf(row.Config), threads, strconv.Itoa(row.Batch), strconv.Itoa(row.Concurrency))
}

func (r *results) newRow(row *bench.Row, cells ...report.Cell) report.Row {
	mark := report.Plain
	if r.roles[row.Config] == recommended {
		mark = report.Best
	}
	return report.Row{Mark: mark, Cells: append(cellCells(row), cells...)}
}

func (r *results) speedTable() report.Table {
	t := report.Table{Caption: "Speed; small: 95 % confidence intervals", Columns: append(cellColumns(), report.Column{Name: "verdict"},
		report.Column{Name: r.unit, Hint: "by wall clock", Number: true}, report.Column{Name: "p50\u00a0ms", Hint: "of single runs", Number: true},
		report.Column{Name: "mean\u00a0ms", Number: true}, report.Column{Name: "p90\u00a0ms", Number: true}, report.Column{Name: "p95\u00a0ms", Number: true},
		report.Column{Name: "p99\u00a0ms", Hint: fmt.Sprintf("withheld below %d samples", stats.MinP99), Number: true},
		report.Column{Name: "CV\u00a0%", Hint: "coefficient of variation of the rounds' throughput", Number: true})}
	for i := range r.rows {
		row := &r.rows[i]
		l := row.LatencyMS
		p99 := report.Cell{Text: "withheld", Note: fmt.Sprintf("%s, %d needed", count(l.N, "sample"), stats.MinP99), Mark: report.Dim}
		if l.P99 != nil {
			p99 = report.Cell{Text: number(*l.P99)}
		}
		cv := unknown(row, "cv")
		if row.CV != nil {
			cv = report.Cell{Text: fmt.Sprintf("%.1f", 100**row.CV)}
		}
		if row.Unstable {
			cv.Mark, cv.Note = report.Weak, "unstable"
		}
		t.Rows = append(t.Rows, r.newRow(row, r.verdictCell(row), report.Cell{Text: number(*row.ThroughputS), Note: bounds(row.ThroughputCI)}, report.Cell{Text: number(l.P50), Note: bounds(row.LatencyCI)},
			report.Cell{Text: number(l.Mean)}, report.Cell{Text: number(l.P90)}, report.Cell{Text: number(l.P95)}, p99, cv))
	}
	return t
}

func (r *results) verdictCell(row *bench.Row) report.Cell {
	if reason, out := r.excluded[row.Config]; out {
		return report.Cell{Text: "can't win", Note: reason, Mark: report.Dim}
	}
	switch role := r.roles[row.Config]; role {
	case recommended:
		return report.Cell{Text: role, Mark: report.Best}
	default:
		return report.Cell{Text: role}
	}
}

func (r *results) startupTable() report.Table {
	t := report.Table{Caption: "Start and memory", Columns: append(cellColumns(),
		report.Column{Name: "library", Hint: "ONNX Runtime's version and flavor"},
		report.Column{Name: "library ms", Hint: "loading ONNX Runtime", Number: true},
		report.Column{Name: "session ms", Hint: "creating the session: reading, optimising and compiling the graph", Number: true},
		report.Column{Name: "first run ms", Hint: "at shapes that the session has not seen", Number: true},
		report.Column{Name: "after session MiB", Hint: "resident set", Number: true}, report.Column{Name: "after first run MiB", Hint: "resident set", Number: true},
		report.Column{Name: "PSS MiB", Hint: "after the first run; pages that processes share count in parts", Number: true},
		report.Column{Name: "peak MiB", Hint: "resident set, of the rounds", Number: true})}
	for i := range r.rows {
		row := &r.rows[i]
		m, s := &row.Memory, &row.Startup
		t.Rows = append(t.Rows, r.newRow(row, report.Cell{Text: orUnknown(row.LibraryVersion), Note: row.Flavor},
			ms(row, "library_ms", s.LibraryMS), ms(row, "load_ms", s.LoadMS), ms(row, "first_run_ms", s.FirstRunMS),
			size(row, "session_rss_bytes", m.SessionBytes), size(row, "first_run_rss_bytes", m.FirstRunBytes),
			size(row, "first_run_pss_bytes", m.FirstRunPSS), size(row, "peak_rss_bytes", m.PeakBytes)))
	}
	return t
}

func (r *results) outputTable() report.Table {
	t := report.Table{Caption: "Outputs against the reference's, and who ran the nodes", Columns: append(cellColumns(), report.Column{Name: "equal"},
		report.Column{Name: "max\u00a0abs", Hint: "largest difference of two values", Number: true}, report.Column{Name: "max\u00a0rel", Number: true},
		report.Column{Name: "SQNR\u00a0dB", Hint: "signal to quantisation noise ratio; higher is closer", Number: true},
		report.Column{Name: "top-1\u00a0%", Hint: "rows whose largest value stands at the same place", Number: true}, report.Column{Name: "executed nodes", Hint: "by the profile of a separate, untimed session"})}
	for i := range r.rows {
		row := &r.rows[i]
		t.Rows = append(t.Rows, r.newRow(row, append(differencesOf(row).cells(row), placementCell(row))...))
	}
	return t
}

// differences are how far a cell's outputs are from the reference's, by each measure
// that of the output which is furthest off.
type differences struct {
	exact                              bool // nothing differs
	nothing                            bool // no output differs, but for what is NaN or infinite on both sides
	maxAbs, maxRel, sqnr, cosine, top1 *float64
	reason                             string // why the first output is not within the tolerance
	notice                             string // what was not compared as numbers
}

func differencesOf(row *bench.Row) differences {
	d := differences{exact: len(row.Equality) > 0, nothing: len(row.Equality) > 0}
	for _, o := range row.Equality {
		d.exact, d.nothing = d.exact && o.Exact, d.nothing && (o.Within || o.Nothing())
		d.maxAbs, d.maxRel = further(d.maxAbs, o.MaxAbs, 1), further(d.maxRel, o.MaxRel, 1)
		d.sqnr, d.cosine = further(d.sqnr, o.SQNR, -1), further(d.cosine, o.Cosine, -1)
		if o.Top1 != nil {
			d.top1 = further(d.top1, &o.Top1.Agreement, -1)
		}
		if text := o.Notice(); text != "" && d.notice == "" {
			d.notice = o.Name + ": " + text
		}
		if !o.Within && d.reason == "" {
			d.reason = o.Name + ": " + o.Reason
		}
	}
	return d
}

// further is the larger of two figures, or the smaller where sign is -1; one that is not
// known gives way.
func further(a, b *float64, sign float64) *float64 {
	if a == nil || b != nil && sign**b > sign**a {
		return b
	}
	return a
}

func (d differences) cells(row *bench.Row) []report.Cell {
	equal := unknown(row, "equal")
	switch {
	case row.Equal != nil && *row.Equal:
		equal = report.Cell{Text: "yes", Note: d.notice, Mark: report.Good}
	case row.Equal != nil:
		equal = report.Cell{Text: "no", Note: d.reason, Mark: report.Bad}
	}
	if len(row.Equality) == 0 {
		dash := report.Cell{Text: "unknown", Mark: report.Dim}
		return []report.Cell{equal, dash, dash, dash, dash}
	}
	figure := func(v *float64, format string, scale float64, none string) report.Cell {
		if v == nil {
			return report.Cell{Text: none, Mark: report.Dim}
		}
		return report.Cell{Text: fmt.Sprintf(format, scale**v)}
	}
	sqnr := "undefined"
	if d.exact {
		sqnr = "exact"
	}
	return []report.Cell{equal, figure(d.maxAbs, "%.2g", 1, "undefined"), figure(d.maxRel, "%.2g", 1, "undefined"), figure(d.sqnr, "%.1f", 1, sqnr),
		figure(d.top1, "%.1f", 100, "no vectors")}
}

// placementCell says who ran how many nodes, and what part of their time that took.
func placementCell(row *bench.Row) report.Cell {
	p := row.Placement
	if p == nil || len(p.Providers) == 0 {
		return unknown(row, "placement")
	}
	var parts []string
	for _, s := range p.Providers {
		parts = append(parts, fmt.Sprintf("%s %d (%.0f\u00a0%%)", shortProvider(s.Name), s.Nodes, 100*s.TimeShare))
	}
	return report.Cell{Text: strings.Join(parts, ", "), Hint: p.Note}
}

func shortProvider(name string) string { return strings.TrimSuffix(name, "ExecutionProvider") }

// unknown is a figure that is not known, with the reason.
func unknown(row *bench.Row, figure string) report.Cell {
	return report.Cell{Text: "unknown", Note: reason(row, figure, ""), Mark: report.Dim}
}

// reason is why a row lacks a figure. Some lack it together.
func reason(row *bench.Row, figure, known string) string {
	group := ""
	if strings.HasSuffix(figure, "_bytes") {
		group = row.Unknown["memory"]
	}
	return cmp.Or(row.Unknown[figure], group, known, "no reason was recorded")
}

// reasons are all of a row's for CSV.
func reasons(row *bench.Row) string {
	var parts []string
	for _, figure := range slices.Sorted(maps.Keys(row.Unknown)) {
		parts = append(parts, figure+": "+row.Unknown[figure])
	}
	return strings.Join(parts, "; ")
}

func ms(row *bench.Row, figure string, v *float64) report.Cell {
	if v == nil {
		return unknown(row, figure)
	}
	return report.Cell{Text: number(*v)}
}

func size(row *bench.Row, figure string, v *int64) report.Cell {
	if v == nil {
		return unknown(row, figure)
	}
	return report.Cell{Text: mib(*v)}
}

func mib[T int64 | uint64](v T) string { return fmt.Sprintf("%.1f", float64(v)/(1<<20)) }

// number has at least three digits that count.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 1 || a == 0:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
}

// trim is a setting as it was given.
func trim(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func precise(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }

func bounds(i *stats.Interval) string {
	if i == nil {
		return ""
	}
	return number(i.Low) + "\u00a0to\u00a0" + number(i.High) // in one line
}

func interval(i *stats.Interval) string {
	if i == nil {
		return ""
	}
	return " (95 % CI " + bounds(i) + ")"
}

// count is a number of things: "1 thread", "2 threads".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

func orUnknown(s string) string { return cmp.Or(s, "unknown") }
