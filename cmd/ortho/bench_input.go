package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/preprocess"
	"ortho/runner/appear"
	"ortho/runner/bench"
	"ortho/runner/feed"
	"ortho/runner/onnx"
	"ortho/runner/stats"
)

const (
	benchRows  = 16        // images that are read; more where a batch is larger
	benchBytes = 512 << 20 // of all inputs
)

// benchInputs is the graph's inputs, and the images that they are made from.
type benchInputs struct {
	*feed.Set
	files  [][]byte      // encoded images
	stages *bench.Stages // of images
}

// benchFeeder makes a graph's inputs.
type benchFeeder struct {
	ui       *term.UI
	named    string // the model
	model    *models.Model
	input    benchInput
	decoding flags.Decoding
}

// inputs makes what is asked for, of enough rows for the largest batch.
func (b *benchFeeder) inputs(ctx context.Context, batch int) (in benchInputs, err error) {
	what := b.input.what
	switch ending := strings.ToLower(filepath.Ext(what)); {
	case what == "":
		return in, commandline.Usagef("--input names nothing: images, FILE.npz or synthetic")
	case what == syntheticValues:
		var notice string
		if in.Set, notice, err = syntheticSet(b.model, b.input.dims, batch, b.input.seed, "--input photos/"); notice != "" {
			b.ui.Info(notice)
		}
		return in, err
	case ending == ".npz" || ending == ".npy":
		in.Set, err = feed.ReadNPZ(what, b.model.Graph, b.input.dims)
		return in, err
	}
	return b.imageInputs(ctx, max(batch, benchRows))
}

// syntheticSet makes values of the sizes that dims give, or else the model's files, as notice
// says; images names the way to give images instead.
func syntheticSet(m *models.Model, dims map[string]int64, rows int, seed uint64, images string) (set *feed.Set, notice string, err error) {
	all := m.InputDims()
	var told []string
	for _, in := range m.Graph.Inputs {
		for _, d := range in.Dims {
			size, known := all[d.Name]
			text := fmt.Sprintf("%s=%d", d.Name, size)
			if _, given := dims[d.Name]; known && !given && !slices.Contains(told, text) {
				told = append(told, text)
			}
		}
	}
	maps.Copy(all, dims)
	set, err = feed.Synthetic(m.Graph, all, rows, seed)
	switch {
	case err != nil && m.Task == models.Classify:
		return nil, "", fmt.Errorf("synthetic input: %w; or %s", err, images)
	case err == nil && len(told) > 0:
		notice = fmt.Sprintf("synthetic input of %s, as %s is configured (--dim says otherwise; or %s)", strings.Join(told, ", "), m.Name, images)
	}
	return set, notice, err
}

// imageBytes is how large the tensor of an image is, of a model that classifies or finds boxes; of one
// that takes each image at a size of its own the largest that its resize makes.
func imageBytes(m *models.Model) (int, error) {
	if m.Task != models.Detect {
		spec, err := m.Classifier()
		if err != nil {
			return 0, err
		}
		return spec.Input.Bytes(), nil
	}
	spec, err := m.Detector()
	if err != nil {
		return 0, err
	}
	largest := spec.Input.For(1<<12, 1<<12)
	return largest.Bytes(), nil
}

