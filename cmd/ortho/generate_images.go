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

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/generate"
	"ortho/preprocess"
)

// imageRun is a run that makes pictures of images.
type imageRun struct {
	*generation
	graph  *graphEngine
	names  shelf.Names
	images *generate.Images[imageRequest, draft]
}

// imageRequest is an image that a picture is to be made of.
type imageRequest struct {
	source.Item
	format preprocess.FileFormat
	file   string // in the folder
	err    error  // why it can't have one
	waits  bool   // until what has the file's name is made, or has failed
}

// makeOfImages makes a picture of each image.
func (g *generation) makeOfImages(ctx context.Context) error {
	run := &imageRun{generation: g}
	if err := g.open(ctx, func(ctx context.Context) (err error) {
		run.graph, err = g.openGraph(ctx, defaultUpscaler)
		return err
	}); err != nil {
		return err
	}
	defer g.close()
	spec := run.graph.Spec()
	if spec.Image == nil {
		return g.abandon(usagef("%s takes no images: it makes them of %s", g.name, generate.Takes(spec)))
	}
	run.images = &generate.Images[imageRequest, draft]{Generator: run.graph.Generator, Read: run.read, Make: run.draft}
	run.tellOptions()
	if err := run.run(ctx); err != nil {
		return err
	}
	g.close() // the page needs the memory
	if err := g.showChanges(ctx, spec.Image.Spec.Orientation); err != nil {
		return err
	}
	return itemsError(g.out)
}

// run makes the pictures that are not there yet.
func (r *imageRun) run(ctx context.Context) error {
	args, from := r.options.args, r.options.images.from
	items := imagesOfArgs(args, from, r.reads)
	survey := func(stop func() bool) (source.Inventory, bool) { return source.Survey(args, from, stop) }
	count, err := r.out.begin(ctx, survey, items, func() (record.Record, error) { return r.describe(r.settings()) })
	if err != nil {
		if ctx.Err() != nil {
			slog.Warn("interrupted before the first image")
		}
		return r.abandon(err)
	}
	if r.out.complete() {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", r.to.folder))
		return nil
	}
	r.names.Reserved = r.own
	unit := "images"
	if source.Single(args, from) {
		unit = "tiles"
	}
	requests := pending(ctx, r.out, r.requests(r.page.remember(items)), func(one imageRequest) string { return one.Name })
	return r.write(ctx, unit, count, r.rows(ctx, requests))
}

// settings are those that only pictures of images follow from.
func (r *imageRun) settings() record.Settings {
	tile, overlap := r.graph.Tiling()
	return record.Settings{
		{Key: "shard", Value: r.options.images.from.Shard.String()},
		{Key: "background", Value: r.to.background()},
		{Key: "keep-size", Value: strconv.FormatBool(r.options.run.KeepSize)},
		{Key: "tile", Value: strconv.Itoa(tile)},
		{Key: "tile-overlap", Value: strconv.Itoa(overlap)},
	}
}

// tellOptions adds to the texts of each picture how large images are cut, and what is done
// with the result.
func (r *imageRun) tellOptions() {
	tile, overlap := r.graph.Tiling()
	if tile > 0 {
		r.texts = append(r.texts, [2]string{"ortho:tile", strconv.Itoa(tile)}, [2]string{"ortho:tile-overlap", strconv.Itoa(overlap)})
	}
	if r.options.run.KeepSize {
		r.texts = append(r.texts, [2]string{"ortho:keep-size", "true"})
	}
	if r.to.colour != nil {
		r.texts = append(r.texts, [2]string{"ortho:background", r.to.background()})
	}
}

// requests gives every image the name of its picture.
func (r *imageRun) requests(items iter.Seq[source.Item]) iter.Seq[imageRequest] {
	return func(yield func(imageRequest) bool) {
		position := int64(-1)
		for item := range items {
			position++
			one := imageRequest{Item: item, format: r.to.format, file: filepath.Base(r.to.file)}
			if r.to.folder != "" {
				var ending string
				one.format, ending = r.to.formatFor(item.Path)
				if !r.out.run.Failed(position) {
					one.file, one.err = r.names.Take(item.Path, ending, item.Name)
					one.waits = errors.Is(one.err, shelf.ErrTaken)
				}
			} else if one.format == "" {
				one.format, _ = r.to.formatFor(item.Path)
			}
			if !yield(one) {
				return
			}
		}
	}
}

