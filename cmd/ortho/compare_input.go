package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"reflect"
	"runtime"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/compare"
	"ortho/runner/feed"
	"ortho/runner/npz"
)

// compareInput is what all sides are fed.
type compareInput struct {
	set    *feed.Set // the reference's; nil: images
	failed []compare.Failure
	nfail  int
	count  func(stop func() bool) (int64, bool) // of images; nil otherwise
	// chunks cuts the inputs into as many rows as there is room for.
	chunks func(ctx context.Context, room func(rowBytes int64) int) iter.Seq2[compare.Chunk, error]
}

// maxFailed bounds the images that are listed with the reason why they can't be read.
const maxFailed = 1000

func (t *contest) inputs(c *cli.Context) (*compareInput, error) {
	what := c.String("input")
	dims, err := dimSizes(c.StringSlice("dim"))
	switch {
	case err != nil:
		return nil, err
	case what == "" && c.NArg() == 0:
		return nil, usagef("nothing to compare on: give images, or --input FILE.npz or synthetic")
	case what != "" && c.NArg() > 0:
		return nil, usagef("give either images or --input")
	case what != "synthetic" && len(dims) > 0:
		return nil, usagef("--dim is for --input synthetic")
	case what == "":
		return t.images(c)
	}
	var set *feed.Set
	if what == "synthetic" {
		if c.Int("rows") < 1 || c.Int("rows") > 1_000_000 {
			return nil, usagef("--rows %d: from 1 to 1000000", c.Int("rows"))
		}
		set, err = feed.Synthetic(t.sides[0].Graph, dims, c.Int("rows"), c.Uint64("seed"))
	} else {
		set, err = feed.ReadNPZ(what, t.sides[0].Graph)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.sides[0].Name, err)
	}
	return t.arrays(set)
}

// arrays feeds a set to all sides.
func (t *contest) arrays(set *feed.Set) (*compareInput, error) {
	sets := []*feed.Set{set}
	for _, s := range t.sides[1:] {
		own, notice, err := compare.InputsOf(set, s.Graph)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if notice != "" {
			slog.Warn(s.Name + ": " + notice)
		}
		sets = append(sets, own)
	}
	chunks := func(ctx context.Context, room func(int64) int) iter.Seq2[compare.Chunk, error] {
		return func(yield func(compare.Chunk, error) bool) {
			if set.Rows == 0 {
				yield(compare.Chunk{Names: []string{"the arrays"}, Sets: sets}, nil)
				return
			}
			var rowBytes int64
			for _, s := range sets {
				for _, a := range s.Arrays {
					rowBytes += int64(len(a.Data) / s.Rows)
				}
			}
			for first := 0; first < set.Rows && ctx.Err() == nil; {
				n := min(room(rowBytes), set.Rows-first)
				chunk := compare.Chunk{}
				for row := range n {
					chunk.Names = append(chunk.Names, fmt.Sprintf("row %d", first+row))
				}
				for _, s := range sets {
					cut := *s
					cut.Rows = n
					var err error
					if cut.Arrays, err = s.Slice(first, n); err != nil {
						yield(chunk, err)
						return
					}
					chunk.Sets = append(chunk.Sets, &cut)
				}
				if !yield(chunk, nil) {
					return
				}
				first += n
			}
		}
	}
	return &compareInput{set: set, chunks: chunks}, nil
}

