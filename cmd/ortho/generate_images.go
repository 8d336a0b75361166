package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/generate"
	"ortho/preprocess"
	"ortho/runner"
)

// ofSamples are the flags for what is made without an image.
var ofSamples = []string{"text", "texts", "class", "seed", "count", "truncation", "latents", "interpolate", "frames", "grid", "columns", "scale", "fps"}

// generateOfImages makes a picture of each image.
func generateOfImages(c *cli.Context, options generate.Options) error {
	for _, name := range ofSamples {
		if c.IsSet(name) && name == "scale" && c.String(name) == "2" && !c.IsSet("model") {
			return usagef("--scale is of --grid, and how far images are enlarged is the model's: -m span-x2 does it twice, %s four times", defaultUpscaler)
		} else if c.IsSet(name) {
			return usagef("--%s is for what is made without an image, and images are named", name)
		}
	}
	from, err := sources(c)
	if err != nil {
		return err
	}
	args := c.Args().Slice()
	reads, err := protect(c, imagesRead(c), rowsIn(c.String("output")))
	if err != nil {
		return err
	}
	alone := source.Single(args, from)
	g := &generation{c: c, options: options, reads: reads}
	if g.to, err = destinationOf(c, reads, alone, false); err != nil {
		return err
	}
	if g.to.folder != "" {
		if err := checkOutside(g.to.folder, args); err != nil {
			return err
		}
	}
	one := imageMaker{generation: g}
	if err := g.open(func() (err error) { one.graph, err = g.openGraph(defaultUpscaler, from); return err }); err != nil {
		return err
	}
	defer g.close()
	if one.graph.Spec().Image == nil {
		return g.abandon(usagef("%s takes no images: it makes them of %s", g.name, takes(one.graph.Spec())))
	}
	one.tellOptions()
	items := imagesOf(c, from, reads)
	count, err := g.out.begin(c.Context, surveyOf(c, from), items, func() (record.Record, error) {
		tile, overlap := one.graph.Tiling()
		return g.describe(record.Settings{
			{Key: "shard", Value: from.Shard.String()},
			{Key: "background", Value: g.to.background()},
			{Key: "keep-size", Value: strconv.FormatBool(options.KeepSize)},
			{Key: "tile", Value: strconv.Itoa(tile)},
			{Key: "tile-overlap", Value: strconv.Itoa(overlap)},
		})
	})
	switch {
	case err != nil:
		if c.Context.Err() != nil {
			slog.Warn("interrupted before the first image")
		}
		return g.abandon(err)
	case g.out.complete():
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", g.to.folder))
	default:
		one.names.Reserved = g.own
		unit := "images"
		if alone {
			unit = "tiles"
		}
		if err := g.write(unit, count, one.answers(pending(c.Context, g.out, one.named(g.page.remember(items)), nameOfTask))); err != nil {
			return err
		}
	}
	g.close() // the page needs the memory
	if err := g.showChanges(one.graph.Spec().Image.Spec.Orientation); err != nil {
		return err
	}
	return itemsError(g.out)
}

// tellOptions adds to the texts of each picture how large images are cut, and what is done
// with the result.
func (m *imageMaker) tellOptions() {
	tile, overlap := m.graph.Tiling()
	if tile > 0 {
		m.texts = append(m.texts, [2]string{"ortho:tile", strconv.Itoa(tile)}, [2]string{"ortho:tile-overlap", strconv.Itoa(overlap)})
	}
	if m.options.KeepSize {
		m.texts = append(m.texts, [2]string{"ortho:keep-size", "true"})
	}
	if m.to.colour != nil {
		m.texts = append(m.texts, [2]string{"ortho:background", m.to.background()})
	}
}

// task is an image that a picture is to be made of.
type task struct {
	source.Item
	format preprocess.FileFormat
	file   string // in the folder
	err    error  // why it can't have one
}

func nameOfTask(t task) string { return t.Name }

// imageMaker makes pictures of images. Several small images are under way at once; a large
// one has the generator to itself, which runs its tiles at once, while the next is decoded.
type imageMaker struct {
	*generation
	graph *singleGraph
	names shelf.Names
	large sync.RWMutex
}

// largePixels is how large an image is that keeps the generator busy alone, if it is cut.
const largePixels = 1 << 20

// most is how many images are in memory at once, at most.
const most = 8

