package main

import (
	"context"
	"fmt"

	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/preprocess"
)

// show writes the animation, the sheet and the page of what was made.
func (r *sampleRun) show(ctx context.Context) error {
	if r.to.animation {
		if err := r.writeAnimation(); err != nil {
			return err
		}
	}
	if grid := r.options.grid; grid != nil {
		if err := r.writeSheet(ctx, *grid); err != nil {
			return fmt.Errorf("make %s: %w", *grid, err)
		}
	}
	at := 0
	return r.showRows(ctx, func(ctx context.Context, row rows.Pictures, _ source.Item) report.Card {
		card := report.Card{Name: row.Input, Note: pages.MadeOf(row.Image)}
		if row.Error != nil {
			card.Error = row.Error.Message
			return card
		}
		var img *preprocess.Image
		var err error
		if r.unfiled != nil && r.unfiled.images != nil {
			img = r.unfiled.images[at]
			at++
		} else if img, err = r.readBack(ctx, row); err != nil {
			card.Picture.Missing = err.Error()
			return card
		}
		card.Picture = pages.Picture(img)
		return card
	})
}

// showRows writes the page, if there is one.
func (g *generation) showRows(ctx context.Context, card func(context.Context, rows.Pictures, source.Item) report.Card) error {
	if g.page == nil {
		return nil
	}
	if g.unfiled != nil {
		g.page.rows = g.unfiled.rows
	}
	return g.page.writeAs(ctx, g.options.reporting, "What "+g.name+" makes", g.out, 1, card)
}

// showChanges writes the page of what images were and became.
func (g *generation) showChanges(ctx context.Context, orientation preprocess.Orientation) error {
	return g.showRows(ctx, func(ctx context.Context, row rows.Pictures, item source.Item) report.Card {
		card := report.Card{Name: row.Input}
		if row.Error != nil {
			card.Error = row.Error.Message
			return card
		}
		after, err := g.readBack(ctx, row)
		if err != nil {
			card.Picture.Missing = err.Error()
			return card
		}
		card.Picture = pages.Picture(after)
		data, err := item.Read(ctx)
		if err != nil {
			card.Note = "the input can't be shown: " + err.Error()
			return card
		}
		before, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: orientation, MaxPixels: g.options.maxPixels})
		if err != nil {
			card.Note = "the input can't be shown: " + err.Error()
			return card
		}
		card.Note = fmt.Sprintf("%dx%d, made %dx%d", before.Width, before.Height, after.Width, after.Height)
		card.Change = pages.Change(before.Image, after)
		return card
	})
}
