package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/grounding"
	"ortho/preprocess"
	"ortho/runner"
)

// noModel is the value of -m for no classifier: there are no candidates.
const noModel = "none"

// describeOptions is what the flags of describe say.
type describeOptions struct {
	candidates  int
	noEvidence  bool
	temperature float64
	concurrency int
	dryRun      bool
	stream      bool

	witnesses witnesses
	progress  flags.Progress
	maxPixels flags.MaxPixels
	failFast  flags.FailFast
	images    flags.Images
	model     flags.Model
	rows      flags.Rows
	page      flags.Page
	chat      flags.Chat
	session   flags.Session
	read      flags.Overrides
}

func newDescribeCommand() *cli.Command {
	o := &describeOptions{
		images:  flags.Images{Asks: true, Planned: true},
		rows:    flags.Rows{Images: true},
		model:   flags.Model{Default: bundled.Default, Task: models.Classify},
		session: flags.Session{NoConcurrency: true},
		read:    flags.Overrides{Task: models.Classify},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with what is said of them and needs no network"},
	}
	const out = "Output"
	own := flags.Own{
		&cli.IntFlag{Name: "candidates", Destination: &o.candidates, Value: 10, Category: flags.CategoryChat, Usage: "the `N` most probable classes of -m, which the server chooses from"},
		&cli.BoolFlag{Name: "no-evidence", Destination: &o.noEvidence, Category: flags.CategoryChat, Usage: "the server sees these classes' names, and not how probable -m holds them"},
		&cli.Float64Flag{Name: "chat-temperature", Destination: &o.temperature, Category: flags.CategoryChat, DefaultText: "the server's", Usage: "`T` from 0 to 2"},
		&cli.IntFlag{Name: "concurrency", Destination: &o.concurrency, Category: flags.CategoryChat, Value: 4, Usage: "requests in flight"},
		&cli.BoolFlag{Name: "dry-run", Destination: &o.dryRun, Category: out, Usage: "print the requests, with a note in the images' place, and send nothing"},
		&cli.BoolFlag{Name: "stream", Destination: &o.stream, Category: out, Usage: "show the text on standard error while it comes"},
	}
	command := flags.Command(cli.Command{
		Name:        "describe",
		Usage:       "have ChatGPT say what images show",
		ArgsUsage:   "SRC...",
		Description: help("describe"),
	}, o.run, own, &o.witnesses, &o.progress, &o.maxPixels, &o.failFast, &o.images, &o.model, &o.rows, &o.page, &o.chat, &o.session, &o.read)
	command.Subcommands = []*cli.Command{flags.Command(cli.Command{Name: "prompts", Usage: "list the built-in prompts"}, listPrompts)}
	return command
}

func listPrompts(_ context.Context, call *flags.Call) error {
	for _, p := range describe.Prompts() {
		fmt.Fprintf(call.Out, "%-10s %s\n", p.Name, p.About)
	}
	return nil
}

func (o *describeOptions) run(ctx context.Context, call *flags.Call) error {
	switch {
	case o.candidates < 1 || o.candidates > 999:
		return commandline.Usagef("--candidates %d: from 1 to 999", o.candidates)
	case o.concurrency < 1 || o.concurrency > 1000:
		return commandline.Usagef("--concurrency %d: from 1 to 1000", o.concurrency)
	}
	describer, err := o.openDescriber(call)
	if err != nil {
		return err
	}
	defer describer.Close()
	if o.dryRun {
		d := &imageDescriber{describer: describer, witnesses: &o.witnesses}
		defer d.close()
		if err := d.open(ctx, call, o); err != nil {
			return err
		}
		defer d.tell(call.UI)
		return d.printRequests(ctx, call.UI, o.images.Items())
	}
	if err := o.chat.CheckKey(); err != nil {
		return err
	}
	to := job.Output{UI: call.UI, Rows: &o.rows, Page: &o.page, Progress: &o.progress, FailFast: &o.failFast,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.DescriptionsCodec, func() (*job.Job[source.Item, rows.Descriptions], error) {
		d := &imageDescriber{describer: describer, witnesses: &o.witnesses}
		if err := d.open(ctx, call, o); err != nil {
			return nil, errors.Join(err, d.close())
		}
		return &job.Job[source.Item, rows.Descriptions]{
			Unit:   "image",
			Items:  o.images.Items(),
			Name:   nameOf,
			Stamp:  o.images.Stamp,
			Survey: o.images.Survey,
			Record: func(format string) (record.Record, error) { return d.recorded(ctx, format, o) },
			Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Descriptions]] {
				o.chat.TellHost(call.UI, describer)
				return d.rows(ctx, items)
			},
			How:      record.Speed{Provider: describer.Host().Name, Batch: 1, Concurrency: o.concurrency},
			Unturned: d.unturned,
			Ended: func(error) {
				d.tell(call.UI)
				if s := o.witnesses.summary(); s != "" && !o.progress.Quiet {
					call.Info(s)
				}
				if u := describer.Usage(); u.Requests > 0 && !o.progress.Quiet {
					call.Info(fmt.Sprintf("%s: %d tokens of prompts (%d cached), %d of answers (%d of reasoning)",
						term.Counted(int64(u.Requests), "request"), u.Prompt, u.Cached, u.Completion, u.Reasoning))
				}
			},
			Close: d.close,
			Title: "What " + o.chat.Options.Model + " says",
			Item:  func(item source.Item) source.Item { return item },
			Card: func(ctx context.Context, row rows.Descriptions, item source.Item) report.Card {
				return descriptionCard(ctx, row, item, o.maxPixels.Pixels)
			},
			AtOnce: runtime.GOMAXPROCS(0),
		}, nil
	})
}

