package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/models"
	"ortho/models/dual"
)

func newEmbedCommand() *cli.Command {
	o := &embedOptions{
		images:  flags.Images{Optional: true, Planned: true},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Embed},
	}
	own := flags.Own{
		&cli.StringFlag{Name: "texts", Destination: &o.texts, Category: "Input", Usage: "in place of images the lines of a `FILE`, by the half for texts of a model of both; - is standard input"},
		&cli.BoolFlag{Name: "normalize", Destination: &o.normalize, Category: "Output", Usage: "scale each embedding to a length of 1: the product of two is the cosine of their angle"},
	}
	return flags.Command(cli.Command{
		Name:        "embed",
		Usage:       "have a model's output stand for images, as numbers",
		ArgsUsage:   "[SRC...]",
		Description: help("embed"),
	}, o.run, own, &o.rows, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

// check refuses what can't be embedded.
func (o *embedOptions) check(call *flags.Call) error {
	switch {
	case o.texts == "" && call.Given("texts"):
		return commandline.Usagef("--texts names no file (- is standard input)")
	case o.texts == "" && len(call.Args) == 0 && !flags.GivesImages(call):
		return commandline.Usagef("no images named: give files, folders, globs, @list.txt or - (standard input); or --texts FILE")
	case o.texts != "" && (flags.GivesImages(call) || call.Given("shard")):
		return commandline.Usagef("--texts stands alone: images get rows of their own, in another run of the same model")
	case o.texts != "" && !dual.Is(o.model.Name):
		return fmt.Errorf("%s takes no texts beside images: --texts needs a model of both. %s", o.model.Name, howToExport)
	}
	return nil
}

func (o *embedOptions) run(ctx context.Context, call *flags.Call) error {
	if err := o.check(call); err != nil {
		return err
	}
	to := job.Output{UI: call.UI, Rows: &o.rows, Progress: &o.progress, FailFast: &o.decoding.FailFast,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	if o.texts != "" {
		return o.runTexts(ctx, call, to)
	}
	return o.runImages(ctx, call, to)
}
