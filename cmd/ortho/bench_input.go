package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/classify"
	"ortho/preprocess"
	"ortho/runner/bench"
	"ortho/runner/feed"
	"ortho/runner/npz"
	"ortho/runner/onnx"
	"ortho/runner/stats"
)

const (
	benchRows  = 16        // images that are taken, or more where a batch is larger
	benchBytes = 512 << 20 // of all inputs
)

// benchInputs makes what --input says, of enough rows for the largest batch. Stages are
// measured where it is images.
func benchInputs(c *cli.Context, m *models.Model, batch int) (*feed.Set, *bench.Stages, error) {
	what := c.String("input")
	dims, err := dimSizes(c.StringSlice("dim"))
	if err != nil {
		return nil, nil, err
	}
	switch ending := strings.ToLower(filepath.Ext(what)); {
	case what == "":
		return nil, nil, usagef("--input names nothing: images, FILE.npz or synthetic")
	case what == "synthetic":
		set, err := feed.Synthetic(m.Graph, dims, batch, c.Uint64("seed"))
		return set, nil, err
	case ending == ".npz" || ending == ".npy":
		set, err := feed.ReadNPZ(what, m.Graph)
		return set, nil, err
	}
	return benchImages(c, m, what, max(batch, benchRows))
}

// benchImages takes up to rows images, spread over all there are.
func benchImages(c *cli.Context, m *models.Model, what string, rows int) (*feed.Set, *bench.Stages, error) {
	spec, err := m.Classifier()
	if err != nil {
		return nil, nil, fmt.Errorf("--input %s: images need a model whose preprocessing is known: %w", what, err)
	}
	if len(m.Graph.Inputs) != 1 {
		return nil, nil, fmt.Errorf("--input %s: the graph has %d inputs; give an .npz with all of them, or synthetic", what, len(m.Graph.Inputs))
	}
	args := []string{what}
	if err := source.Check(args); err != nil {
		return nil, nil, err
	}
	rows = max(1, min(rows, benchBytes/max(1, spec.Input.Bytes())))
	step := int64(1)
	if all, known := source.Survey(args, source.Options{}, func() bool { return c.Context.Err() != nil }); known {
		step = max(1, all.Items/int64(rows))
	}
	set := &feed.Set{Source: "images"}
	var data []byte
	var decode, pack []float64
	var failed error
	n := int64(0)
	for item := range source.Items(args, source.Options{}) {
		if c.Context.Err() != nil {
			return nil, nil, c.Context.Err()
		}
		if n++; (n-1)%step != 0 {
			continue
		}
		row := make([]byte, spec.Input.Bytes())
		took, err := timeImage(item, &spec.Input, c.Int64("max-pixels"), row)
		if err != nil {
			failed = fmt.Errorf("%s: %w", item.Name, err)
			slog.Warn(failed.Error() + "; left out")
			continue
		}
		decode, pack = append(decode, took[0]), append(pack, took[1])
		data = append(data, row...)
		if set.Rows++; set.Rows == rows {
			break
		}
	}
	if set.Rows == 0 {
		if failed != nil {
			return nil, nil, fmt.Errorf("--input %s: no image could be read, such as %w", what, failed)
		}
		return nil, nil, fmt.Errorf("--input %s: no images there", what)
	}
	in := &spec.Input
	shape := []int64{int64(set.Rows), int64(in.Channels), int64(in.Height), int64(in.Width)}
	if in.Layout == preprocess.NHWC {
		shape = []int64{int64(set.Rows), int64(in.Height), int64(in.Width), int64(in.Channels)}
	}
	set.Arrays = []npz.Array{{Name: spec.InputName, Type: m.Graph.Inputs[0].Type, Shape: shape, Data: data}}
	stages := &bench.Stages{Kind: bench.KindStages, Images: set.Rows, DecodeMS: stats.Summarize(decode), PreprocessMS: stats.Summarize(pack)}
	stages.PostprocessMS = timeOutput(spec, m.Graph)
	return set, stages, nil
}

// timeImage makes an image's row of the input, and times decoding and preprocessing in
// milliseconds: the faster of two passes, so that reading the file and first use of
// memory are left out.
func timeImage(item source.Item, spec *preprocess.Spec, maxPixels int64, row []byte) (took [2]float64, err error) {
	data, err := item.Read()
	if err != nil {
		return took, err
	}
	for pass := range 2 {
		start := time.Now()
		img, err := preprocess.Decode(data, preprocess.DecodeOptions{Channels: spec.Channels, Orientation: spec.Orientation, MaxPixels: maxPixels})
		if err != nil {
			return took, err
		}
		decoded := time.Now()
		if err := spec.Tensor(row, img); err != nil {
			return took, err
		}
		now := [2]float64{decoded.Sub(start).Seconds() * 1000, time.Since(decoded).Seconds() * 1000}
		for i := range took {
			if pass == 0 || now[i] < took[i] {
				took[i] = now[i]
			}
		}
	}
	return took, nil
}

// timeOutput times what follows a run, over outputs of random values; nil where the
// graph does not state their number.
func timeOutput(spec *models.ClassifierSpec, g *onnx.Graph) *stats.Summary {
	if spec.Classes == 0 || spec.Embedding {
		return nil
	}
	values := make([]float32, spec.Classes)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	var took []float64
	for range 100 {
		start := time.Now()
		classify.Rank(spec, classify.Options{Top: 5}, values)
		took = append(took, time.Since(start).Seconds()*1000)
	}
	s := stats.Summarize(took)
	return &s
}