// descriptionCard shows an image with what is said of it.
func descriptionCard(ctx context.Context, row rows.Descriptions, item source.Item, maxPixels int64) report.Card {
	card := imageCard(ctx, item, row.Head, row.Failure, maxPixels)
	d := row.Description
	if d == nil {
		return card
	}
	if s := d.Sight; s != nil && len(s.Detections) > 0 && card.Picture.Missing == "" {
		if drawn, err := withBoxes(ctx, item, s, d.Checked, maxPixels); err == nil {
			card.Picture = drawn
		}
	}
	for _, line := range []report.Line{{Text: d.Sentence}, {Name: "objects", Text: rows.ObjectsOf(d)}, {Name: "attributes", Text: strings.Join(d.Attributes, ", ")},
		{Name: "scene", Text: d.Scene}, {Name: "class", Text: d.Class}, {Name: "mended", Text: strings.Join(d.Mended, "; ")}} {
		if line.Text != "" {
			card.Lines = append(card.Lines, line)
		}
	}
	for _, p := range d.Evidence[:min(len(d.Evidence), galleryBars)] {
		card.Bars = append(card.Bars, report.Bar{Label: p.Label, Probability: p.Probability})
	}
	return card
}

func (o *describeOptions) openDescriber(call *flags.Call) (*describe.Describer, error) {
	chat := &o.chat.Options
	chat.NoEvidence, chat.Concurrency = o.noEvidence, o.concurrency
	if o.dryRun { // nothing is sent
		chat.Key = describe.Key{}
	}
	if call.Given("chat-temperature") {
		chat.Temperature = &o.temperature
	}
	if o.stream {
		chat.Stream = (&streamed{to: call.Err}).show
	}
	return o.chat.Open()
}

// imageDescriber makes the rows: a describer, and the model whose classes are the candidates.
type imageDescriber struct {
	describer  *describe.Describer
	classifier *classify.Classifier // nil: none
	model      *models.Model
	witnesses  *witnesses
	evidence   *describe.Evidence // what they say
}

// open opens the classifier, and the models of --detector and the like.
func (d *imageDescriber) open(ctx context.Context, call *flags.Call, o *describeOptions) error {
	if err := d.openClassifier(ctx, call, o); err != nil {
		return err
	}
	if err := d.witnesses.open(ctx, call, &o.session, imagesFor(o.session.Runner, o.maxPixels.Pixels), o.chat.Options.Language); err != nil {
		return err
	}
	d.evidence = describe.NewEvidence(d.classifier, d.witnesses.Witnesses, cmp.Or(d.witnesses.atOnce(), o.concurrency))
	return nil
}

func (d *imageDescriber) openClassifier(ctx context.Context, call *flags.Call, o *describeOptions) (err error) {
	if o.model.Name == noModel {
		return nil
	}
	if d.model, err = o.read.Open(call.UI, o.model.Name); err != nil {
		return err
	}
	o.session.Check(ctx, call.UI, d.model)
	options := classify.Options{Runner: o.session.Runner, Top: o.candidates, MaxPixels: o.maxPixels.Pixels}
	if d.classifier, err = classify.Open(ctx, d.model, options); err != nil {
		return err
	}
	flags.TellSession(call.UI, d.classifier.Session())
	return nil
}

// unturned is how many images the classifier read unturned. (The server gets them upright.)
func (d *imageDescriber) unturned() int64 {
	if d.classifier == nil {
		return d.witnesses.unturned()
	}
	return d.classifier.Unturned()
}

// tell says what the classifier saw of the images that may not be meant.
func (d *imageDescriber) tell(ui *term.UI) {
	if d.classifier != nil {
		flags.TellUnturned(ui, d.model, d.unturned())
		tellSeen(ui, d.classifier.Spec().OutputName, d.classifier.Seen())
	}
}

func (d *imageDescriber) close() error {
	err := d.witnesses.close()
	if d.classifier != nil {
		err = errors.Join(err, d.classifier.Close())
	}
	return err
}

