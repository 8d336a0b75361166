package pages

import (
	"bytes"
	"strings"
	"testing"

	"ortho/runner/bench"
	"ortho/runner/stats"
)

// pipelineFixture is a pipeline both of whose parts have the figures of the fixture.
func pipelineFixture(t *testing.T) *bench.Pipeline {
	t.Helper()
	guidance, work, wall, peak := 7.5, 25.0, 1800.0, int64(900<<20)
	p := &bench.Pipeline{
		Kind: bench.KindPipeline, Format: bench.Format, Ortho: "0.8.0", Command: "ortho bench run -m stable -o results", Name: "stable", Class: "StableDiffusionPipeline",
		Image: bench.Image{Width: 512, Height: 512, Steps: 20, Guidance: &guidance, Scheduler: "pndm"},
		Parts: []bench.Part{{Name: "unet", Runs: 21, File: "unet.jsonl", Results: fixture(t)}, {Name: "vae_decoder", Runs: 1, File: "vae_decoder.jsonl", Results: fixture(t)}},
		Work:  bench.Work{Provider: "cpu", Threads: 2, Steps: 21, Of: 21, StepMS: &stats.Summary{N: 20, P50: 0.4}, ImageMS: &work, WallMS: &wall, PeakBytes: &peak},
		Flags: "--provider cpu --threads 2",
	}
	for _, part := range p.Parts { // one batch: what an image needs
		var rows []bench.Row
		for _, r := range part.Results.Rows {
			if r.Batch == 1 && r.Concurrency == 1 {
				rows = append(rows, r)
			}
		}
		part.Results.Rows = rows
	}
	p.Settle()
	return p
}

func TestPipeline(t *testing.T) {
	text := Pipeline(pipelineFixture(t)).Markdown()
	for _, want := range []string{"# Benchmark of stable", "an image of 512x512 in 20 steps, scheduler pndm, guidance 7.5", "--provider cpu --threads 2", "| unet | 21 |", "Go's own work", "## vae\\_decoder", "An image takes 1 run of it."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// TestPipelineMissing takes one thing after another away: no report may fail for it.
func TestPipelineMissing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bench.Pipeline)
		want   string
	}{
		"nothing":      {func(*bench.Pipeline) {}, "An image takes"},
		"not finished": {func(p *bench.Pipeline) { p.Settings, p.Parts[1].Results = nil, nil }, "did not finish"},
		"no work":      {func(p *bench.Pipeline) { p.Work = bench.Work{Reason: "it was cut"}; p.Settle() }, "it was cut"},
		"no settings": {func(p *bench.Pipeline) {
			for i := range p.Parts[0].Results.Rows {
				p.Parts[0].Results.Rows[i].Equal = nil
			}
			p.Settle()
		}, "No settings fit"},
		"bare rows": {func(p *bench.Pipeline) {
			for i, row := range p.Parts[1].Results.Rows {
				p.Parts[1].Results.Rows[i] = bench.Row{Config: row.Config, Status: row.Status, LatencyMS: row.LatencyMS, Equal: row.Equal}
			}
			p.Parts[1].Results.Verdict = nil
			p.Settle()
		}, "unknown"},
		"hostile names": {func(p *bench.Pipeline) {
			p.Name, p.Class, p.Command, p.Flags, p.Image.Scheduler, p.Parts[0].Name, p.Work.Provider = hostile, hostile, hostile, hostile, hostile, hostile, hostile
			for i := range p.Parts {
				for j := range p.Parts[i].Results.Rows {
					p.Parts[i].Results.Rows[j].Providers = hostile
				}
			}
			p.Settle()
		}, "Benchmark of"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pipelineFixture(t)
			c.change(p)
			var b bytes.Buffer
			if err := Pipeline(p).WriteHTML(&b); err != nil {
				t.Fatal(err)
			}
			if _, after, found := strings.Cut(b.String(), "is missing:"); found {
				t.Error("a figure is missing:", after[:100])
			}
			if n := strings.Count(b.String(), "<script"); n != 1 {
				t.Errorf("%d scripts", n)
			}
			if !strings.Contains(b.String(), c.want) {
				t.Errorf("the page lacks %q", c.want)
			}
			if Pipeline(p).Markdown() == "" {
				t.Error("no Markdown")
			}
		})
	}
}
