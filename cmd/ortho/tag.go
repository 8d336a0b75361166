package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/tag"
)

// tagOptions is what the flags of tag say.
type tagOptions struct {
	picked   pickOptions
	captions captions
	rows     flags.Rows
	page     flags.Page
	progress flags.Progress
	images   flags.Images
	decoding flags.Decoding
	timeout  flags.Timeout
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
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
	r := tag.Usual()
	if tag.Categorised(labels) {
		r = tag.Danbooru()
	}
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
	to     string // a folder; "": none
	spaces bool

	shelf *shelf.Shelf
	names shelf.Names
}

func (c *captions) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "captions", Destination: &c.to, Category: out, Usage: "also write the tags of each image to the folder `DIR`, as IMAGE.txt: a, b, c"},
		&cli.BoolFlag{Name: "spaces", Destination: &c.spaces, Category: out, Usage: "in captions, spaces in place of underscores; faces such as ^_^ stay"},
	}
}

func (c *captions) Read(call *flags.Call) error {
	if call.Given("captions") && (c.to == "" || c.to == "-") {
		return commandline.Usagef("--captions names no folder")
	}
	if c.spaces && c.to == "" {
		return commandline.Usagef("--spaces is for --captions")
	}
	return nil
}

// open makes sure that the folder is none that the run reads.
func (c *captions) open(call *flags.Call, to *flags.Rows) error {
	if c.to == "" {
		return nil
	}
	if info, err := os.Stat(c.to); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is there, and is no folder", c.to)
	}
	reads, err := call.Reads.In(c.to)
	if err != nil {
		return err
	}
	c.shelf = &shelf.Shelf{Reads: reads, Folder: c.to, Overwrite: to.Mode == record.Overwrite, Again: to.Resumes()}
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

// write writes the caption of an image.
func (c *captions) write(item source.Item, tags []tag.Tag) error {
	name, err := c.names.Take(item.Path, ".txt", item.Name)
	if err != nil {
		return err
	}
	file, err := c.shelf.Create(name, item.File)
	if err != nil {
		return err
	}
	if _, err = file.WriteString(c.text(tags) + "\n"); err == nil {
		err = file.Complete()
	}
	if err != nil {
		file.Discard()
		return err
	}
	return file.Commit()
}

func newTagCommand() *cli.Command {
	o := &tagOptions{
		images:  flags.Images{Planned: true},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with their tags and needs no network"},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Classify, Without: []string{"task", "output-name", "temperature"}},
	}
	return flags.Command(cli.Command{
		Name:        "tag",
		Usage:       "name all that images show, by a model of many labels",
		ArgsUsage:   "SRC...",
		Description: help("tag"),
	}, o.run, &o.picked, &o.captions, &o.rows, &o.page, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

func (o *tagOptions) run(ctx context.Context, call *flags.Call) error {
	to := job.Output{UI: call.UI, Rows: &o.rows, Page: &o.page, Progress: &o.progress, FailFast: &o.decoding.FailFast,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.TagsCodec, func() (*job.Job[source.Item, rows.Tags], error) {
		model, err := o.read.Open(call.UI, o.model.Name)
		if err != nil {
			return nil, err
		}
		o.session.Check(ctx, call.UI, model)
		classifier, err := classify.Open(ctx, model, classify.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
			MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage, Top: tag.Most})
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, classifier.Session())
		spec := classifier.Spec()
		rules, err := o.picked.rules(spec.Labels)
		if err == nil {
			err = o.captions.open(call, &o.rows)
		}
		if err != nil {
			return nil, errors.Join(err, classifier.Close())
		}
		if spec.Activation == models.Softmax {
			call.UI.Warn(fmt.Sprintf("the classes of %s exclude each other (softmax): their probabilities sum to 1, and hardly more than one is a tag", model.Name))
		}
		return &job.Job[source.Item, rows.Tags]{
			Unit:   "image",
			Items:  o.images.Items(),
			Name:   nameOf,
			Stamp:  o.images.Stamp,
			Survey: o.images.Survey,
			Record: func(format string) (record.Record, error) {
				return job.Described(ctx, o.settings(format), model, classifier.Session(), spec.Labels)
			},
			Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Tags]] {
				return o.tagged(ctx, classifier, rules, items)
			},
			How:      howOf(classifier),
			Unturned: classifier.Unturned,
			Ended: func(error) {
				flags.TellUnturned(call.UI, model, classifier.Unturned())
				tellSeen(call.UI, spec.OutputName, classifier.Seen())
			},
			Close: classifier.Close,
			Title: "What " + model.Name + " tags",
			Item:  func(item source.Item) source.Item { return item },
			Card: func(ctx context.Context, row rows.Tags, item source.Item) report.Card {
				return tagCard(ctx, row, item, o.decoding.Pixels)
			},
			AtOnce: runtime.GOMAXPROCS(0),
		}, nil
	})
}

// settings are the options that change rows.
func (o *tagOptions) settings(format string) record.Settings {
	return slices.Concat(record.Settings{{Key: "format", Value: format}}, o.picked.settings(),
		record.Settings{{Key: "shard", Value: o.images.Shard().String()}}, o.decoding.Settings(), o.session.Settings())
}

// tagged makes a row for each image, and its caption.
func (o *tagOptions) tagged(ctx context.Context, classifier *classify.Classifier, rules tag.Rules, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Tags]] {
	return func(yield func(job.Answer[rows.Tags]) bool) {
		if o.captions.shelf != nil {
			defer o.captions.shelf.Sweep()
		}
		var under underWay
		labels := classifier.Spec().Labels
		for r := range classifier.Stream(ctx, under.inputs(items)) {
			item := under.next()
			if all := (*classify.SizeError)(nil); errors.As(r.Err, &all) {
				yield(job.Answer[rows.Tags]{End: all})
				return
			}
			row := rows.Tags{Head: output.Head{Input: item.Name}, Width: r.Result.Width, Height: r.Result.Height}
			err := r.Err
			if err == nil {
				row.Tags = rules.Pick(rows.Predictions(r.Result.Predictions), labels)
				if o.captions.shelf != nil {
					if err = o.captions.write(item, row.Tags); err != nil {
						err = models.StageWrite.Wrap(fmt.Errorf("%s: %w", item.Name, err))
					}
				}
			}
			if err != nil {
				row = output.Failed[rows.Tags](item.Name, string(models.StageOf(err)), remedy.Text(err))
			}
			if !yield(job.Answer[rows.Tags]{Row: row, Err: err}) {
				return
			}
		}
	}
}

// underWay are the images that a classifier has begun with and not answered yet, in their order.
type underWay struct {
	mu    sync.Mutex
	items []source.Item
}

func (u *underWay) inputs(items iter.Seq[source.Item]) iter.Seq[classify.Input] {
	return func(yield func(classify.Input) bool) {
		for item := range items {
			u.mu.Lock()
			u.items = append(u.items, item)
			u.mu.Unlock()
			if !yield(classify.Input{Name: item.Name, Read: item.Read}) {
				return
			}
		}
	}
}

// next is the one that is answered.
func (u *underWay) next() source.Item {
	u.mu.Lock()
	defer u.mu.Unlock()
	item := u.items[0]
	u.items = u.items[1:]
	return item
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
