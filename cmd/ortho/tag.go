package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/images"
	"ortho/models/tag"
	"ortho/runner"
)

// tagOptions is what the flags of tag say.
type tagOptions struct {
	picked   pickOptions
	captions captions
	lookOptions
}

// pickOptions say which tags are picked.
type pickOptions struct {
	given      []string
	threshold  *float64 // nil: as usual
	byCategory map[string]float64
	mcut       bool
}

func (o *pickOptions) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "threshold", Category: out, DefaultText: "0.5; where tags have categories 0.35, character=0.85",
			Usage: "tags above `P` (0 to 1), or CATEGORY=P of one category; may be repeated"}, Values: &o.given},
		&cli.BoolFlag{Name: "mcut", Destination: &o.mcut, Category: out, Usage: "put each category's threshold into the widest gap between its probabilities"},
	}
}

func (o *pickOptions) Read(c *flags.Call) error {
	o.threshold, o.byCategory = nil, map[string]float64{}
	for _, text := range o.given {
		category, number, named := strings.Cut(text, "=")
		if !named {
			category, number = "", text
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0 && v <= 1) {
			return commandline.Usagef("--threshold %q: a number from 0 to 1, or CATEGORY=NUMBER", text)
		}
		if named {
			o.byCategory[strings.TrimSpace(category)] = v
		} else {
			o.threshold = &v
		}
	}
	if o.mcut && c.Given("threshold") {
		return commandline.Usagef("--mcut finds thresholds itself: leave --threshold out")
	}
	return nil
}

// rules are those of the labels, with what is given in place of theirs.
func (o *pickOptions) rules(labels []models.Label) (tag.Rules, error) {
	r := tag.For(labels)
	if o.threshold != nil {
		r.Threshold, r.ByCategory = *o.threshold, map[string]float64{}
	}
	for category, v := range o.byCategory {
		if !slices.ContainsFunc(labels, func(l models.Label) bool { return l.Category == category }) {
			return r, commandline.Usagef("--threshold %s=: no tag is of such a category", category)
		}
		if r.ByCategory == nil {
			r.ByCategory = map[string]float64{}
		}
		r.ByCategory[category] = v
		r.Best = slices.DeleteFunc(r.Best, func(name string) bool { return name == category })
	}
	r.MCut = o.mcut
	return r, nil
}

// settings are those of the options that change rows.
func (o *pickOptions) settings() record.Settings {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	var all []string
	if o.threshold != nil {
		all = append(all, number(*o.threshold))
	}
	for _, category := range slices.Sorted(maps.Keys(o.byCategory)) {
		all = append(all, category+"="+number(o.byCategory[category]))
	}
	return record.Settings{{Key: "threshold", Value: strings.Join(all, ",")}, {Key: "mcut", Value: strconv.FormatBool(o.mcut)}}
}

// captions are texts beside the rows: a file for each image, with its tags.
type captions struct {
	folder *beside.Folder
	spaces bool
}

func (c *captions) Flags() []cli.Flag {
	return []cli.Flag{&cli.BoolFlag{Name: "spaces", Destination: &c.spaces, Category: "Output", Usage: "in captions, spaces in place of underscores; faces such as ^_^ stay"}}
}

func (c *captions) Read(call *flags.Call) error {
	if c.spaces && !call.Given("captions") {
		return commandline.Usagef("--spaces is for --captions")
	}
	return nil
}

