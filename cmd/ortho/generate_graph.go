package main

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/generate"
)

// graphEngine is the engine of a model that is one graph.
type graphEngine struct {
	*generate.Generator
	model *models.Model
}

func (e *graphEngine) record(settings record.Settings) (record.Record, error) {
	return recorded(settings, e.model, e.Session(), e.Spec().Labels)
}

func (e *graphEngine) samples(ctx context.Context, requests iter.Seq[request]) iter.Seq[sample] {
	return func(yield func(sample) bool) {
		var under queue[request]
		asked := func(yield func(generate.Request) bool) {
			for r := range requests {
				under.add(r)
				if !yield(r.Request) {
					return
				}
			}
		}
		for s := range e.Samples(ctx, asked) {
			if !yield(sample{under.next(), s.Image, s.Provenance(), s.Err}) {
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
	if g.options.settings != nil {
		checkSettingsFile(*g.options.settings, model)
	}
	if err := g.protectFolder(ctx); err != nil {
		return nil, err
	}
	generator, err := generate.Open(ctx, model, g.options.run)
	if err != nil {
		return nil, err
	}
	warnSkipped(generator.Session())
	digest, err := modelDigest(model)
	if err != nil {
		return nil, errors.Join(err, generator.Close())
	}
	e := &graphEngine{generator, model}
	g.engine, g.name, g.texts = e, model.Name, modelChunks(model.Name, digest, generator.Session())
	for _, o := range g.options.overrides {
		value := o.value
		if o.name == "labels" || o.name == "vocabulary" {
			value = filepath.Base(value) // where a file lies is not for those who get the picture
		}
		g.texts = append(g.texts, [2]string{"ortho:" + o.name, shelf.Clean(value)})
	}
	return e, nil
}

// openModel opens the model that is named, or else the fallback; "": there is none.
func (g *generation) openModel(fallback string) (*models.Model, error) {
	given, err := readOverrides(g.options.overrides)
	if err != nil {
		return nil, err
	}
	name := g.options.model
	if name == "" {
		if name = fallback; !slices.Contains(bundled.Names(), name) {
			return nil, usagef("nothing says what to make: name images, or give --text or --class (%s draws digits); or name a model that makes images of chance with -m", defaultDrawer)
		}
	}
	model, err := openNamed(name, given)
	if err == nil && model.Task != models.Generate && !g.options.asTask {
		// The graph's outputs don't tell what it is for, or tell otherwise; the verb does.
		if err = given.Set("task", string(models.Generate)); err == nil {
			model, err = openNamed(name, given)
		}
	}
	return model, err
}
