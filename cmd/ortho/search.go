package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/vectors"
	"ortho/models"
	"ortho/models/dual"
	"ortho/models/embed"
	"ortho/models/images"
	"ortho/runner"
	"ortho/runner/regular"
)

// searchOptions is what the flags of search say.
type searchOptions struct {
	top int

	rows     flags.Rows
	progress flags.Progress
	decoding flags.Decoding
	index    flags.IndexFile
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
}

func newSearchCommand() *cli.Command {
	o := &searchOptions{read: flags.Overrides{Task: models.Embed}}
	own := flags.Own{&cli.IntFlag{Name: "top", Aliases: []string{"k"}, Value: 10, Destination: &o.top, Category: "Output", Usage: "the `N` nearest"}}
	return flags.Command(cli.Command{
		Name:        "search",
		Usage:       "find images by a text or an image, among embeddings",
		ArgsUsage:   "INDEX QUERY...",
		Description: help("search"),
	}, o.run, own, &o.rows, &o.progress, &o.decoding, &o.index, &o.session, &o.model, &o.read)
}

// query is what is looked for: a file with an image, or a text.
type query struct {
	text  string
	image bool
}

// queriesOf are the arguments behind the index.
func queriesOf(args []string) (all []query, texts, files int) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		q := query{arg, err == nil && !info.IsDir()}
		if all = append(all, q); q.image {
			files++
		} else {
			texts++
		}
	}
	return all, texts, files
}

func (o *searchOptions) run(ctx context.Context, call *flags.Call) error {
	if len(call.Args) < 2 {
		return commandline.Usagef("search takes an index, which ortho embed -o has written, and what is looked for: a text, or a file with an image")
	}
	if o.top < 1 {
		return commandline.Usagef("--top %d: at least 1", o.top)
	}
	queries, texts, files := queriesOf(call.Args[1:])
	if texts > 0 && o.model.Name != "" && !dual.Is(o.model.Name) {
		return fmt.Errorf("there is no file %q, and %s takes no texts: -m needs a model of images and texts. %s", firstText(queries), o.model.Name, howToExport)
	}
	if o.model.Name == "" {
		return commandline.Usagef("-m names no model: the one that made the index")
	}
	to := job.Output{UI: call.UI, Rows: &o.rows, Progress: &o.progress, FailFast: &o.decoding.FailFast, Reads: call.Reads, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.MatchesCodec, func() (*job.Job[query, rows.Matches], error) {
		index, err := vectors.Open(ctx, call.Args[0], call.Reads, call.Warn)
		if err != nil {
			return nil, err
		}
		s := &searcher{index: index, top: o.top}
		model, session, err := o.open(ctx, call, s, texts > 0, files > 0)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return &job.Job[query, rows.Matches]{
			Unit:   "question",
			Items:  slices.Values(queries),
			Name:   func(q query) string { return q.text },
			Survey: func(func() bool) (source.Inventory, bool) { return source.Inventory{}, false },
			Record: func(format string) (record.Record, error) {
				settings := slices.Concat(record.Settings{{Key: "format", Value: format}, {Key: "top", Value: fmt.Sprint(o.top)}, {Key: "index", Value: index.Of}}, o.decoding.Settings(), o.session.Settings())
				return job.Described(ctx, settings, model, session.Session(), nil)
			},
			Rows:  s.rows,
			How:   job.How(session.Session(), 1, 1),
			Close: s.Close,
		}, nil
	})
}

func firstText(queries []query) string {
	for _, q := range queries {
		if !q.image {
			return q.text
		}
	}
	return ""
}

// open opens what the queries need: the half for images, that for texts, or both; and checks that the
// model is the index's.
func (o *searchOptions) open(ctx context.Context, call *flags.Call, s *searcher, texts, files bool) (m *models.Model, on interface{ Session() *runner.Session }, err error) {
	if texts {
		both, err := dual.Open(ctx, o.model.Name, o.read.Given, o.session.Runner)
		if err != nil {
			return nil, nil, err
		}
		m = both.Image
		if s.texts, err = both.OpenTexts(ctx, o.session.Runner); err != nil {
			return nil, nil, err
		}
		on = s.texts
	} else if m, err = openEmbedder(&o.read, call, o.model.Name); err != nil {
		return nil, nil, err
	}
	id, err := m.Identity(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := s.index.Same(m.Name, id.SHA256); err != nil {
		return nil, nil, err
	}
	if files {
		s.images, err = embed.Open(ctx, m, embed.Options{Images: images.Options{Runner: o.session.Runner, MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled}})
		if err != nil {
			return nil, nil, err
		}
		on = s.images
	}
	return m, on, nil
}

// searcher answers queries.
type searcher struct {
	index  *vectors.Index
	top    int
	texts  *dual.Texts
	images *embed.Embedder
}

func (s *searcher) Close() (err error) {
	if s.texts != nil {
		err = s.texts.Close()
	}
	if s.images != nil {
		err = errors.Join(err, s.images.Close())
	}
	return err
}

func (s *searcher) rows(ctx context.Context, items iter.Seq[query]) iter.Seq[job.Answer[rows.Matches]] {
	return func(yield func(job.Answer[rows.Matches]) bool) {
		for q := range items {
			if ctx.Err() != nil {
				return
			}
			row, err := s.answer(ctx, q)
			if err != nil {
				row = output.Failed[rows.Matches](q.text, string(models.StageOf(err)), remedy.Text(err))
			}
			if !yield(job.Answer[rows.Matches]{Row: row, Err: err}) {
				return
			}
		}
	}
}

func (s *searcher) answer(ctx context.Context, q query) (row rows.Matches, err error) {
	var vector []float32
	if q.image {
		data, err := regular.ReadFile(q.text, source.MaxFile)
		if err != nil {
			return row, models.StageRead.Wrap(err)
		}
		made, err := s.images.Image(ctx, data)
		if err != nil {
			return row, err
		}
		vector = made.Embedding
	} else if vector, _, err = s.texts.Embed(ctx, q.text); err != nil {
		return row, err
	}
	found, err := s.index.Search(vector, s.top)
	if err != nil {
		return row, models.StageOutput.Wrap(err)
	}
	row.Head, row.Matches = output.Head{Input: q.text}, []rows.Match{}
	for _, m := range found {
		row.Matches = append(row.Matches, rows.Match{Input: s.index.Names[m.Place], Cosine: float64(m.Cosine)})
	}
	return row, nil
}
