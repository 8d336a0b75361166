package main

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"strconv"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/generate"
	"ortho/runner"
)

// singleGraph is the engine of a model that is one graph.
type singleGraph struct {
	*generate.Generator
	model *models.Model
}

func (s *singleGraph) record(settings record.Settings) (record.Record, error) {
	return recorded(settings, s.model, s.Session(), s.Spec().Labels)
}

// openGraph opens a model of one graph.
func (g *generation) openGraph(fallback string, from source.Options) (*singleGraph, error) {
	given, err := givenSettings(g.c)
	if err != nil {
		return nil, err
	}
	name := g.c.String("model")
	if name == "" {
		if name = fallback; !slices.Contains(bundled.Names(), name) {
			return nil, usagef("nothing says what to make: name images, or give --text or --class (%s draws digits); or name a model that makes images of chance with -m", defaultDrawer)
		}
	}
	model, err := openNamed(name, given)
	if err == nil && model.Task != models.Generate && !g.c.IsSet("task") {
		// The graph's outputs don't tell what it is for, or tell otherwise; the verb does.
		if err = given.Set("task", string(models.Generate)); err == nil {
			model, err = openNamed(name, given)
		}
	}
	if err != nil {
		return nil, err
	}
	checkSettings(g.c, model)
	if err := g.protectFolder(from); err != nil {
		return nil, err
	}
	generator, err := generate.Open(g.c.Context, model, g.options)
	if err != nil {
		return nil, err
	}
	warnSkipped(generator.Session())
	digest, err := modelDigest(model)
	if err != nil {
		return nil, errors.Join(err, generator.Close())
	}
	graph := &singleGraph{generator, model}
	g.engine, g.name, g.texts = graph, model.Name, modelChunks(model.Name, digest, generator.Session())
	for _, f := range settings {
		if value := g.c.String(f.name); g.c.IsSet(f.name) {
			if f.name == "labels" || f.name == "vocabulary" {
				value = filepath.Base(value) // where a file lies is not for those who get the picture
			}
			g.texts = append(g.texts, [2]string{"ortho:" + f.name, shelf.Clean(value)})
		}
	}
	if g.c.IsSet("invert") {
		g.texts = append(g.texts, [2]string{"ortho:invert", strconv.FormatBool(g.c.Bool("invert"))})
	}
	return graph, nil
}

// modelChunks are the text chunks of all that a model has made.
func modelChunks(model, digest string, on *runner.Session) [][2]string {
	return [][2]string{{"Software", "ortho " + build.Version()}, {"ortho:model", model}, {"ortho:model-sha256", digest}, {"ortho:provider", on.Provider}}
}

// samples runs the requests of what is planned; they are answered in their order.
func (s *singleGraph) samples(ctx context.Context, todo iter.Seq[planned]) iter.Seq[sampled] {
	return func(yield func(sampled) bool) {
		var under queue[planned]
		requests := func(yield func(generate.Request) bool) {
			for p := range todo {
				under.add(p)
				if !yield(p.request) {
					return
				}
			}
		}
		for made := range s.Samples(ctx, requests) {
			p := under.next()
			if made.Class != nil { // it may have been drawn
				p.made.Class = made.Class
			}
			if !yield(sampled{p, made.Image, made.Err}) {
				return
			}
		}
	}
}
