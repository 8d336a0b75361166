package pages

import (
	"fmt"
	"strconv"

	"ortho/cmd/ortho/internal/report"
	"ortho/runner/bench"
)

// Pipeline is the report of a pipeline's benchmark: the time of an image by part, and then
// what was measured of each.
func Pipeline(p *bench.Pipeline) *report.Page {
	page := &report.Page{
		Title:    "Benchmark of " + p.Name,
		Subtitle: p.Describe() + ". Measured by part, " + p.Start.UTC().Format("2 January 2006 15:04 UTC") + ".",
		By:       "Made by ortho " + orUnknown(p.Ortho) + ". The page fetches nothing.",
	}
	page.Add("Recommendation", pipelineAnswer(p)...)
	page.Add("Where an image's time goes", imageTime(p)...)
	for _, part := range p.Parts {
		if part.Results == nil {
			page.Add(part.Name, report.Text("It was not measured: the run did not finish."))
			continue
		}
		page.Add(part.Name, partBlocks(part)...)
	}
	page.Add("Repeat it", report.Command(p.Command))
	return page
}

func pipelineAnswer(p *bench.Pipeline) []report.Block {
	best := p.Best()
	switch {
	case p.Settings == nil:
		return []report.Block{report.Notice{Mark: report.Bad, Title: "No recommendation.", Text: "The run did not finish: repeat its command with --resume, and it goes on where it stopped."}}
	case best == nil:
		return []report.Block{report.Notice{Mark: report.Bad, Title: "No settings fit.", Text: "In each, a part failed or gave other outputs than the reference."}, report.List(p.Reasons())}
	}
	blocks := []report.Block{report.Notice{Mark: report.Best, Title: "Use " + best.String() + ".", Text: "An image takes " + number(*best.ImageMS) + " ms" + interval(best.ImageCI) + "."}}
	if p.Flags != "" {
		blocks = append(blocks, report.Text("Flags to give to generate:"), report.Command(p.Flags))
	}
	return append(blocks, report.List(p.Reasons()))
}

// imageTime is an image by part in the best settings, and in all others.
func imageTime(p *bench.Pipeline) []report.Block {
	best := p.Best()
	if best == nil {
		return []report.Block{settingsTable(p)}
	}
	t := report.Table{Caption: "By part, with " + best.String() + "; small: 95 % confidence intervals", Columns: []report.Column{{Name: "part"},
		{Name: "runs", Hint: "of an image", Number: true}, {Name: "ms a run", Hint: "median", Number: true}, {Name: "ms in an image", Number: true},
		{Name: "share\u00a0%", Number: true}, {Name: "peak MiB", Hint: "resident set of a process with this part alone", Number: true}}}
	for i, time := range best.Parts {
		row := time.Row()
		t.Rows = append(t.Rows, report.Row{Cells: []report.Cell{{Text: time.Name}, {Text: strconv.Itoa(p.Parts[i].Runs)}, {Text: number(time.RunMS), Note: bounds(row.LatencyCI)},
			{Text: number(time.ImageMS)}, {Text: fmt.Sprintf("%.1f", 100*time.Share)}, size(row, "peak_rss_bytes", row.Memory.PeakBytes)}})
	}
	own, share, known := p.OwnWork(best)
	if known {
		t.Rows = append(t.Rows, report.Row{Cells: report.Cells("Go's own work", "", "", number(own), fmt.Sprintf("%.1f", 100*share), "")})
	}
	var names []string
	var rows [][]part
	for _, s := range p.Settings {
		if s.ImageMS == nil {
			continue
		}
		var parts []part
		for _, time := range s.Parts {
			parts = append(parts, part{time.Name, time.ImageMS})
		}
		if known {
			parts = append(parts, part{"Go's own work", own})
		}
		names, rows = append(names, s.String()), append(rows, parts)
	}
	figure := bars(report.Figure{Title: "An image by part", Note: "Median runs, as often as an image takes them.", Wide: true,
		Desc: "Stacked bars: what each part takes of an image's time."}, "time of an image (ms)", nil, names, rows,
		func(p part) string { return p.name + " " + number(p.value) + " ms" })
	return []report.Block{t, figure, settingsTable(p)}
}

func settingsTable(p *bench.Pipeline) report.Table {
	t := report.Table{Caption: "In all settings", Columns: []report.Column{{Name: "settings"}, {Name: "ms an image", Number: true}, {Name: "verdict"}}}
	for i, s := range p.Settings {
		row, verdict := report.Row{}, report.Cell{}
		switch {
		case s.ImageMS == nil:
			t.Rows = append(t.Rows, report.Row{Cells: []report.Cell{{Text: s.String()}, {Text: "unknown", Note: s.Reason, Mark: report.Dim}, {Text: "can't win", Mark: report.Dim}}})
			continue
		case i == 0:
			row.Mark, verdict = report.Best, report.Cell{Text: recommended, Mark: report.Best}
		case s.Tie:
			verdict.Text = tie
		}
		row.Cells = []report.Cell{{Text: s.String()}, {Text: number(*s.ImageMS), Note: bounds(s.ImageCI)}, verdict}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// partBlocks are a part's own report, but for what all parts have in common.
func partBlocks(p bench.Part) []report.Block {
	r := newResults(p.Results)
	blocks := []report.Block{report.Text(fmt.Sprintf("An image takes %s of it.", count(p.Runs, "run")))}
	if v := r.Verdict; v != nil {
		if best := r.row(v.Recommended); best != nil {
			blocks = append(blocks, report.Notice{Mark: report.Good, Title: "Alone it is fastest with " + bench.SettingOf(best.Config).String() + ".", Text: r.figures(best)})
		}
		blocks = append(blocks, report.List(v.Reasons))
	}
	for _, section := range []report.Section{{Title: "Time and latency", Blocks: r.speedFigures()}, {Title: "Where the time goes", Blocks: r.timeBlocks()}, {Title: "Memory", Blocks: r.memoryBlocks()},
		{Title: "All cells", Blocks: r.tables()}, {Title: "Overhead of ortho", Blocks: r.overhead()}, {Title: "Cells that could not win", Blocks: r.ineligible()}, {Title: "What was measured", Blocks: r.environment()}} {
		if len(section.Blocks) > 0 {
			blocks = append(blocks, report.Fold(section))
		}
	}
	return blocks
}
