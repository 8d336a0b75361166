package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
)

func newGenerateCommand() *cli.Command {
	o := &generateOptions{
		page: flags.Page{Usage: "also write a page to `FILE`, which shows the first images (before and after) and needs no network"},
		read: flags.Overrides{Task: models.Generate},
	}
	return flags.Command(cli.Command{
		Name:        "generate",
		Usage:       "make images: of images, texts, classes or chance",
		ArgsUsage:   "[SRC... | TEXT]",
		Description: help("generate"),
	}, o.run, o)
}

func (o *generateOptions) run(ctx context.Context, call *flags.Call) error {
	g := &generation{generateOptions: o, ui: call.UI, reads: call.Reads, replaces: o.to.Mode != record.Fresh}
	to := job.Output{UI: call.UI, Rows: o.to.Rows(), Page: &o.page, Progress: &o.progress, FailFast: &o.failFast, Reads: call.Reads,
		Folder: o.to.Folder, InMemory: o.to.Folder == "", AlwaysSummary: o.session.Chosen()}
	switch o.of {
	case ofImages:
		to.Images = &o.images
		return job.Run(ctx, to, rows.PicturesCodec, func() (*job.Job[imageRequest, rows.Pictures], error) { return g.imagesJob(ctx) })
	case ofPrompts:
		return job.Run(ctx, to, rows.PicturesCodec, func() (*job.Job[request, rows.Pictures], error) { return g.promptsJob(ctx) })
	}
	return job.Run(ctx, to, rows.PicturesCodec, func() (*job.Job[request, rows.Pictures], error) { return g.samplesJob(ctx) })
}

// samplesJob makes pictures by a model of one graph.
func (g *generation) samplesJob(ctx context.Context) (*job.Job[request, rows.Pictures], error) {
	fallback := ""
	if len(g.made.texts)+len(g.made.classes) > 0 {
		fallback = defaultDrawer
	}
	var graph *graphEngine
	if err := g.open(ctx, func(ctx context.Context) (err error) {
		graph, err = g.openGraph(ctx, fallback)
		return err
	}); err != nil {
		return nil, err
	}
	r := g.newSampleRun(graph)
	if err := r.plan(ctx, graph); err != nil {
		return nil, g.failed(err)
	}
	return r.job(ctx, "images"), nil
}

// job makes the pictures of the series, and what shows them together. counts is what progress
// counts.
func (r *sampleRun) job(ctx context.Context, counts string) *job.Job[request, rows.Pictures] {
	return &job.Job[request, rows.Pictures]{
		Unit: "image", Counts: counts, Progress: func(bar *term.Progress) { r.bar = bar },
		Items:  r.requests(),
		Name:   func(one request) string { return one.name },
		Stamp:  func(_ context.Context, one request) source.Stamp { return one.stamp() },
		Fits:   func(one request, row rows.Pictures) bool { return row.File == r.fileOf(one) },
		Listed: seriesSettings,
		Survey: r.survey,
		Record: func(string) (record.Record, error) { return r.describe(ctx, r.settings()) },
		Rows:   r.rows,
		How:    r.how(),
		Close:  r.close,
		Gone:   r.gone(),
		Finish: r.show,
		Ended:  r.ended,
		Title:  "What " + r.name + " makes",
		Card:   r.cards(), AtOnce: 1,
	}
}

// promptsJob makes pictures of prompts.
func (g *generation) promptsJob(ctx context.Context) (*job.Job[request, rows.Pictures], error) {
	if err := g.prompt.readPictures(ctx, g.maxPixels.Pixels); err != nil {
		return nil, err
	}
	e := &pipelineEngine{asked: &g.prompt, stepped: func(s diffusion.Step) { g.bar.Stepped(s.Of) }}
	if err := g.open(ctx, func(ctx context.Context) error { return g.openPipeline(ctx, e) }); err != nil {
		return nil, err
	}
	r := g.newSampleRun(e)
	if err := r.planPrompts(ctx, e); err != nil {
		return nil, g.failed(err)
	}
	e.tell(g.ui, g.made.texts, g.progress.Quiet)
	made := r.job(ctx, "steps")
	made.Close = func() error {
		defer e.preview.remove() // when no image is under way any more
		return g.close()
	}
	return made, nil
}
