package generate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// Options say how a generator runs. The zero value is the CPU, and all else as the model says.
type Options struct {
	Runner      runner.Options
	Concurrency int // runs in flight, each a tile or an image; 0: as suits the provider

	// Of graphs that take images:
	Tile, Overlap int  // in pixels of the input; 0: as the model says, or a trial shows. A negative Tile: images are never cut
	KeepSize      bool // bring the output back to the input's size
}

// Generator is a model ready to make images. Its methods may be called concurrently.
type Generator struct {
	name        string
	spec        *models.GeneratorSpec
	opt         Options
	tiling      tiling
	tried       bool // by a trial, that the graph's size can be that of tiles
	session     *runner.Session
	concurrency int
	gate        runner.Gate // images and samples under way

	graph  *onnx.Graph
	trying sync.Mutex // held while the graph is tried
	sizes  sizes
	marks  config.Mark // that a trial has shown; "": none was made, or it shows nothing
}

// Open makes a generator of a model. Close it after use. ctx is for Open alone; see
// [runner.Open].
func Open(ctx context.Context, m *models.Model, opt Options) (*Generator, error) {
	spec, err := m.Generator()
	if err != nil {
		return nil, err
	}
	return open(ctx, runner.Model{Path: m.Path, Data: m.Data, Graph: m.Graph}, m.Name, spec, opt)
}

// open makes a generator of a graph and what is known of it.
func open(ctx context.Context, m runner.Model, name string, spec *models.GeneratorSpec, opt Options) (*Generator, error) {
	g := &Generator{name: name, spec: spec, opt: opt, graph: m.Graph}
	if spec.Image != nil {
		var err error
		if g.tiling, err = tilingOf(spec, m.Graph, opt); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	opt.Runner.Outputs = []string{spec.Output.Name}
	alone := spec.Image != nil && g.tiling.width == 0 && opt.Runner.OnCPU()
	if alone && opt.Runner.Threads == 0 && opt.Concurrency <= 1 {
		// One run an image: nothing else would keep the other cores busy.
		opt.Runner.Threads = runtime.GOMAXPROCS(0)
	}
	var err error
	if g.session, err = runner.Open(ctx, m, opt.Runner); err != nil {
		return nil, err
	}
	if g.fixed() && opt.Tile == 0 {
		if g.tried, err = g.trial(ctx); err != nil {
			return nil, errors.Join(err, g.session.Close())
		}
	}
	_, g.concurrency = opt.Runner.DefaultBatch(g.session.Provider)
	if opt.Concurrency > 0 {
		g.concurrency = opt.Concurrency
	} else if alone && g.session.Threads > 1 {
		g.concurrency = 1
	}
	return g, nil
}

// Close refuses further images and samples, whose error is [runner.ErrClosed], waits for
// those under way, and frees the session. It may be called more than once, and within a
// range over Samples.
func (g *Generator) Close() error { return g.gate.Close(g.session.Close) }

func (g *Generator) enter() error { return g.gate.Enter("the generator") }

// Session is the session that the generator runs on.
func (g *Generator) Session() *runner.Session { return g.session }

// Spec describes the model's inputs and output.
func (g *Generator) Spec() *models.GeneratorSpec { return g.spec }

// Concurrency returns the runs in flight.
func (g *Generator) Concurrency() int { return g.concurrency }

// Tiling returns the width and height of the tiles of large images and what neighbours share, in
// pixels of the input; a width of 0: images are never cut.
func (g *Generator) Tiling() (width, height, overlap int) {
	return g.tiling.width, g.tiling.height, g.tiling.overlap
}

// Tried reports whether images are cut into tiles because a trial has shown that the graph, which
// takes one size alone, makes of tiles what it would make of whole images.
func (g *Generator) Tried() bool { return g.tried }

// Whole is the size that every image is resized to, since the graph takes no other and images are
// not cut; 0 where that is not so.
func (g *Generator) Whole() (width, height int) {
	if g.spec.Image == nil || g.spec.Mask != nil || g.tiling.exact {
		return 0, 0
	}
	return g.spec.Image.Spec.Width, g.spec.Image.Spec.Height
}

// Squashes reports whether Whole's size does not keep an image's proportions. What is stated of the resize may.
func (g *Generator) Squashes() bool {
	return g.spec.Image != nil && g.spec.Image.Spec.Resize.Mode == preprocess.Exact
}
