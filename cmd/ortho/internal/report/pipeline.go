package report

import (
	"fmt"
	"strconv"

	"ortho/runner/bench"
)

// Pipeline is the report of a pipeline's benchmark: the time of an image by part, and then
// what was measured of each.
func Pipeline(p *bench.Pipeline) *Page {
	page := &Page{
		Title:    "Benchmark of " + p.Name,
		Subtitle: p.Describe() + ". Measured by part, " + p.Start.UTC().Format("2 January 2006 15:04 UTC") + ".",
		By:       "Made by ortho " + orUnknown(p.Ortho) + ". The page fetches nothing.",
	}
	page.add("Recommendation", pipelineAnswer(p)...)
	page.add("Where an image's time goes", imageTime(p)...)
	for _, part := range p.Parts {
		if part.Results == nil {
			page.add(part.Name, Text("It was not measured: the run did not finish."))
			continue
		}
		page.add(part.Name, partBlocks(part)...)
	}
	page.add("Repeat it", Command(p.Command))
	return page
}

func pipelineAnswer(p *bench.Pipeline) []Block {
	best := p.Best()
	switch {
	case p.Settings == nil:
		return []Block{Notice{Bad, "No recommendation.", "The run did not finish: repeat its command with --resume, and it goes on where it stopped."}}
	case best == nil:
		return []Block{Notice{Bad, "No settings fit.", "In each, a part failed or gave other outputs than the reference."}, List(p.Reasons())}
	}
	blocks := []Block{Notice{Best, "Use " + best.String() + ".", "An image takes " + number(*best.ImageMS) + " ms" + interval(best.ImageCI) + "."}}
	if p.Flags != "" {
		blocks = append(blocks, Text("Flags to give to generate:"), Command(p.Flags))
	}
	return append(blocks, List(p.Reasons()))
}

// imageTime is an image by part in the best settings, and in all others.
func imageTime(p *bench.Pipeline) []Block {
	best := p.Best()
	if best == nil {
		return []Block{settingsTable(p)}
	}
	t := Table{Caption: "By part, with " + best.String() + "; small: 95 % confidence intervals", Columns: []Column{{Name: "part"},
		{Name: "runs", Hint: "of an image", Number: true}, {Name: "ms a run", Hint: "median", Number: true}, {Name: "ms in an image", Number: true},
		{Name: "share\u00a0%", Number: true}, {Name: "peak MiB", Hint: "resident set of a process with this part alone", Number: true}}}
	for i, time := range best.Parts {
		row := time.Row()
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Text: time.Name}, {Text: strconv.Itoa(p.Parts[i].Runs)}, {Text: number(time.RunMS), Note: bounds(row.LatencyCI)},
			{Text: number(time.ImageMS)}, {Text: fmt.Sprintf("%.1f", 100*time.Share)}, size(row, "peak_rss_bytes", row.Memory.PeakBytes)}})
	}
	own, share, known := p.OwnWork(best)
	if known {
		t.Rows = append(t.Rows, Row{Cells: Cells("Go's own work", "", "", number(own), fmt.Sprintf("%.1f", 100*share), "")})
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
	figure := bars(Figure{Title: "An image by part", Note: "Median runs, as often as an image takes them.", Wide: true,
		Desc: "Stacked bars: what each part takes of an image's time."}, "time of an image (ms)", nil, names, rows,
		func(p part) string { return p.name + " " + number(p.value) + " ms" })
	return []Block{t, figure, settingsTable(p)}
}

func settingsTable(p *bench.Pipeline) Table {
	t := Table{Caption: "In all settings", Columns: []Column{{Name: "settings"}, {Name: "ms an image", Number: true}, {Name: "verdict"}}}
	for i, s := range p.Settings {
		row, verdict := Row{}, Cell{}
		switch {
		case s.ImageMS == nil:
			t.Rows = append(t.Rows, Row{Cells: []Cell{{Text: s.String()}, {Text: "unknown", Note: s.Reason, Mark: Dim}, {Text: "can't win", Mark: Dim}}})
			continue
		case i == 0:
			row.Mark, verdict = Best, Cell{Text: recommended, Mark: Best}
		case s.Tie:
			verdict.Text = tie
		}
		row.Cells = []Cell{{Text: s.String()}, {Text: number(*s.ImageMS), Note: bounds(s.ImageCI)}, verdict}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// partBlocks are a part's own report, but for what all parts have in common.
func partBlocks(p bench.Part) []Block {
	r := newResults(p.Results)
	blocks := []Block{Text(fmt.Sprintf("An image takes %s of it.", count(p.Runs, "run")))}
	if v := r.Verdict; v != nil {
		if best := r.row(v.Recommended); best != nil {
			blocks = append(blocks, Notice{Good, "Alone it is fastest with " + bench.SettingOf(best.Config).String() + ".", r.figures(best)})
		}
		blocks = append(blocks, List(v.Reasons))
	}
	for _, section := range []Section{{"Time and latency", r.speedFigures()}, {"Where the time goes", r.timeBlocks()}, {"Memory", r.memoryBlocks()},
		{"All cells", r.tables()}, {"Overhead of ortho", r.overhead()}, {"Cells that could not win", r.losers()}, {"What was measured", r.environment()}} {
		if len(section.Blocks) > 0 {
			blocks = append(blocks, Fold(section))
		}
	}
	return blocks
}
