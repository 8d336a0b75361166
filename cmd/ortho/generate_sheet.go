package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"

	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/sheet"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// checkSheet refuses, before any work, a sheet that could not be written.
func (g *generation) checkSheet() error {
	o := &g.options
	columns, scale := valueOf(o.columns), valueOf(o.scale)
	switch {
	case columns < 0 || columns > 10_000:
		return usagef("--columns %d: from 1 to 10000", columns)
	case scale < 0 || scale > 64:
		return usagef("--scale %d: from 1 to 64", scale)
	case o.grid == nil && (o.columns != nil || o.scale != nil):
		return usagef("--columns and --scale are for --grid")
	case o.grid == nil:
		return nil
	case *o.grid == o.output:
		return usagef("--output and --grid name one file")
	}
	if _, err := sheetFormat(*o.grid); err != nil {
		return err
	}
	if g.to.folder != "" {
		if inside, err := inFolder(g.to.folder, *o.grid); err != nil {
			return err
		} else if sampleName.MatchString(inside) {
			return usagef("--grid %s lies in the output folder, where pictures have such names: give another", *o.grid)
		}
	}
	_, err := g.reads.Check(*o.grid, g.mayReplace())
	return err
}

// sampleName is that of a picture that is made without an image.
var sampleName = regexp.MustCompile(`^\d{4,}[-.]`)

// sheetFormat is how the file of --grid is written.
func sheetFormat(name string) (preprocess.FileFormat, error) {
	format, err := preprocess.FormatOf(filepath.Base(name))
	if err != nil {
		return "", usagef("--grid %w", err)
	}
	return format, nil
}

// mayReplace tells whether what is made at the end may take the place of an earlier one.
func (g *generation) mayReplace() bool {
	return g.options.overwrite || g.options.resume || g.options.retryFailed
}

// limitOfOurs bounds the pixels of pictures that are read back: inputs may be enlarged.
const limitOfOurs = 1 << 30

// made yields the pictures of a run whose rows are all there, those of earlier runs among
// them, in their order.
func (g *generation) made(ctx context.Context) iter.Seq2[*preprocess.Image, error] {
	return func(yield func(*preprocess.Image, error) bool) {
		if g.unfiled != nil {
			for _, img := range g.unfiled.images {
				if !yield(img, nil) {
					return
				}
			}
			return
		}
		f, err := os.Open(g.out.name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			yield(nil, err)
			return
		}
		for row, err := range rows.PicturesCodec.Read("jsonl", f, info.Size()) {
			var img *preprocess.Image
			if err == nil {
				if row.Error != nil {
					continue
				}
				img, err = g.readBack(ctx, row)
			}
			if !yield(img, err) || err != nil {
				return
			}
		}
	}
}

// readBack decodes a picture that was written.
func (g *generation) readBack(ctx context.Context, row rows.Pictures) (*preprocess.Image, error) {
	if !filepath.IsLocal(filepath.FromSlash(row.File)) {
		return nil, fmt.Errorf("the row of %s names no picture", row.Input)
	}
	name := filepath.Join(g.shelf.Folder, filepath.FromSlash(row.File))
	item := source.File(name)
	data, err := item.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{MaxPixels: limitOfOurs})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.Image, nil
}

// layout is how the sheet is laid out: a row for each of several subjects.
func (r *sampleRun) layout() sheet.Layout {
	layout := sheet.Layout{Columns: valueOf(r.options.columns), Scale: valueOf(r.options.scale), MaxPixels: r.options.maxPixels}
	if layout.Columns == 0 && len(r.series.Subjects) > 1 && r.series.Each() > 1 {
		layout.Columns = r.series.Each()
	}
	return layout
}

func (r *sampleRun) writeSheet(ctx context.Context, name string) error {
	var all []*preprocess.Image
	bytes := 0
	for img, err := range r.made(ctx) {
		if err != nil {
			return err
		}
		all = append(all, img)
		if bytes += len(img.Pix); bytes > maxUnfiled {
			return fmt.Errorf("the images have more than %d bytes together, too many for one sheet", maxUnfiled)
		}
	}
	img, err := sheet.Make(all, r.layout())
	if err != nil {
		return err
	}
	format, err := sheetFormat(name)
	if err != nil {
		return err
	}
	if err := writeFile(r.reads, name, r.mayReplace(), func(w io.Writer) error {
		return encode(w, img, preprocess.FileOptions{Format: format, Text: r.texts})
	}); err != nil {
		return err
	}
	r.tell(name, "%s, %dx%d", term.Images(int64(len(all))), img.Width, img.Height)
	return nil
}

func (r *sampleRun) writeAnimation() error {
	all := r.unfiled.images
	if err := writeFile(r.reads, r.to.file, r.options.overwrite, func(w io.Writer) error { return sheet.WriteGIF(w, all, r.options.fps) }); err != nil {
		return err
	}
	if len(all) > 0 {
		r.tell(r.to.file, "%s of %dx%d", term.Images(int64(len(all))), all[0].Width, all[0].Height)
	}
	return nil
}
