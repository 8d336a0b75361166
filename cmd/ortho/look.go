package main

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/images"
	"ortho/runner"
)

// lookOptions is what the flags say of all verbs that look at images: detect, segment, tag.
type lookOptions struct {
	rows     flags.Rows
	page     flags.Page
	progress flags.Progress
	images   flags.Images
	decoding flags.Decoding
	timeout  flags.Timeout
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
	files    beside.Set

	task models.Task // of a model that states none; "": that is no matter
}

// groups are the groups of flags, behind those of the verb.
func (o *lookOptions) groups(own ...flags.Group) []flags.Group {
	return append(own, &o.files, &o.rows, &o.page, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

// run says how images run through a graph.
func (o *lookOptions) run() images.Options {
	return images.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
		MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage}
}

// look is a verb whose model is open: what that says of an image, and what is made of it.
type look[V any, R output.Row] struct {
	graph interface {
		Session() *runner.Session
		Batching() (batch, concurrency int)
		Unturned() int64
		Close() error
	}
	settings record.Settings // of the verb's own flags that change rows
	beside   record.Settings // of those that change files beside the rows
	labels   []models.Label
	title    string
	each     func(context.Context, iter.Seq[*beside.Item]) iter.Seq[runner.Result[*beside.Item, V]]
	row      func(name string, said V) R
	make     func(*beside.Item, V) error // the files beside the row
	parts    func(R) []string            // those of them that are several of an image; nil: none are
	ended    func()                      // says what concerns the whole run; nil: nothing
	card     func(context.Context, R, source.Item) report.Card
}

// runLook looks at the images, and writes the rows and the files beside them. open opens the model for the verb.
func runLook[V any, R output.Row](ctx context.Context, call *flags.Call, o *lookOptions, codec *output.Codec[R], open func(*models.Model) (*look[V, R], error)) error {
	to := job.Output{UI: call.UI, Rows: &o.rows, Page: &o.page, Progress: &o.progress, FailFast: &o.decoding.FailFast,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, codec, func() (*job.Job[*beside.Item, R], error) {
		if o.task != "" {
			if err := o.read.Given.Assume("task", string(o.task), call.Typed()); err != nil {
				return nil, err
			}
		}
		model, err := o.read.Open(call.UI, o.model.Name)
		if err != nil {
			return nil, err
		}
		o.session.Check(ctx, call.UI, model)
		l, err := open(model)
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, l.graph.Session())
		if err := o.files.Open(call, &o.rows, &o.images); err != nil {
			return nil, errors.Join(err, l.graph.Close())
		}
		return lookJob(ctx, call, o, model, l), nil
	})
}

// lookJob is the run of a look.
func lookJob[V any, R output.Row](ctx context.Context, call *flags.Call, o *lookOptions, model *models.Model, l *look[V, R]) *job.Job[*beside.Item, R] {
	parts := func(row R) []string {
		if l.parts == nil {
			return nil
		}
		return l.parts(row)
	}
	made := &job.Job[*beside.Item, R]{
		Unit:    "image",
		Items:   o.files.Items(o.images.Items()),
		Name:    func(one *beside.Item) string { return one.Name },
		Stamp:   func(ctx context.Context, one *beside.Item) source.Stamp { return o.images.Stamp(ctx, one.Item) },
		Survey:  o.images.Survey,
		Earlier: func(before job.Earlier) { o.files.Earlier(before.Had) },
		Record: func(format string) (record.Record, error) {
			settings := slices.Concat(record.Settings{{Key: "format", Value: format}}, l.settings,
				record.Settings{{Key: "shard", Value: o.images.Shard().String()}}, o.decoding.Settings(), o.session.Settings())
			r, err := job.Described(ctx, settings, model, l.graph.Session(), l.labels)
			r.Beside = append(o.files.Settings(), l.beside...)
			return r, err
		},
		Rows: func(ctx context.Context, items iter.Seq[*beside.Item]) iter.Seq[job.Answer[R]] {
			return lookRows(beside.Each(ctx, &o.files, items, l.each, l.make), l.row)
		},
		How:      howOf(l.graph),
		Unturned: l.graph.Unturned,
		Ended: func(error) {
			flags.TellUnturned(call.UI, model, l.graph.Unturned())
			if l.ended != nil {
				l.ended()
			}
		},
		Close:  l.graph.Close,
		Title:  l.title,
		Item:   func(one *beside.Item) source.Item { return one.Item },
		Card:   l.card,
		AtOnce: runtime.GOMAXPROCS(0),
	}
	if o.files.On() {
		made.Fits = func(one *beside.Item, row R) bool { return o.files.Whole(one, parts(row)) }
	}
	return made
}

// lookRows makes a row for each image.
func lookRows[V any, R output.Row](all iter.Seq[runner.Result[*beside.Item, V]], row func(name string, said V) R) iter.Seq[job.Answer[R]] {
	return func(yield func(job.Answer[R]) bool) {
		for r := range all {
			if all := (*images.SizeError)(nil); errors.As(r.Err, &all) {
				yield(job.Answer[R]{End: all})
				return
			}
			a := job.Answer[R]{Err: r.Err}
			if a.Err == nil {
				a.Row = row(r.Item.Name, r.Value)
			} else {
				a.Row = output.Failed[R](r.Item.Name, string(models.StageOf(r.Err)), remedy.Text(r.Err))
			}
			if !yield(a) {
				return
			}
		}
	}
}
