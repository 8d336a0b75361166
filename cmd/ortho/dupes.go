package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/embed"
	"ortho/models/images"
	"ortho/models/nearest"
	"ortho/preprocess"
	"ortho/preprocess/imagehash"
	"ortho/runner"
)

// dupesOptions is what the flags of dupes say.
type dupesOptions struct {
	hash     string
	distance int
	cosine   float64

	rows     flags.Rows
	progress flags.Progress
	images   flags.Images
	decoding flags.Decoding
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
}

func newDupesCommand() *cli.Command {
	o := &dupesOptions{images: flags.Images{Still: true}, read: flags.Overrides{Task: models.Embed}, session: flags.Session{Batches: true}}
	const near = "What counts as alike"
	own := flags.Own{
		&cli.StringFlag{Name: "hash", Value: "phash", Destination: &o.hash, Category: near, Usage: "phash (frequencies), dhash (differences of neighbours) or none: exact duplicates alone, and by -m"},
		&cli.IntFlag{Name: "distance", Value: 6, Destination: &o.distance, Category: near, Usage: "images are alike whose hashes differ in up to `N` of 64 bits"},
		&cli.Float64Flag{Name: "cosine", Value: 0.97, Destination: &o.cosine, Category: near, Usage: "with -m also those whose embeddings have a cosine of `C` or more"},
	}
	return flags.Command(cli.Command{
		Name:        "dupes",
		Usage:       "find images that are the same, or alike; nothing is deleted",
		ArgsUsage:   "SRC...",
		Description: help("dupes"),
	}, o.run, own, &o.rows, &o.progress, &o.images, &o.decoding, &o.session, &o.model, &o.read)
}

func (o *dupesOptions) run(ctx context.Context, call *flags.Call) error {
	switch {
	case o.hash != "phash" && o.hash != "dhash" && o.hash != "none":
		return commandline.Usagef("--hash %q is not one of phash, dhash, none", o.hash)
	case o.distance < 0 || o.distance > 32:
		return commandline.Usagef("--distance %d: from 0 to 32 bits", o.distance)
	case !(o.cosine > 0 && o.cosine <= 1):
		return commandline.Usagef("--cosine %v: above 0, to 1", o.cosine)
	case call.Given("shard"):
		return commandline.Usagef("--shard: images of one shard would not be compared with those of others")
	case o.model.Name == "" && call.Given("cosine"):
		return commandline.Usagef("--cosine is of embeddings: -m names the model that makes them")
	}
	to := job.Output{UI: call.UI, Rows: &o.rows, Progress: &o.progress, FailFast: &o.decoding.FailFast, Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.DuplicatesCodec, func() (*job.Job[rows.Duplicates, rows.Duplicates], error) {
		found := &search{dupesOptions: o, ctx: ctx}
		how := record.Speed{Provider: runner.CPU, Batch: 1, Concurrency: runtime.GOMAXPROCS(0)}
		var model *models.Model
		if o.model.Name != "" {
			var err error
			if model, err = openEmbedder(&o.read, call, o.model.Name); err != nil {
				return nil, err
			}
			found.embedder, err = embed.Open(ctx, model, embed.Options{Images: images.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
				MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled}})
			if err != nil {
				return nil, err
			}
			how = howOf(found.embedder)
		}
		return &job.Job[rows.Duplicates, rows.Duplicates]{
			Unit:    "group",
			Failing: "image",
			Items:   found.groups,
			Name:    func(d rows.Duplicates) string { return d.Input },
			Survey:  func(func() bool) (source.Inventory, bool) { return source.Inventory{}, false },
			Record: func(format string) (record.Record, error) {
				settings := slices.Concat(record.Settings{{Key: "format", Value: format}, {Key: "hash", Value: o.hash}, {Key: "distance", Value: fmt.Sprint(o.distance)}, {Key: "cosine", Value: fmt.Sprint(o.cosine)}}, o.decoding.Settings())
				if model == nil {
					return record.Record{Ortho: build.Version(), Settings: settings}, nil
				}
				return job.Described(ctx, append(settings, o.session.Settings()...), model, found.embedder.Session(), nil)
			},
			Rows: func(ctx context.Context, items iter.Seq[rows.Duplicates]) iter.Seq[job.Answer[rows.Duplicates]] {
				return func(yield func(job.Answer[rows.Duplicates]) bool) {
					for d := range items {
						answer := job.Answer[rows.Duplicates]{Row: d}
						if d.Error != nil {
							answer.Err = errors.New(d.Error.Message)
						}
						if ctx.Err() != nil || !yield(answer) {
							return
						}
					}
				}
			},
			How: how,
			Ended: func(error) {
				call.Info(fmt.Sprintf("%d images, of which %d are in groups with others; nothing was changed", found.seen, found.grouped))
			},
			Close: func() error {
				if found.embedder == nil {
					return nil
				}
				return found.embedder.Close()
			},
		}, nil
	})
}

// search compares images.
type search struct {
	*dupesOptions
	ctx           context.Context
	embedder      *embed.Embedder
	seen, grouped int
}

// looked is what is known of an image.
type looked struct {
	name   string
	sha256 [32]byte
	hashes imagehash.Hashes
}

