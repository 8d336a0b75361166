package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/generate"
	"ortho/runner"
)

// graphEngine is the engine of a model that is one graph.
type graphEngine struct {
	*generate.Generator
	model *models.Model
}

func (e *graphEngine) record(ctx context.Context, settings record.Settings) (record.Record, error) {
	return job.Described(ctx, settings, e.model, e.Session(), e.Spec().Labels)
}

func (e *graphEngine) samples(ctx context.Context, requests iter.Seq[request]) iter.Seq[sample] {
	return func(yield func(sample) bool) {
		for s := range generate.Each(ctx, e.Generator, requests, func(one request) generate.Request { return one.Request }) {
			if !yield(sample{s.Item, s.Value.Image, s.Value.Provenance(), s.Err}) {
				return
			}
		}
	}
}

// openGraph opens a model of one graph as the run's engine.
func (g *generation) openGraph(ctx context.Context, fallback string) (*graphEngine, error) {
	model, err := g.openModel(fallback)
	if err != nil {
		return nil, err
	}
	g.session.Check(ctx, g.ui, model)
	if err := g.protectFolder(ctx); err != nil {
		return nil, err
	}
	generator, err := generate.Open(ctx, model, g.options())
	if err != nil {
		return nil, err
	}
	flags.TellSession(g.ui, generator.Session())
	e := &graphEngine{generator, model}
	if err := g.identify(ctx, model, generator.Session()); err != nil {
		return nil, errors.Join(err, generator.Close())
	}
	g.engine = e
	return e, nil
}

// identify makes the text chunks that tell which model has made a picture, and how it was read.
func (g *generation) identify(ctx context.Context, model *models.Model, on *runner.Session) error {
	digest, err := model.Digest(ctx)
	if err != nil {
		return err
	}
	g.name, g.texts = model.Name, modelChunks(model.Name, digest, on)
	for _, flag := range g.typed {
		name, value := flag[0], flag[1]
		if name == "labels" || name == "vocabulary" {
			value = filepath.Base(value) // the path is left out of the picture's text
		}
		g.texts = append(g.texts, [2]string{"ortho:" + name, shelf.Clean(value)})
	}
	return nil
}

// openModel opens the model that is named, or else the fallback; "": there is none.
func (g *generation) openModel(fallback string) (*models.Model, error) {
	name, given := g.model, g.read.Given
	if name == "" {
		if name = fallback; !slices.Contains(bundled.Names(), name) {
			return nil, commandline.Usagef("nothing says what to make: name images, or give --text or --class (%s draws digits); or name a model that makes images of chance with -m", defaultDrawer)
		}
	}
	model, err := flags.OpenModel(name, given)
	if err == nil && model.Task != models.Generate && !g.asTask {
		// The task does not follow from the graph's outputs, or is another one: the verb
		// states it.
		if err = given.Set("task", string(models.Generate)); err == nil {
			model, err = flags.OpenModel(name, given)
		}
	}
	if err != nil || g.restore.detector == "" {
		return model, err
	}
	given, err = g.restore.restorer(model, given)
	if err != nil {
		return nil, err
	}
	if said := g.restore.said; said != "" {
		g.ui.Info(fmt.Sprintf("%s takes how like the face is to be: %s (--fidelity)", model.Name, said))
	}
	return flags.OpenModel(name, given)
}
