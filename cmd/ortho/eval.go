package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/classify"
	"ortho/models/evaluate"
	"ortho/runner"
)

// evalOptions is what the flags of eval say.
type evalOptions struct {
	data, truth  string
	json         bool
	output, html string // files; "": none
	overwrite    bool

	progress flags.Progress
	decoding flags.Decoding
	timeout  flags.Timeout
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
}

func newEvalCommand() *cli.Command {
	o := &evalOptions{
		decoding: flags.Decoding{FailFast: flags.FailFast{Uncapped: true}},
		session:  flags.Session{Batches: true},
		model:    flags.Model{Default: bundled.Default, Task: models.Classify},
		read:     flags.Overrides{Task: models.Classify},
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

// mistakesKept is how many of the worst mistakes are reported.
const mistakesKept = 48

// failuresKept bounds the failures that are listed; all are counted.
const failuresKept = 10_000

func (o *evalOptions) run(ctx context.Context, call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("eval takes no arguments: give the images with --data")
	}
	if err := o.checkOutputs(call); err != nil {
		return err
	}
	j, data, err := o.open(ctx, call.UI)
	if err != nil {
		return err
	}
	j.classifier, err = classify.Open(ctx, j.model, classify.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
		MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage, Top: 1, Logits: true})
	if err != nil {
		return err
	}
	defer j.classifier.Close()
	flags.TellSession(call.UI, j.classifier.Session())
	how, err := job.Described(ctx, slices.Concat(o.decoding.Settings(), o.session.Settings()), j.model, j.classifier.Session(), j.spec.Labels)
	if err != nil {
		return err
	}
	doc := &pages.Evaluation{Ortho: how.Ortho, ONNXRuntime: how.ONNXRuntime, Model: how.Model, Data: data,
		Preprocessing: how.Preprocessing, Settings: how.Settings, Failures: []rows.Classes{}}
	var bar *term.Progress
	if o.progress.Shown {
		bar = term.NewProgress(call.Err, "images", 0, 0, j.set.Count)
	}
	err = j.evaluate(ctx, doc, o.decoding.Stop, bar)
	bar.End()
	flags.TellUnturned(call.UI, j.model, doc.OrientationIgnored)
	tellSeen(call.UI, j.spec.OutputName, j.classifier.Seen())
	if err != nil && doc.Result.Items == 0 && doc.Failed == 0 {
		if ctx.Err() != nil {
			call.Warn("interrupted before the first image")
		}
		return err
	}
	return o.write(ctx, call, doc, err)
}

// checkOutputs refuses files that can't be written before any work is done.
func (o *evalOptions) checkOutputs(call *flags.Call) error {
	for _, file := range []struct {
		flag, name string
		kind       output.Kind
	}{{"output", o.output, output.JSON}, {"html", o.html, output.HTML}} {
		switch {
		case call.Given(file.flag) && (file.name == "" || file.name == "-"):
			return commandline.Usagef("--%s names no file; --json prints to standard output", file.flag)
		case file.flag == "html" && file.name != "" && file.name == o.output:
			return commandline.Usagef("--output and --html name one file")
		case file.name != "":
			if err := flags.Fits(file.flag, file.name, file.kind); err != nil {
				return err
			}
			if _, err := call.Reads.Check(file.name, o.overwrite); err != nil {
				return err
			}
		}
	}
	return nil
}

// evaluation is an evaluation under way: data, model and result.
type evaluation struct {
	ui         *term.UI
	set        *dataset.Set
	order      *order
	model      *models.Model
	spec       *models.ClassifierSpec
	classifier *classify.Classifier
}

// open opens data and model, and finds the data's classes among the model's.
func (o *evalOptions) open(ctx context.Context, ui *term.UI) (*evaluation, pages.EvaluationData, error) {
	var data pages.EvaluationData
	kind := o.truth
	switch {
	case o.data == "":
		return nil, data, commandline.Usagef("no images: give --data FOLDER or --data labels.csv")
	case kind == "auto":
		kind = ""
	case !slices.Contains(truths(), kind):
		return nil, data, commandline.OneOf("truth", kind, truths()...)
	}
	set, err := dataset.Open(o.data)
	if err != nil {
		return nil, data, err
	}
	model, err := o.read.Open(ui, o.model.Name)
	if err != nil {
		return nil, data, err
	}
	o.session.Check(ctx, ui, model)
	spec, err := model.Classifier()
	if err != nil {
		return nil, data, err
	}
	if spec.Embedding {
		return nil, data, commandline.Usagef("--output-name has a model return values as they are: there are no classes to judge")
	}
	data = pages.EvaluationData{Path: o.data, Kind: set.Kind, Classes: len(set.Names), Notes: set.Notes}
	order, err := orderOf(set, o.data, spec, kind)
	if err != nil {
		return nil, data, err
	}
	data.NamedBy = order.by
	if order.note != "" {
		data.Notes = append(slices.Clone(data.Notes), order.note)
	}
	for _, note := range data.Notes {
		ui.Warn(fmt.Sprintf("%s: %s", o.data, note))
	}
	return &evaluation{ui: ui, set: set, order: order, model: model, spec: spec}, data, nil
}

