package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/dual"
	"ortho/models/embed"
	"ortho/models/images"
)

// embedOptions is what the flags of embed say.
type embedOptions struct {
	normalize bool
	texts     string

	rows     flags.Rows
	progress flags.Progress
	images   flags.Images
	decoding flags.Decoding
	timeout  flags.Timeout
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
}

// openEmbedder opens what makes embeddings of images: a model, or that half of one of images and texts.
func openEmbedder(read *flags.Overrides, call *flags.Call, name string) (*models.Model, error) {
	m, ok, err := dual.Image(name, read.Given)
	if !ok {
		if err := read.Given.Assume("task", string(models.Embed), "ortho "+call.Command()); err != nil {
			return nil, err
		}
		return read.Open(call.UI, name)
	}
	if err == nil {
		flags.WarnOf(call.UI, m)
	}
	return m, err
}

// runImages makes embeddings of images.
func (o *embedOptions) runImages(ctx context.Context, call *flags.Call, to job.Output) error {
	return job.Run(ctx, to, rows.EmbeddingsCodec, func() (*job.Job[source.Item, rows.Embeddings], error) {
		model, err := openEmbedder(&o.read, call, o.model.Name)
		if err != nil {
			return nil, err
		}
		o.session.Check(ctx, call.UI, model)
		embedder, err := embed.Open(ctx, model, embed.Options{Normalize: o.normalize, Images: images.Options{
			Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency, MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage}})
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, embedder.Session())
		return &job.Job[source.Item, rows.Embeddings]{
			Unit:   "image",
			Items:  o.images.Items(),
			Name:   nameOf,
			Stamp:  o.images.Stamp,
			Survey: o.images.Survey,
			Record: func(format string) (record.Record, error) {
				return job.Described(ctx, o.settings(format), model, embedder.Session(), nil)
			},
			Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Embeddings]] {
				return embeddingRows(ctx, embedder, items)
			},
			How:      howOf(embedder),
			Unturned: embedder.Unturned,
			Ended:    func(error) { flags.TellUnturned(call.UI, model, embedder.Unturned()) },
			Close:    embedder.Close,
		}, nil
	})
}

// settings are the options that change rows.
func (o *embedOptions) settings(format string) record.Settings {
	return slices.Concat(record.Settings{{Key: "format", Value: format}, {Key: "normalize", Value: strconv.FormatBool(o.normalize)},
		{Key: "shard", Value: o.images.Shard().String()}, {Key: "output-name", Value: o.read.OutputName}}, o.decoding.Settings(), o.session.Settings())
}

// embeddingRows makes a row for each image.
func embeddingRows(ctx context.Context, embedder *embed.Embedder, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Embeddings]] {
	return func(yield func(job.Answer[rows.Embeddings]) bool) {
		for r := range embed.Each(ctx, embedder, items, imageOf) {
			made := rows.OfEmbedding(r.Item.Name, r.Value)
			if all := (*images.SizeError)(nil); errors.As(r.Err, &all) {
				yield(job.Answer[rows.Embeddings]{End: all})
				return
			} else if r.Err != nil {
				made = output.Failed[rows.Embeddings](r.Item.Name, string(models.StageOf(r.Err)), remedy.Text(r.Err))
			}
			if !yield(job.Answer[rows.Embeddings]{Row: made, Err: r.Err}) {
				return
			}
		}
	}
}

func imageOf(item source.Item) images.Input { return images.Input{Name: item.Name, Read: item.Read} }
