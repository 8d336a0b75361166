package main

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/dual"
	"ortho/models/embed"
	"ortho/runner"
)

// runTexts makes embeddings of texts.
func (o *embedOptions) runTexts(ctx context.Context, call *flags.Call, to job.Output) error {
	lines, err := call.Lines(o.texts)
	if err != nil {
		return fmt.Errorf("%s: %w", flags.TextsName(o.texts), err)
	}
	texts := make([]classify.TextInput, len(lines))
	for i, line := range lines {
		texts[i] = classify.TextInput{Name: line, Read: func(context.Context) (string, error) { return line, nil }}
	}
	to.Images = nil
	var typed flags.Texts // none of them is a file's
	return job.Run(ctx, to, rows.EmbeddingsCodec, func() (*job.Job[classify.TextInput, rows.Embeddings], error) {
		model, err := dual.Open(ctx, o.model.Name, o.read.Given, o.session.Runner)
		if err != nil {
			return nil, err
		}
		encoder, err := model.OpenTexts(ctx, o.session.Runner)
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, encoder.Session())
		_, concurrency := o.session.Runner.DefaultBatch(encoder.Session().Provider)
		if o.session.Concurrency > 0 {
			concurrency = o.session.Concurrency
		}
		var cut cutTexts
		return &job.Job[classify.TextInput, rows.Embeddings]{
			Unit:   "text",
			Items:  slices.Values(texts),
			Name:   func(t classify.TextInput) string { return t.Name },
			Stamp:  typed.Stamp,
			Survey: func(func() bool) (source.Inventory, bool) { return typed.Survey(ctx, texts) },
			Record: func(format string) (record.Record, error) {
				id, err := model.Image.Identity(ctx)
				if err != nil {
					return record.Record{}, err
				}
				half, err := model.TextDigest(ctx)
				if err != nil {
					return record.Record{}, err
				}
				settings := append(o.settings(format), record.Setting{Key: "text half's SHA-256", Value: half})
				return job.DescribedAs(settings, id, model.Facts, encoder.Session()), nil
			},
			Rows: func(ctx context.Context, items iter.Seq[classify.TextInput]) iter.Seq[job.Answer[rows.Embeddings]] {
				return o.textEmbeddings(ctx, encoder, concurrency, items, &cut)
			},
			How:   job.How(encoder.Session(), 1, concurrency),
			Ended: func(error) { cut.warn(call.UI) },
			Close: encoder.Close,
		}, nil
	})
}

// cutTexts are texts of which the model has seen the beginning only.
type cutTexts struct {
	count int64
	first string
}

func (c *cutTexts) warn(ui *term.UI) {
	if c.count > 0 {
		ui.Warn(fmt.Sprintf("%s too long for the model, which has seen the beginning only, such as of %.60q", term.Counted(c.count, "text"), c.first))
	}
}

// textEmbeddings makes a row for each text.
func (o *embedOptions) textEmbeddings(ctx context.Context, encoder *dual.Texts, limit int, items iter.Seq[classify.TextInput], told *cutTexts) iter.Seq[job.Answer[rows.Embeddings]] {
	type made struct {
		values []float32
		cut    bool
	}
	return func(yield func(job.Answer[rows.Embeddings]) bool) {
		for r := range runner.Map(ctx, items, limit, func(ctx context.Context, in classify.TextInput) (m made, err error) {
			if m.values, m.cut, err = encoder.Embed(ctx, in.Name); err != nil || !o.normalize {
				return m, err
			}
			if err := embed.Unit(m.values); err != nil {
				return m, models.StageOutput.Wrap(err)
			}
			return m, nil
		}) {
			row := rows.OfEmbedding(r.Item.Name, embed.Result{Embedding: r.Value.values})
			if r.Err != nil {
				row = output.Failed[rows.Embeddings](r.Item.Name, string(models.StageOf(r.Err)), remedy.Text(r.Err))
			} else if r.Value.cut {
				if told.count++; told.first == "" {
					told.first = r.Item.Name
				}
			}
			if !yield(job.Answer[rows.Embeddings]{Row: row, Err: r.Err}) {
				return
			}
		}
	}
}