// imageInputs takes up to rows images, spread over all there are.
func (b *benchFeeder) imageInputs(ctx context.Context, rows int) (in benchInputs, err error) {
	m, what := b.model, b.input.what
	if m.Task == models.Generate {
		return in, fmt.Errorf("--input %s: images are measured on their way to classes, and %s makes images: give --input synthetic, "+
			"or tensors in an .npy or .npz file (ortho preprocess -m %s IMG -o x.npy)", what, m.Name, b.named)
	}
	bytes, err := imageBytes(m)
	var loader *models.ImageLoader
	if err == nil {
		loader, err = m.ImageLoader()
	}
	if err != nil {
		return in, fmt.Errorf("--input %s: images need a model whose preprocessing is known: %w", what, err)
	}
	if len(m.Graph.Inputs) != 1 {
		return in, fmt.Errorf("--input %s: the graph has %d inputs; give an .npz with all of them, or synthetic", what, len(m.Graph.Inputs))
	}
	args := []string{what}
	if source.Once(args, source.Options{}) || what == "-" {
		return in, commandline.Usagef("--input %s: what is measured is gone through several times, and standard input or a pipe can be read once: name a file", what)
	}
	if err := source.Check(args); err != nil {
		return in, err
	}
	rows = max(1, min(rows, benchBytes/max(1, bytes)))
	step := int64(1)
	var passed source.Passed
	if all, known := source.Survey(args, source.Options{Passed: &passed}, func() bool { return ctx.Err() != nil }); known {
		step = max(1, all.Items/int64(rows))
	}
	flags.TellPassed(b.ui, &passed, false)
	every := func(yield func(models.ImageFile) bool) {
		n := int64(0)
		for file := range imageFiles(source.Items(args, source.Options{})) {
			if n++; (n-1)%step == 0 && !yield(file) {
				return
			}
		}
	}
	var failed error
	load := models.ImageOptions{MaxPixels: b.decoding.Pixels, Scaled: b.decoding.Scaled}
	options := models.FeedOptions{ImageOptions: load, Files: true,
		Rows: func(int) int { return rows },
		Failed: func(name string, err error) error {
			failed = fmt.Errorf("%s: %w", name, err)
			if b.decoding.Stop {
				return fmt.Errorf("%w (--fail-fast stops here)", failed)
			}
			b.ui.Warn(remedy.Text(failed) + "; left out")
			return nil
		},
	}
	for batch, err := range models.FeedImages(ctx, []*models.ImageLoader{loader}, every, options) {
		if err != nil {
			return in, err
		}
		if in.Set == nil {
			in.Set = batch.Sets[0]
		}
		if in.files = append(in.files, batch.Files...); !m.Graph.Single || len(in.files) >= rows {
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		return in, ctx.Err()
	case in.Set == nil && failed != nil:
		return in, fmt.Errorf("--input %s: no image could be read, such as %w", what, failed)
	case in.Set == nil:
		return in, fmt.Errorf("--input %s: no images there", what)
	case load.Scaled:
		return in, nil // its parts can't be timed separately
	}
	spec, err := m.Classifier()
	if err != nil {
		return in, nil // of boxes the whole way is measured, and not what each part of it takes
	}
	in.stages, err = timeStages(ctx, in.files, spec, m.Graph, load.MaxPixels)
	return in, err
}

// timeStages times what is done to images before a run, and to outputs after it.
func timeStages(ctx context.Context, files [][]byte, spec *models.ClassifierSpec, g *onnx.Graph, maxPixels int64) (*bench.Stages, error) {
	row := make([]byte, spec.Input.Bytes())
	var decode, pack []float64
	for _, file := range files {
		took, err := timeImage(file, &spec.Input, maxPixels, row)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		decode, pack = append(decode, took[0]), append(pack, took[1])
	}
	return &bench.Stages{Kind: bench.KindStages, Images: len(files), DecodeMS: stats.Summarize(decode), PreprocessMS: stats.Summarize(pack),
		PostprocessMS: timeOutput(spec, g)}, nil
}

// timeImage makes an image's row of the input, and times decoding and preprocessing in
// milliseconds: the faster of two passes, so that the first use of memory is left out.
func timeImage(data []byte, spec *preprocess.Spec, maxPixels int64, row []byte) (took [2]float64, err error) {
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

// writeFiles writes the encoded images for the cells.
func (in benchInputs) writeFiles(folder string) (names []string, err error) {
	for i, data := range in.files {
		name := filepath.Join(folder, fmt.Sprintf("image-%d", i))
		if err := appear.HandOver(name, data); err != nil {
			return nil, fmt.Errorf("hand over images: %w", err)
		}
		names = append(names, name)
	}
	return names, nil
}
