package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/evaluate"
	"ortho/runner"
)

// mistakesKept is how many of the worst mistakes are reported.
const mistakesKept = 48

// failuresKept bounds the failures that are listed; all are counted.
const failuresKept = 10_000

// evaluateClasses measures how often a classifier is right.
func (o *evalOptions) evaluateClasses(ctx context.Context, call *flags.Call, model *models.Model) error {
	if err := o.only(call); err != nil {
		return err
	}
	j, data, err := o.open(ctx, call.UI, model)
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
	doc := &pages.Evaluation{EvaluationRun: pages.EvaluationRun{Ortho: how.Ortho, ONNXRuntime: how.ONNXRuntime, Model: how.Model, Data: data,
		Preprocessing: how.Preprocessing, Settings: how.Settings, Failures: []rows.Classes{}}}
	var bar *term.Progress
	if o.progress.Shown {
		bar = term.NewProgress(call.Err, "images", 0, 0, j.count)
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
	return o.write(ctx, call, &found{print: doc.Print, document: doc, judged: doc.Result.Items, failed: doc.Failed, failures: doc.Failures,
		page: func() error { return o.writePage(ctx, call, doc) }}, err)
}

// evaluation is an evaluation under way: data, model and result.
type evaluation struct {
	ui         *term.UI
	set        *dataset.Set
	order      *order
	model      *models.Model
	spec       *models.ClassifierSpec
	classifier *classify.Classifier
	chosen     []int // places of the images that are judged, in their order; nil: all
}

// items are the images that are judged.
func (j *evaluation) items() iter.Seq[dataset.Item] {
	if j.chosen == nil {
		return j.set.Items()
	}
	return func(yield func(dataset.Item) bool) {
		at, next := 0, 0
		for item := range j.set.Items() {
			if next == len(j.chosen) {
				return
			}
			if at == j.chosen[next] {
				if next++; !yield(item) {
					return
				}
			}
			at++
		}
	}
}

// count is how many images are judged.
func (j *evaluation) count(stop func() bool) (int64, bool) {
	if j.chosen != nil {
		return int64(len(j.chosen)), true
	}
	return j.set.Count(stop)
}

// open opens data and model, and finds the data's classes among the model's.
func (o *evalOptions) open(ctx context.Context, ui *term.UI, model *models.Model) (*evaluation, pages.EvaluationData, error) {
	var data pages.EvaluationData
	kind := o.truth
	if kind == "auto" {
		kind = ""
	}
	set, err := dataset.Open(o.data)
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
	j := &evaluation{ui: ui, set: set, order: order, model: model, spec: spec}
	if o.limit > 0 {
		all, _ := set.Count(func() bool { return ctx.Err() != nil })
		if j.chosen = o.chosen(int(all)); int64(len(j.chosen)) < all {
			data.Notes = append(slices.Clone(data.Notes), fmt.Sprintf("%d of %d images are taken, one in so many (--limit)", len(j.chosen), all))
			ui.Warn(o.data + ": " + data.Notes[len(data.Notes)-1])
		}
	}
	return j, data, nil
}

// evaluate runs the model over the images. It returns why it ended early, if it did; what
// was found until then is in doc.
func (j *evaluation) evaluate(ctx context.Context, doc *pages.Evaluation, failFast bool, bar *term.Progress) (early error) {
	found := evaluate.New(evaluate.Options{Labels: j.spec.Labels, Activation: j.spec.Applied(), Temperature: j.spec.Temperature, Mistakes: mistakesKept})
	start := time.Now()
	doc.Started = start.Round(time.Millisecond)
	var readings evaluate.Readings
	done := 0
	for item := range classify.Each(ctx, j.classifier, j.items(), inputOf) {
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
	return page.Save(ctx, call.Reads, o.html, o.overwrite)
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
