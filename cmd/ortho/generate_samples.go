package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/generate"
	"ortho/preprocess"
	"ortho/runner"
)

// generateSamples makes pictures of texts, classes, latents or seeds.
func generateSamples(c *cli.Context, options generate.Options) error {
	wish, err := readWish(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, noFiles, rowsIn(c.String("output")))
	if err != nil {
		return err
	}
	g := &generation{c: c, options: options, reads: reads}
	switch {
	case c.IsSet("output"):
		if g.to, err = destinationOf(c, reads, wish.alone(), true); err != nil {
			return err
		}
	case !c.IsSet("grid"):
		return usagef("nothing says where the images go: give -o OUT, or --grid FILE for a sheet of them (and SRC, if they are to be made of images)")
	}
	fallback := ""
	if len(wish.texts)+len(wish.classes) > 0 {
		fallback = defaultDrawer
	}
	var graph *singleGraph
	if err := g.open(func() error { graph, err = g.openGraph(fallback, source.Options{}); return err }); err != nil {
		return err
	}
	defer g.close()
	plan, err := wish.plan(g, graph)
	if err != nil {
		return g.abandon(err)
	}
	return g.makeSamples(plan, "images", graph.samples)
}

// makeSamples makes the pictures of a plan, and what shows them together. unit is what
// progress counts.
func (g *generation) makeSamples(plan *plan, unit string, samples func(context.Context, iter.Seq[planned]) iter.Seq[sampled]) error {
	c := g.c
	one := sampleMaker{generation: g, plan: plan, samples: samples}
	count, err := g.out.begin(c.Context, plan.survey, nil, func() (record.Record, error) { return g.describe(plan.settings()) })
	if err != nil {
		return g.abandon(err)
	}
	if g.out.complete() {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", g.to.folder))
	} else if err := g.write(unit, count, one.answers()); err != nil {
		return err
	}
	if err := g.showSamples(plan); err != nil {
		return err
	}
	return itemsError(g.out)
}

// sampleMaker makes pictures as planned.
type sampleMaker struct {
	*generation
	plan    *plan
	samples func(context.Context, iter.Seq[planned]) iter.Seq[sampled] // in their order
}

// sampled is what became of a planned picture.
type sampled struct {
	planned
	image *preprocess.Image
	err   error
}

func (m *sampleMaker) answers() iter.Seq[answer[rows.Pictures]] {
	todo := pending(m.c.Context, m.out, m.plan.all(), func(p planned) string { return p.name })
	return func(yield func(answer[rows.Pictures]) bool) {
		ctx, cancel := context.WithCancel(m.c.Context)
		defer cancel() // ends what is under way, also where the run ends early
		for r := range runner.Map(m.c.Context, m.samples(ctx, todo), 2, m.picture) {
			made := m.place(rowOfSample(r.Item), r.Value.file, r.Err)
			if made.err == nil && made.end == nil {
				made.end = m.keep(r.Item, r.Value)
			}
			if !yield(made) {
				return
			}
		}
	}
}

// picture encodes what was made, where there is a file for it.
func (m *sampleMaker) picture(_ context.Context, s sampled) (made picture, err error) {
	if s.err != nil || m.to.folder == "" && !m.to.single() {
		return made, s.err
	}
	write := func(w io.Writer) error {
		return encode(w, s.image, preprocess.FileOptions{Format: m.plan.format, Quality: m.to.quality, Text: append(m.texts[:len(m.texts):len(m.texts)], s.texts(m.plan)...)})
	}
	if m.to.file == "-" {
		made.bytes = new(bytes.Buffer)
		return made, write(made.bytes)
	}
	if made.file, err = m.shelf.Create(s.file, ""); err != nil {
		return made, &stepError{"write", err}
	}
	return made, m.completed(made.file, write(made.file))
}

// encode writes a whole image.
func encode(w io.Writer, img *preprocess.Image, options preprocess.FileOptions) error {
	f, err := preprocess.NewFileWriter(w, img.Width, img.Height, img.Channels, options)
	if err != nil {
		return &stepError{"write", err}
	}
	if _, err := f.Write(img.Pix); err != nil {
		return err
	}
	return f.Close()
}

// keep holds a picture that is not in a folder for the animation, sheet or page.
func (m *sampleMaker) keep(s sampled, made picture) error {
	if made.bytes != nil {
		if _, err := m.c.App.Writer.Write(made.bytes.Bytes()); err != nil {
			return err
		}
	}
	if m.rows == nil {
		return nil
	}
	m.rows.images = append(m.rows.images, s.image)
	if m.rows.bytes += len(s.image.Pix); m.rows.bytes > maxKept {
		return fmt.Errorf("the images have more than %d bytes together, too many for one file: make fewer, or give -o FOLDER", maxKept)
	}
	return nil
}

// maxKept bounds the pixels of what is shown together without being files.
const maxKept = 1 << 30

// rowOfSample is that of a picture, whether it was made or not.
func rowOfSample(s sampled) rows.Pictures {
	row := rows.Pictures{Head: output.Head{Input: s.name}, Picture: s.made}
	row.File = s.file
	if s.image != nil {
		row.Width, row.Height = s.image.Width, s.image.Height
	}
	return row
}
