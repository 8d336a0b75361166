package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/dual"
)

func newEvalCommand() *cli.Command {
	o := &evalOptions{
		session:  flags.Session{Batches: true},
		model:    flags.Model{Default: bundled.Default, Task: models.Classify},
		read:     flags.Overrides{Task: models.Classify, Also: []models.Task{models.Detect, models.Segment, models.Embed}},
		decoding: flags.Decoding{FailFast: flags.FailFast{Uncapped: true}},
	}
	const in, out, answers = "Input", "Output", "Answers"
	own := flags.Own{
		&cli.StringFlag{Name: "data", Destination: &o.data, Category: in, Usage: "images and what is known of them (`PATH`): of classes a folder with a sub-folder for each, or a CSV file with the columns input,label; of boxes COCO's .json, or a folder or data.yaml of YOLO's; of maps a folder with images/ and masks/, or COCO's panoptic .json; of tags a CSV (input,tags), or a folder with a txt beside each image; of texts a CSV (input,text)"},
		&cli.StringFlag{Name: "images", Destination: &o.images, Category: in, DefaultText: "beside the truth", Usage: "the `FOLDER` of the images that COCO's .json or labels name"},
		&cli.StringFlag{Name: "truth", Destination: &o.truth, Value: "auto", Category: in, Usage: "what the data's names of classes are: id, label, index, or rank (sub-folders in the order of their names, as ImageFolder has them; other classes in that of their numbers) (`KIND`); auto takes any of the first three that means one class, and of boxes, maps and tags labels alone"},
		&cli.BoolFlag{Name: "common", Destination: &o.common, Category: in, Usage: "judge only classes that both the data and the model have"},
		&cli.IntFlag{Name: "limit", Destination: &o.limit, Category: in, Usage: "take `N` images, evenly spread over all"},
		&cli.StringFlag{Name: "against", Destination: &o.against, Category: in, Usage: "also run another `MODEL` in turns on the same images, and say what the first costs or gains, and how much faster it is"},
		&cli.Float64Flag{Name: "conf", Destination: &o.confidence, Category: answers, DefaultText: "0.001; of segments 0.9", Usage: "judge boxes, or segments of queries, that score above `P` (0 to 1)"},
		&cli.Float64Flag{Name: "iou", Destination: &o.overlap, Category: answers, DefaultText: "as the family's own program has it", Usage: "of two boxes of a class that overlap by more than `P`, leave the worse one out"},
		&cli.IntFlag{Name: "max-det", Destination: &o.most, Category: answers, DefaultText: "300", Usage: "the best `N` boxes of each image; 0: all"},
		&cli.BoolFlag{Name: "json", Destination: &o.json, Category: out, Usage: "print JSON"},
		&cli.StringFlag{Name: "output", Destination: &o.output, Aliases: []string{"o"}, Category: out, Usage: "also write the JSON to `FILE`"},
		&cli.StringFlag{Name: "html", Destination: &o.html, Category: out, Usage: "also write a report to `FILE`, a page that needs no network"},
		&cli.BoolFlag{Name: "overwrite", Destination: &o.overwrite, Category: out, Usage: "replace existing files"},
	}
	return flags.Command(cli.Command{
		Name:        "eval",
		Usage:       "measure how good a model is, on images of which the truth is known",
		Description: help("eval"),
	}, o.run, own, &o.picked, o.texts.flags(), &o.progress, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

func (o *evalOptions) run(ctx context.Context, call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("eval takes no arguments: give the images with --data")
	}
	if err := o.checkOutputs(call); err != nil {
		return err
	}
	if err := o.check(call); err != nil {
		return err
	}
	if o.texts.labels == "" && o.against == "" && !dual.Is(o.model.Name) && o.data != "" {
		model, err := o.read.Open(call.UI, o.model.Name)
		if err != nil {
			return err
		}
		if model.Task == models.Classify && !dataset.Tagged(o.data) {
			return o.evaluateClasses(ctx, call, model)
		}
	}
	c, err := o.candidate(ctx, call, o.model.Name)
	if err != nil {
		return err
	}
	s, err := o.subject(call, c)
	if err != nil {
		return err
	}
	return o.evaluateSubject(ctx, call, s, c)
}

// subject is what the data tells of images for a model's task.
func (o *evalOptions) subject(call *flags.Call, c *candidate) (*subject, error) {
	texts := dataset.HasColumn(o.data, "text")
	switch {
	case o.texts.labels != "":
		return o.zeroShot(call)
	case texts:
		return o.captions(call)
	case c.model.Task == models.Embed:
		return o.alike(call)
	case c.model.Task == models.Detect:
		return o.objects(call)
	case c.model.Task == models.Segment:
		return o.maps(call)
	case c.model.Task == models.Classify && dataset.Tagged(o.data):
		return o.tags(call)
	case c.model.Task == models.Classify:
		return o.classesAgainst(call)
	}
	_, err := c.model.Classifier()
	return nil, err
}