// rows yields what becomes of the images, whose pictures have appeared by then.
func (r *imageRun) rows(ctx context.Context, requests iter.Seq[imageRequest]) iter.Seq[answer] {
	return func(yield func(answer) bool) {
		for made := range r.images.All(ctx, requests) {
			one, picture, err := made.Item, made.Value, made.Err
			if one.waits { // what has become of all before it is known now
				one.waits, one.err = false, r.names.Retake(one.file, one.Name)
				if picture, err = r.images.One(ctx, one); ctx.Err() != nil {
					picture.discard()
					return
				}
			}
			row := rows.Pictures{Head: output.Head{Input: one.Name}, Width: picture.width, Height: picture.height, Picture: rows.Picture{File: one.file}}
			answered := r.place(row, picture, err)
			if answered.err != nil && one.err == nil && r.to.folder != "" {
				r.names.Free(one.file)
			}
			if !yield(answered) {
				return
			}
		}
	}
}

// read decodes an image whose picture may have its name.
func (r *imageRun) read(ctx context.Context, one imageRequest) (*preprocess.Picture, error) {
	if one.waits {
		return nil, one.err
	}
	data, err := one.Read(ctx)
	if err != nil {
		return nil, models.StageRead.Wrap(err)
	}
	if one.err != nil {
		return nil, models.StageWrite.Wrap(one.err)
	}
	in, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: r.graph.Spec().Image.Spec.Orientation, MaxPixels: r.options.maxPixels})
	if err != nil {
		return nil, models.StageDecode.Wrap(err)
	}
	return in, nil
}

// draft makes the picture of an image.
func (r *imageRun) draft(ctx context.Context, one imageRequest, in *preprocess.Picture) (made draft, err error) {
	var writer *preprocess.FileWriter
	err = r.graph.Image(ctx, in, func(width, height, channels int) (io.Writer, error) {
		w, err := made.begin(r.generation, one.file, one.Name)
		if err != nil {
			return nil, err
		}
		made.width, made.height = width, height
		writer, err = preprocess.NewFileWriter(w, width, height, channels, preprocess.FileOptions{
			Format: one.format, Quality: r.to.quality, Background: r.to.colour, ICC: in.ICC, Text: r.textsFor(one.Name)})
		if err != nil {
			return nil, models.StageWrite.Wrap(err)
		}
		return writer, nil
	}, r.bar.Tiles)
	if err == nil {
		err = writer.Close()
	}
	return made, made.complete(err)
}

// textsFor are the text chunks of a picture that is made of an image.
func (r *imageRun) textsFor(input string) [][2]string {
	return append(r.texts[:len(r.texts):len(r.texts)], [2]string{"ortho:input", shelf.Clean(path.Base(filepath.ToSlash(input)))})
}

// draft is a picture that is complete, but has not appeared yet. The zero draft is none.
type draft struct {
	width, height int
	file          *shelf.File
	bytes         *bytes.Buffer // of standard output, in place of file
}

// begin returns what takes the bytes of a picture. input is the file that it is made of.
func (d *draft) begin(g *generation, name, input string) (io.Writer, error) {
	if g.to.file == "-" {
		d.bytes = new(bytes.Buffer)
		return d.bytes, nil
	}
	var err error
	if d.file, err = g.shelf.Create(name, input); err != nil {
		return nil, models.StageWrite.Wrap(err)
	}
	return d.file, nil
}

// complete has a picture on the disk, or nothing of it.
func (d *draft) complete(err error) error {
	if d.file == nil {
		return err
	}
	if err == nil {
		err = d.file.Complete()
	}
	if d.file.Failed() != nil {
		err = &diskError{d.file.Failed()}
	}
	if err != nil {
		d.file.Discard()
	}
	return err
}

func (d *draft) discard() {
	if d.file != nil {
		d.file.Discard()
	}
}
