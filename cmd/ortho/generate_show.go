package main

import (
	"context"
	"fmt"
	"iter"

	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/preprocess"
)

// show prints the size of a single picture, and writes the animation and the sheet of all.
func (r *sampleRun) show(ctx context.Context, all iter.Seq2[rows.Pictures, error]) error {
	for _, img := range r.kept.all[:min(1, len(r.kept.all))] {
		r.tellSize(img.Width, img.Height)
	}
	if r.to.Animation {
		if err := r.writeAnimation(ctx); err != nil {
			return err
		}
	}
	if grid := r.sheet.grid; grid != nil {
		if err := r.writeSheet(ctx, *grid, all); err != nil {
			return fmt.Errorf("make %s: %w", *grid, err)
		}
	}
	return r.left(all)
}

// cards shows the rows, in their order, each with its picture.
func (r *sampleRun) cards() func(context.Context, rows.Pictures, source.Item) report.Card {
	at := 0
	return func(ctx context.Context, row rows.Pictures, _ source.Item) report.Card {
		card := report.Card{Name: row.Input, Note: pages.MadeOf(row.Image)}
		if row.Error != nil {
			card.Error = row.Error.Message
			return card
		}
		var img *preprocess.Image
		var err error
		if at < len(r.kept.all) {
			img = r.kept.all[at]
			at++
		} else if img, err = r.readBack(ctx, row); err != nil {
			card.Picture.Missing = remedy.Text(err)
			return card
		}
		card.Picture = pages.Picture(img)
		return card
	}
}
