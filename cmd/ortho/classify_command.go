package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/models"
	"ortho/models/bundled"
)

func newClassifyCommand() *cli.Command {
	o := &classifyOptions{
		images:  flags.Images{Planned: true},
		rows:    flags.Rows{Images: true},
		session: flags.Session{Batches: true},
		model:   flags.Model{Default: bundled.Default, Task: models.Classify},
		read:    flags.Overrides{Task: models.Classify},
	}
	return flags.Command(cli.Command{
		Name:        "classify",
		Usage:       "say what images show",
		ArgsUsage:   "SRC...",
		Description: help("classify"),
	}, o.run, o.zeroShot.flags(), &o.answers, &o.rows, &o.page, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

func (o *classifyOptions) run(ctx context.Context, call *flags.Call) error {
	if !o.rows.Raw() && (o.answers.Logits || o.rows.Format != "table" && o.read.OutputName != "") {
		return commandline.Usagef("raw outputs need -f jsonl, json or parquet")
	}
	if err := o.zeroShot.check(call, o.model.Name); err != nil {
		return err
	}
	to := job.Output{UI: call.UI, Rows: &o.rows, Page: &o.page, Progress: &o.progress, FailFast: &o.decoding.FailFast,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	if o.zeroShot.labels != "" {
		return o.runZeroShot(ctx, call, to)
	}
	return o.runClasses(ctx, call, to)
}
