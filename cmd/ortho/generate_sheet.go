package main

import (
	"context"
	"fmt"
	"io"
	"iter"

	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/sheet"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// pictures yields those of a run, those of earlier runs among them, in their order. rows are all
// that it has.
func (r *sampleRun) pictures(ctx context.Context, all iter.Seq2[rows.Pictures, error]) iter.Seq2[*preprocess.Image, error] {
	return func(yield func(*preprocess.Image, error) bool) {
		if r.to.Folder == "" {
			for _, img := range r.kept.all {
				if !yield(img, nil) {
					return
				}
			}
			return
		}
		for row, err := range all {
			var img *preprocess.Image
			if err == nil {
				if row.Error != nil {
					continue
				}
				img, err = r.readBack(ctx, row)
			}
			if !yield(img, err) || err != nil {
				return
			}
		}
	}
}

// layout is how the sheet is laid out: a row for each of several subjects.
func (r *sampleRun) layout() sheet.Layout {
	layout := sheet.Layout{Columns: r.sheet.columns, Scale: r.sheet.scale, MaxPixels: r.maxPixels.Pixels}
	if layout.Columns == 0 && len(r.series.Subjects) > 1 && r.series.Each() > 1 {
		layout.Columns = r.series.Each()
	}
	return layout
}

func (r *sampleRun) writeSheet(ctx context.Context, name string, rows iter.Seq2[rows.Pictures, error]) error {
	var all []*preprocess.Image
	bytes := 0
	for img, err := range r.pictures(ctx, rows) {
		if err != nil {
			return err
		}
		all = append(all, img)
		if bytes += len(img.Pix); bytes > maxShown {
			return fmt.Errorf("the images have more than %d bytes together, too many for one sheet", maxShown)
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
	if err := r.reads.Save(ctx, name, r.replaces, func(w io.Writer) error {
		return encode(w, img, preprocess.FileOptions{Format: format, Text: r.texts})
	}); err != nil {
		return err
	}
	r.tell(name, "%s, %dx%d", term.Images(int64(len(all))), img.Width, img.Height)
	return nil
}

func (r *sampleRun) writeAnimation(ctx context.Context) error {
	all := r.kept.all
	if err := r.reads.Save(ctx, r.to.File, r.replaces, func(w io.Writer) error { return sheet.WriteGIF(w, all, r.sheet.fps) }); err != nil {
		return err
	}
	if len(all) > 0 {
		r.tell(r.to.File, "%s of %dx%d", term.Images(int64(len(all))), all[0].Width, all[0].Height)
	}
	return nil
}