// named gives every item the name of its picture.
func (m *imageMaker) named(items iter.Seq[source.Item]) iter.Seq[task] {
	return func(yield func(task) bool) {
		position := int64(-1)
		for item := range items {
			position++
			t := task{Item: item, format: m.to.format, file: filepath.Base(m.to.file)}
			if m.to.folder != "" {
				var ending string
				t.format, ending = m.to.formatFor(item.Path)
				if !m.out.run.Failed(position) {
					t.file, t.err = m.names.Take(item.Path, ending, item.Name)
				}
			} else if t.format == "" {
				t.format, _ = m.to.formatFor(item.Path)
			}
			if !yield(t) {
				return
			}
		}
	}
}

// picture is one that is complete, but has not appeared yet.
type picture struct {
	width, height int
	file          *shelf.File
	bytes         *bytes.Buffer // of standard output, in place of file
}

func (m *imageMaker) answers(tasks iter.Seq[task]) iter.Seq[answer[rows.Pictures]] {
	atOnce := min(most, max(2, m.graph.Concurrency()))
	return func(yield func(answer[rows.Pictures]) bool) {
		for r := range runner.Map(m.c.Context, tasks, atOnce, m.pictureOfName) {
			if errors.Is(r.Item.err, shelf.ErrTaken) { // what has become of all before it is known now
				r.Item.err = m.names.Retake(r.Item.file, r.Item.Name)
				if r.Value, r.Err = m.picture(m.c.Context, r.Item); m.c.Context.Err() != nil {
					if r.Value.file != nil {
						r.Value.file.Discard()
					}
					return
				}
			}
			row := rows.Pictures{Head: output.Head{Input: r.Item.Name}, Picture: output.Picture{File: r.Item.file}, Width: r.Value.width, Height: r.Value.height}
			made := m.place(row, r.Value.file, r.Err)
			if made.err == nil && made.end == nil && r.Value.bytes != nil {
				if _, err := m.c.App.Writer.Write(r.Value.bytes.Bytes()); err != nil {
					made = answer[rows.Pictures]{end: err}
				}
			}
			if made.err != nil && r.Item.err == nil && m.to.folder != "" {
				m.names.Free(r.Item.file)
			}
			if !yield(made) {
				return
			}
		}
	}
}

// pictureOfName is picture, but for an image whose name another one may have: it waits.
func (m *imageMaker) pictureOfName(ctx context.Context, t task) (made picture, err error) {
	if errors.Is(t.err, shelf.ErrTaken) {
		return made, t.err
	}
	return m.picture(ctx, t)
}

// picture makes the picture of one image.
func (m *imageMaker) picture(ctx context.Context, t task) (made picture, err error) {
	data, err := t.Read(ctx)
	if err != nil {
		return made, &stepError{"read", err}
	}
	if t.err != nil {
		return made, &stepError{"write", t.err}
	}
	spec := m.graph.Spec().Image
	in, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: spec.Spec.Orientation, MaxPixels: m.c.Int64("max-pixels")})
	if err != nil {
		return made, &stepError{"decode", err}
	}
	if in.Width*in.Height > largePixels && spec.Spec.Height == 0 {
		m.large.Lock()
		defer m.large.Unlock()
	} else {
		m.large.RLock()
		defer m.large.RUnlock()
	}
	if ctx.Err() != nil {
		return made, ctx.Err()
	}
	var writer *preprocess.FileWriter
	err = m.graph.Image(ctx, in, func(width, height, channels int) (io.Writer, error) {
		made.width, made.height = width, height
		var w io.Writer
		if m.to.file == "-" {
			made.bytes = new(bytes.Buffer)
			w = made.bytes
		} else {
			var err error
			if made.file, err = m.shelf.Create(t.file, t.Name); err != nil {
				return nil, &stepError{"write", err}
			}
			w = made.file
		}
		var err error
		writer, err = preprocess.NewFileWriter(w, width, height, channels, preprocess.FileOptions{
			Format: t.format, Quality: m.to.quality, Background: m.to.colour, ICC: in.ICC, Text: m.textsFor(t.Name)})
		if err != nil {
			return nil, &stepError{"write", err}
		}
		return writer, nil
	}, m.bar.Tiles)
	if err == nil {
		err = writer.Close()
	}
	return made, m.completed(made.file, err)
}

// completed has a picture on the disk, or nothing of it.
func (g *generation) completed(file *shelf.File, err error) error {
	if file == nil {
		return err
	}
	if err == nil {
		err = file.Complete()
	}
	if file.Failed() != nil {
		err = &diskError{file.Failed()}
	}
	if err != nil {
		file.Discard()
	}
	return err
}

// textsFor are the text chunks of a picture that is made of an image.
func (g *generation) textsFor(input string) [][2]string {
	return append(g.texts[:len(g.texts):len(g.texts)], [2]string{"ortho:input", shelf.Clean(path.Base(filepath.ToSlash(input)))})
}