// groups reads all images, and then yields those that failed and the groups, each by its first image.
func (s *search) groups(yield func(rows.Duplicates) bool) {
	var all []looked
	read := runner.Map(s.ctx, s.images.Items(), runtime.GOMAXPROCS(0), func(ctx context.Context, item source.Item) (l looked, err error) {
		data, err := runner.Await(ctx, item.Read)
		if err != nil {
			return l, models.StageRead.Wrap(err)
		}
		l.name, l.sha256 = item.Name, sha256.Sum256(data)
		if l.hashes, err = imagehash.Of(data, preprocess.LoadOptions{MaxPixels: s.decoding.Pixels, Scaled: s.decoding.Scaled}); err != nil {
			return l, models.StageDecode.Wrap(err)
		}
		return l, nil
	})
	for r := range read {
		s.seen++
		if r.Err != nil {
			if !yield(output.Failed[rows.Duplicates](r.Item.Name, string(models.StageOf(r.Err)), remedy.Text(fmt.Errorf("%s: %w", r.Item.Name, r.Err)))) {
				return
			}
			continue
		}
		all = append(all, r.Value)
	}
	if s.ctx.Err() != nil {
		return
	}
	sets := newSets(len(all))
	first := map[[32]byte]int{}
	for i, l := range all {
		if at, ok := first[l.sha256]; ok {
			sets.join(at, i)
		} else {
			first[l.sha256] = i
		}
	}
	s.joinHashes(all, first, sets)
	vectors, err := s.joinVectors(all, sets)
	if err != nil {
		yield(output.Failed[rows.Duplicates]("", string(models.StageOf(err)), remedy.Text(err)))
		return
	}
	for _, group := range sets.groups() {
		s.grouped += len(group)
		if !yield(s.described(all, group, vectors)) {
			return
		}
	}
}

// joinHashes joins images whose hashes are near; of exact duplicates one stands for all.
func (s *search) joinHashes(all []looked, first map[[32]byte]int, sets *sets) {
	if s.hash == "none" {
		return
	}
	some := slices.Sorted(func(yield func(int) bool) {
		for _, at := range first {
			if !yield(at) {
				return
			}
		}
	})
	for i, a := range some {
		if i%1024 == 0 && s.ctx.Err() != nil {
			return
		}
		for _, b := range some[i+1:] {
			if s.bits(all[a], all[b]) <= s.distance {
				sets.join(a, b)
			}
		}
	}
}

func (s *search) bits(a, b looked) int {
	if s.hash == "dhash" {
		return a.hashes.D.Distance(b.hashes.D)
	}
	return a.hashes.P.Distance(b.hashes.P)
}

// joinVectors joins images whose embeddings are near, and returns these; nil where there is no model.
func (s *search) joinVectors(all []looked, sets *sets) (*nearest.Index, error) {
	if s.embedder == nil {
		return nil, nil
	}
	x, places := &nearest.Index{}, map[string]int{}
	for i, l := range all {
		places[l.name] = i
	}
	var at []int
	for r := range embed.Each(s.ctx, s.embedder, s.images.Items(), imageOf) {
		place, ok := places[r.Item.Name]
		if !ok { // it failed before, too
			continue
		}
		if r.Err != nil {
			return nil, r.Err
		}
		if err := x.Add(r.Item.Name, r.Value.Embedding); err != nil {
			return nil, models.StageOutput.Wrap(fmt.Errorf("%s: %w", r.Item.Name, err))
		}
		at = append(at, place)
	}
	x.Pairs(float32(s.cosine), func(a, b int, _ float32) bool {
		sets.join(at[a], at[b])
		return s.ctx.Err() == nil
	})
	if len(at) != len(all) {
		return nil, errors.New("the images were others when they were read again")
	}
	return x, s.ctx.Err()
}

// described is a group as a row. Images of which there are two with one name have the last's embedding.
func (s *search) described(all []looked, group []int, vectors *nearest.Index) rows.Duplicates {
	first := all[group[0]]
	d := rows.Duplicates{Head: output.Head{Input: first.name}, Kind: "exact"}
	for _, i := range group {
		l := all[i]
		if l.sha256 != first.sha256 {
			d.Kind = "near"
		}
		t := rows.Twin{Input: l.name, SHA256: fmt.Sprintf("%x", l.sha256), PHash: l.hashes.P.String(), DHash: l.hashes.D.String(), Distance: s.bits(first, l), Width: l.hashes.Width, Height: l.hashes.Height}
		if vectors != nil {
			dot := 0.0
			for k, v := range vectors.At(group[0]) {
				dot += float64(v) * float64(vectors.At(i)[k])
			}
			t.Cosine = &dot
		}
		d.Images = append(d.Images, t)
	}
	return d
}

// sets are disjoint sets of the numbers below a count: union-find.
type sets struct{ above []int }

func newSets(n int) *sets {
	s := &sets{make([]int, n)}
	for i := range s.above {
		s.above[i] = i
	}
	return s
}

func (s *sets) find(i int) int {
	for s.above[i] != i {
		s.above[i] = s.above[s.above[i]]
		i = s.above[i]
	}
	return i
}

func (s *sets) join(a, b int) {
	if a, b = s.find(a), s.find(b); a != b {
		s.above[max(a, b)] = min(a, b) // the first one stands for all
	}
}

// groups are the sets of two and more, in the order of their first.
func (s *sets) groups() (all [][]int) {
	of := map[int][]int{}
	for i := range s.above {
		of[s.find(i)] = append(of[s.find(i)], i)
	}
	for _, group := range of {
		if len(group) > 1 {
			all = append(all, group)
		}
	}
	slices.SortFunc(all, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	return all
}