// rows makes a row for each item. An error that every image would meet ends the run.
func (d *imageDescriber) rows(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Descriptions]] {
	return func(yield func(job.Answer[rows.Descriptions]) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for r := range runner.Map(ctx, d.evidence.Paced(ctx, imagesOfItems(items)), d.describer.Limit(), d.row) {
			err := r.Err
			if err != nil {
				err = fmt.Errorf("%s: %w", r.Item.Name, err)
			}
			switch {
			case describe.Fatal(err):
				yield(job.Answer[rows.Descriptions]{End: r.Err}) // the error is not the image's
				return
			case err != nil:
				r.Value = output.Failed[rows.Descriptions](r.Item.Name, describe.ErrorKind(err), remedy.Text(err))
			}
			if !yield(job.Answer[rows.Descriptions]{Row: r.Value, Err: err}) {
				return
			}
		}
	}
}

// imagesOfItems converts items to the describer's images.
func imagesOfItems(items iter.Seq[source.Item]) iter.Seq[describe.Image] {
	return func(yield func(describe.Image) bool) {
		for item := range items {
			if !yield(describe.Image{Name: item.Name, Read: item.Read}) {
				return
			}
		}
	}
}

func (d *imageDescriber) row(ctx context.Context, img describe.Image) (row rows.Descriptions, err error) {
	whole := img
	img, said, done, err := d.evidence.Look(ctx, img)
	defer done()
	if err != nil {
		return row, err
	}
	ctx, cancel := d.describer.Until(ctx)
	defer cancel()
	got, err := d.describer.Describe(ctx, img)
	if err != nil {
		return row, err
	}
	var checked []grounding.Mention
	if w := d.witnesses; w.checker != nil {
		checked = w.checker.Check(got.Objects, img.Sight.Detections)
		cost, err := grounding.Settle(ctx, d.describer, whole, img.Sight, checked, w.recheck)
		if err != nil {
			return row, err
		}
		got.Usage.Add(cost)
		w.count(checked)
	}
	var evidence []classify.Prediction
	if d.classifier != nil {
		evidence = rows.Predictions(said.Predictions)
	}
	row = rows.OfDescription(whole.Name, got, evidence)
	row.Description.Checked = checked
	if !d.witnesses.None() {
		row.Description.Sight = &img.Sight
	}
	return row, nil
}

// printRequests is --dry-run.
func (d *imageDescriber) printRequests(ctx context.Context, ui *term.UI, items iter.Seq[source.Item]) error {
	failed := false
	for img := range d.evidence.Paced(ctx, imagesOfItems(items)) {
		img, _, done, err := d.evidence.Look(ctx, img)
		var request []byte
		if err == nil {
			request, err = d.describer.DryRun(ctx, img)
		}
		done()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = true
			ui.Warn(img.Name + ": " + remedy.Text(err))
			continue
		}
		if _, err := fmt.Fprintf(ui.Out, "%s\n", request); err != nil {
			return err
		}
	}
	if failed {
		return commandline.ErrItems
	}
	return nil
}

// recorded describes the run. The key is no part of it.
func (d *imageDescriber) recorded(ctx context.Context, format string, o *describeOptions) (record.Record, error) {
	prompt := o.chat.Prompt
	if _, err := os.Stat(prompt); err == nil && !slices.ContainsFunc(describe.Prompts(), func(p describe.Prompt) bool { return p.Name == prompt }) {
		digest, err := models.DigestOf(ctx, prompt)
		if err != nil {
			return record.Record{}, err
		}
		prompt = filepath.Base(prompt) + " " + digest
	}
	chat := o.chat.Options
	side, temperature := chat.MaxSide, ""
	switch {
	case side > 0:
	case chat.Detail == describe.DetailLow:
		side = 512
	default:
		side = 1024
	}
	if chat.Temperature != nil {
		temperature = strconv.FormatFloat(*chat.Temperature, 'g', -1, 64)
	}
	settings := record.Settings{
		{Key: "format", Value: format}, {Key: "shard", Value: o.images.Shard().String()}, {Key: "max-pixels", Value: strconv.FormatInt(o.maxPixels.Pixels, 10)},
		{Key: "host", Value: d.describer.Host().Name}, {Key: "chat-model", Value: chat.Model}, {Key: "prompt", Value: prompt},
		{Key: "lang", Value: chat.Language}, {Key: "detail", Value: string(chat.Detail)}, {Key: "max-side", Value: strconv.Itoa(side)},
		{Key: "chat-temperature", Value: temperature}, {Key: "candidates", Value: strconv.Itoa(o.candidates)},
		{Key: "no-evidence", Value: strconv.FormatBool(o.noEvidence)},
	}
	settings = append(settings, o.witnesses.opened...)
	if d.classifier == nil {
		return record.Record{Ortho: build.Version(), Model: record.Model{Name: noModel}, Settings: settings}, nil
	}
	settings = append(settings, record.Setting{Key: "JPEG decoder", Value: preprocess.JPEGDecoder().Name})
	return job.Described(ctx, append(settings, o.session.Settings()...), d.model, d.classifier.Session(), labelsOf(d.model))
}