// evaluate runs the model over the images. It returns why it ended early, if it did; what
// was found until then is in doc.
func (j *evaluation) evaluate(ctx context.Context, doc *pages.Evaluation, failFast bool, bar *term.Progress) (early error) {
	found := evaluate.New(evaluate.Options{Labels: j.spec.Labels, Activation: j.spec.Applied(), Temperature: j.spec.Temperature, Mistakes: mistakesKept})
	start := time.Now()
	doc.Started = start.Round(time.Millisecond)
	var readings evaluate.Readings
	done := 0
	for item := range classify.Each(ctx, j.classifier, j.set.Items(), inputOf) {
		bar.Step(item.Err != nil)
		if item.Err == nil {
			done++
			class := j.order.classes[item.Item.Class]
			if early = found.Add(item.Item.Name, class, item.Value.Logits); early != nil {
				break
			}
			if j.order.other != nil {
				readings.Add(item.Value.Logits, class, j.order.other[item.Item.Class])
			}
			continue
		}
		doc.Failed++
		if doc.Failed <= failuresKept {
			doc.Failures = append(doc.Failures, row(classify.Item{Input: inputOf(item.Item), Err: item.Err}))
		}
		if failFast {
			early = fmt.Errorf("%w (--fail-fast stops here)", item.Err)
			break
		}
		if all := (*classify.SizeError)(nil); errors.As(item.Err, &all) {
			early = all
			break
		}
	}
	doc.OrientationIgnored = j.classifier.Unturned()
	speed := howOf(j.classifier).Took(done, time.Since(start))
	doc.Seconds, doc.Provider, doc.Threads, doc.Batch, doc.Concurrency, doc.Placement = speed.Seconds, speed.Provider, speed.Threads, speed.Batch, speed.Concurrency, speed.Placement
	if done > 0 {
		doc.Throughput = &speed.PerSecond
	}
	if early == nil {
		early = ctx.Err()
	}
	doc.Complete = early == nil
	if readings.SecondFits() {
		note := fmt.Sprintf("the other order fits far better: %d of %d answers are right as classes were taken, and %d would be: %s", readings.First, readings.N, readings.Second, j.order.fits)
		doc.Data.Notes = append(doc.Data.Notes, note)
		j.ui.Warn(doc.Data.Path + ": " + note)
	}
	if doc.Complete {
		doc.Data.PassedOver = j.set.Passed.Counts()
		flags.TellPassed(j.ui, &j.set.Passed, false)
		if text, _ := j.set.Passed.Text(); text != "" {
			doc.Data.Notes = append(doc.Data.Notes, text)
		}
	}
	doc.Result = found.Result()
	return early
}

func inputOf(item dataset.Item) classify.Input {
	return classify.Input{Name: item.Name, Read: item.Read}
}

// write prints and writes the result; early is why it is not complete. Files are only written
// of a complete one.
func (o *evalOptions) write(ctx context.Context, call *flags.Call, doc *pages.Evaluation, early error) error {
	if o.json {
		if err := pages.WriteJSON(call.Out, doc); err != nil {
			return err
		}
	} else {
		doc.Print(call.Out)
	}
	if early != nil {
		if ctx.Err() != nil {
			call.Warn("interrupted after " + term.Images(int64(doc.Result.Items)+doc.Failed) + ": the figures are those of these alone")
		}
		for _, name := range []string{o.output, o.html} {
			if name != "" {
				call.Warn(name + " is not written")
			}
		}
		return early
	}
	if o.output != "" {
		if err := call.Reads.Save(o.output, o.overwrite, func(w io.Writer) error { return pages.WriteJSON(w, doc) }); err != nil {
			return err
		}
	}
	if o.html != "" {
		if err := o.writePage(ctx, call, doc); err != nil {
			return err
		}
	}
	if doc.Failed == 0 {
		return nil
	}
	if o.json || !term.IsTerminal(call.Out) { // where the summary is not seen
		text := fmt.Sprintf("%s failed: %s", term.Images(doc.Failed), job.Reason(doc.Failures[0]))
		if doc.Failed > 1 {
			text += fmt.Sprintf("; and %d more", doc.Failed-1)
		}
		call.Warn(text)
	}
	return commandline.ErrItems
}

// writePage writes the report, with thumbnails of the worst mistakes.
func (o *evalOptions) writePage(ctx context.Context, call *flags.Call, doc *pages.Evaluation) error {
	var items []source.Item
	for _, m := range doc.Result.Mistakes {
		items = append(items, source.File(m.Input))
	}
	pictures, err := picturesOf(ctx, items, o.decoding.Pixels)
	if err != nil {
		call.Warn(o.html + " is not written")
		return err
	}
	page, err := doc.Page(build.MadeBy(doc.Started), o.model.Name, pictures)
	if err != nil {
		return err
	}
	return page.Save(call.Reads, o.html, o.overwrite)
}

// picturesOf makes thumbnails, in order, on all cores. An image without one says why.
func picturesOf(ctx context.Context, items []source.Item, maxPixels int64) ([]report.Picture, error) {
	pictures := make([]report.Picture, 0, len(items))
	for r := range runner.Map(ctx, slices.Values(items), runtime.GOMAXPROCS(0), func(ctx context.Context, item source.Item) (report.Picture, error) {
		data, err := item.Read(ctx)
		if err != nil {
			return report.Picture{Missing: err.Error()}, nil
		}
		return report.NewPicture(data, maxPixels), nil
	}) {
		pictures = append(pictures, r.Value)
	}
	return pictures, ctx.Err()
}
