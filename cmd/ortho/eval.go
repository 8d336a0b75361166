package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/models"
	"ortho/models/bundled"
)

func newEvalCommand() *cli.Command {
	o := &evalOptions{
		session: flags.Session{Batches: true},
		model:   flags.Model{Default: bundled.Default, Task: models.Classify},
		read:    flags.Overrides{Task: models.Classify},
	}
	const in, out = "Input", "Output"
	own := flags.Own{
		&cli.StringFlag{Name: "data", Destination: &o.data, Category: in, Usage: "the images and their classes: a `FOLDER` with a sub-folder for each class, or a CSV file with the columns input,label"},
		&cli.StringFlag{Name: "truth", Destination: &o.truth, Value: "auto", Category: in, Usage: "what the data's names of classes are: id, label, index, or rank (sub-folders in the order of their names, as ImageFolder has them) (`KIND`); auto takes any of the first three that means one class"},
		&cli.BoolFlag{Name: "json", Destination: &o.json, Category: out, Usage: "print JSON"},
		&cli.StringFlag{Name: "output", Destination: &o.output, Aliases: []string{"o"}, Category: out, Usage: "also write the JSON to `FILE`"},
		&cli.StringFlag{Name: "html", Destination: &o.html, Category: out, Usage: "also write a report to `FILE`, a page that needs no network"},
		&cli.BoolFlag{Name: "overwrite", Destination: &o.overwrite, Category: out, Usage: "replace existing files"},
	}
	return flags.Command(cli.Command{
		Name:        "eval",
		Usage:       "measure how often a model is right, on images whose class is known",
		Description: help("eval"),
	}, o.run, own, &o.progress, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

func (o *evalOptions) run(ctx context.Context, call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("eval takes no arguments: give the images with --data")
	}
	if err := o.checkOutputs(call); err != nil {
		return err
	}
	return o.evaluateClasses(ctx, call)
}