// images feeds images to all sides, by each model's own preprocessing.
func (t *contest) images(c *cli.Context) (*compareInput, error) {
	if c.Int64("max-pixels") < 1 {
		return nil, usagef("--max-pixels %d: at least 1", c.Int64("max-pixels"))
	}
	scaled, err := scaledDecoding(c)
	if err != nil {
		return nil, err
	}
	from, err := sources(c)
	if err != nil {
		return nil, err
	}
	args := c.Args().Slice()
	specs := make([]*models.ClassifierSpec, len(t.sides))
	rows := make([]int, len(t.sides)) // which of the distinct tensors a side takes
	var distinct []preprocess.Spec
	rowBytes := int64(0)
	for i := range t.sides {
		spec, err := t.model(i).Classifier()
		if err != nil {
			return nil, fmt.Errorf("%w (or feed it arrays: --input)", err)
		}
		specs[i] = spec
		for rows[i] = 0; rows[i] < len(distinct) && !reflect.DeepEqual(distinct[rows[i]], spec.Input); rows[i]++ {
		}
		if rows[i] == len(distinct) {
			distinct = append(distinct, spec.Input)
		}
		rowBytes = max(rowBytes, int64(spec.Input.Bytes()))
	}
	options := preprocess.LoadOptions{MaxPixels: c.Int64("max-pixels"), Scaled: scaled}
	load := func(_ context.Context, item source.Item) ([][]byte, error) {
		data, err := item.Read()
		if err != nil {
			return nil, err
		}
		tensors := make([][]byte, len(distinct))
		for i := range distinct {
			tensors[i] = make([]byte, distinct[i].Bytes())
			if _, _, err := distinct[i].Load(tensors[i], data, options); err != nil {
				return nil, err
			}
		}
		return tensors, nil
	}
	in := &compareInput{count: func(stop func() bool) (int64, bool) {
		all, known := source.Survey(args, from, stop)
		return all.Items, known
	}}
	in.chunks = func(ctx context.Context, room func(int64) int) iter.Seq2[compare.Chunk, error] {
		return func(yield func(compare.Chunk, error) bool) {
			var names []string
			var tensors [][][]byte // by row, then distinct
			pass := func() bool {
				chunk, err := t.imageChunk(specs, rows, names, tensors)
				names, tensors = nil, nil
				return yield(chunk, err)
			}
			for r := range runner.Map(ctx, source.Items(args, from), runtime.GOMAXPROCS(0), load) {
				if r.Err != nil {
					in.fail(r.Item.Name, r.Err)
					continue
				}
				names, tensors = append(names, text(r.Item.Name)), append(tensors, r.Value)
				if len(names) >= room(rowBytes) && !pass() {
					return
				}
			}
			if len(names) > 0 && ctx.Err() == nil {
				pass()
			}
		}
	}
	return in, nil
}

// fail notes an image that can't be read.
func (in *compareInput) fail(name string, err error) {
	slog.Warn(fmt.Sprintf("%s: %v; left out", name, err))
	if in.nfail++; len(in.failed) < maxFailed {
		in.failed = append(in.failed, compare.Failure{Input: text(name), Error: text(err.Error())})
	}
}

// imageChunk makes the sides' sets of preprocessed images.
func (t *contest) imageChunk(specs []*models.ClassifierSpec, rows []int, names []string, tensors [][][]byte) (compare.Chunk, error) {
	chunk := compare.Chunk{Names: names}
	for i, s := range t.sides {
		in := s.Graph.Inputs[0]
		a := npz.Array{Name: in.Name, Type: in.Type}
		for _, row := range tensors {
			a.Data = append(a.Data, row[rows[i]]...)
		}
		spec := specs[i].Input
		a.Shape = []int64{int64(len(names)), int64(spec.Channels), int64(spec.Height), int64(spec.Width)}
		if spec.Layout == preprocess.NHWC {
			a.Shape = []int64{int64(len(names)), int64(spec.Height), int64(spec.Width), int64(spec.Channels)}
		}
		set := &feed.Set{Source: "images", Arrays: []npz.Array{a}, Rows: len(names)}
		if fixed, _ := feed.BatchDim(s.Graph); fixed > 0 { // it takes full batches only
			full := (set.Rows + int(fixed) - 1) / int(fixed) * int(fixed)
			var err error
			if set.Arrays, err = set.Slice(0, full); err != nil {
				return chunk, err
			}
			set.Rows = full
		}
		chunk.Sets = append(chunk.Sets, set)
	}
	return chunk, nil
}