// text is what a caption says: tags with commas between them, but for what rates an image.
func (c *captions) text(tags []tag.Tag) string {
	var all []string
	for _, t := range tags {
		if t.Category == "rating" {
			continue
		}
		name := term.UTF8(rows.NameOfTag(t))
		if c.spaces && len([]rune(name)) > 3 {
			name = strings.ReplaceAll(name, "_", " ")
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

func (c *captions) make(item *beside.Item, made taggedImage) error {
	return c.folder.Put(item, func(w io.Writer) error {
		_, err := io.WriteString(w, c.text(made.tags)+"\n")
		return err
	})
}

func newTagCommand() *cli.Command {
	folder := &beside.Folder{Flag: "captions", Ending: ".txt", Usage: "also write the tags of each image to the folder `DIR`, as IMAGE.txt: a, b, c"}
	o := &tagOptions{captions: captions{folder: folder}, lookOptions: lookOptions{
		images:  flags.Images{Planned: true},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with their tags and needs no network"},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Classify, Without: []string{"task", "output-name", "temperature"}},
		files:   beside.New(folder),
	}}
	return flags.Command(cli.Command{
		Name:        "tag",
		Usage:       "name all that images show, by a model of many labels",
		ArgsUsage:   "SRC...",
		Description: help("tag"),
	}, o.run, o.groups(&o.picked, &o.captions)...)
}

// taggedImage has the tags of an image.
type taggedImage struct {
	tags []tag.Tag
	images.Size
}

func (o *tagOptions) run(ctx context.Context, call *flags.Call) error {
	return runLook(ctx, call, &o.lookOptions, rows.TagsCodec, func(model *models.Model) (*look[taggedImage, rows.Tags], error) {
		graph := o.lookOptions.run()
		classifier, err := classify.Open(ctx, model, classify.Options{Runner: graph.Runner, Batch: graph.Batch, Concurrency: graph.Concurrency,
			MaxPixels: graph.MaxPixels, Scaled: graph.Scaled, Timeout: graph.Timeout, Top: tag.Most})
		if err != nil {
			return nil, err
		}
		spec := classifier.Spec()
		rules, err := o.picked.rules(spec.Labels)
		if err != nil {
			return nil, errors.Join(err, classifier.Close())
		}
		if spec.Activation == models.Softmax {
			call.UI.Warn(fmt.Sprintf("the classes of %s exclude each other (softmax): their probabilities sum to 1, and hardly more than one is a tag", model.Name))
		}
		return &look[taggedImage, rows.Tags]{
			graph:    classifier,
			settings: o.picked.settings(),
			beside:   record.Settings{{Key: "spaces", Value: map[bool]string{true: "true"}[o.captions.spaces]}},
			labels:   spec.Labels,
			title:    "What " + model.Name + " tags",
			each: func(ctx context.Context, items iter.Seq[*beside.Item]) iter.Seq[runner.Result[*beside.Item, taggedImage]] {
				return picked(classify.Each(ctx, classifier, items, (*beside.Item).Input), rules, spec.Labels)
			},
			row: func(name string, made taggedImage) rows.Tags {
				return rows.Tags{Head: output.Head{Input: name}, Width: made.Width, Height: made.Height, Tags: made.tags}
			},
			make:  o.captions.make,
			ended: func() { tellSeen(call.UI, spec.OutputName, classifier.Seen()) },
			card: func(ctx context.Context, row rows.Tags, item source.Item) report.Card {
				return tagCard(ctx, row, item, o.decoding.Pixels)
			},
		}, nil
	})
}

// picked are the tags that rules pick of the classes of images.
func picked(all iter.Seq[runner.Result[*beside.Item, classify.Result]], rules tag.Rules, labels []models.Label) iter.Seq[runner.Result[*beside.Item, taggedImage]] {
	return func(yield func(runner.Result[*beside.Item, taggedImage]) bool) {
		for r := range all {
			made := runner.Result[*beside.Item, taggedImage]{Item: r.Item, Err: r.Err}
			if r.Err == nil {
				made.Value = taggedImage{rules.Pick(rows.Predictions(r.Value.Predictions), labels), images.Size{Width: r.Value.Width, Height: r.Value.Height}}
			}
			if !yield(made) {
				return
			}
		}
	}
}

// tagCard shows an image with its tags.
func tagCard(ctx context.Context, row rows.Tags, item source.Item, maxPixels int64) report.Card {
	card := imageCard(ctx, item, row.Head, row.Failure, maxPixels)
	if row.Error != nil {
		return card
	}
	for _, t := range row.Tags[:min(len(row.Tags), galleryBars)] {
		card.Bars = append(card.Bars, report.Bar{Label: rows.NameOfTag(t), Probability: t.Probability})
	}
	switch more := len(row.Tags) - len(card.Bars); {
	case len(row.Tags) == 0:
		card.Note = "no tag"
	case more > 0:
		card.Note = fmt.Sprintf("the first %d of %d tags", len(card.Bars), len(row.Tags))
	}
	return card
}
