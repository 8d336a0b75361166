package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/sheet"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
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
		card := report.Card{Name: row.Input, Note: noteOf(row)}
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
			card.Picture.Missing = remedy.Text(err)
			return card
		}
		card.Picture = shown(img)
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

// noteOf says what a picture was made of.
func noteOf(row rows.Pictures) string {
	p := row.Image
	var parts []string
	if p.Text != "" {
		parts = append(parts, fmt.Sprintf("\u201c%s\u201d", p.Text))
	}
	if p.Class != nil {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("class %d %s", *p.Class, p.Label)))
	}
	if p.Seed != nil {
		parts = append(parts, fmt.Sprintf("seed %d", *p.Seed))
	}
	if d := p.Diffusion; d != nil {
		parts = append(parts, fmt.Sprintf("%s of %s, guidance %s", term.Counted(int64(d.Steps), "step"), d.Scheduler, term.Decimal(d.Guidance)))
	}
	if l := p.Latents; l != nil && l.At != nil {
		parts = append(parts, fmt.Sprintf("%v of the way from %d to %d", *l.At, l.From, *l.To))
	} else if l != nil {
		parts = append(parts, fmt.Sprintf("latents of row %d", l.From))
	}
	return strings.Join(parts, ", ")
}

// The edges of what a page shows, in pixels: of a whole picture, and of a detail.
const shownEdge, detailEdge = 320, 320

// shown is a picture for a page: small ones enlarged, large ones made smaller.
func shown(img *preprocess.Image) report.Picture {
	if scale := sheet.AutoScale(img.Width, img.Height); scale > 1 {
		return report.ShowPixels(img, scale)
	}
	width, height := fitted(img.Width, img.Height, shownEdge)
	return report.ShowImage(preprocess.Resample(img, width, height, preprocess.Lanczos), 88)
}

// fitted is a size with no edge longer than edge, and of the same ratio.
func fitted(width, height, edge int) (int, int) {
	scale := min(1, float64(edge)/float64(max(width, height)))
	return max(1, int(math.Round(float64(width)*scale))), max(1, int(math.Round(float64(height)*scale)))
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
			card.Picture.Missing = remedy.Text(err)
			return card
		}
		card.Picture = shown(after)
		data, err := item.Read(ctx)
		if err != nil {
			card.Note = "the input can't be shown: " + err.Error()
			return card
		}
		before, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: orientation, MaxPixels: g.options.maxPixels})
		if err != nil {
			card.Note = "the input can't be shown: " + remedy.Text(err)
			return card
		}
		card.Note = fmt.Sprintf("%dx%d, made %dx%d", before.Width, before.Height, after.Width, after.Height)
		card.Change = changeOf(before.Image, after)
		return card
	})
}

// changeOf shows both images at one size and, of larger ones, the detail in which most
// happens: after's own pixels, and before's enlarged to them by bicubic interpolation.
func changeOf(before, after *preprocess.Image) *report.Change {
	width, height := fitted(after.Width, after.Height, shownEdge)
	change := &report.Change{
		Before: report.ShowImage(preprocess.Resample(before, width, height, preprocess.Lanczos), 85),
		After:  report.ShowImage(preprocess.Resample(after, width, height, preprocess.Lanczos), 85),
	}
	// A rectangle of before, and what it became.
	across, down := float64(after.Width)/float64(before.Width), float64(after.Height)/float64(before.Height)
	w, h := min(before.Width, int(detailEdge/across)), min(before.Height, int(detailEdge/down))
	if max(after.Width, after.Height) <= shownEdge || w < 8 || h < 8 {
		return change
	}
	x, y := busiest(before, w, h)
	left, top := int(float64(x)*across), int(float64(y)*down)
	right, bottom := min(after.Width, int(float64(x+w)*across)), min(after.Height, int(float64(y+h)*down))
	detail := after.Crop(left, top, right-left, bottom-top)
	change.Detail = &report.Change{
		Before: report.ShowImage(preprocess.Resample(before.Crop(x, y, w, h), detail.Width, detail.Height, preprocess.Bicubic), 90),
		After:  report.ShowImage(detail, 90),
	}
	return change
}

// busiest finds, of 9x9 rectangles over the image, the one whose pixels differ most from
// their neighbours.
func busiest(img *preprocess.Image, width, height int) (x, y int) {
	const steps = 8
	most := -1
	for i := range steps + 1 {
		for j := range steps + 1 {
			left, top := (img.Width-width)*i/steps, (img.Height-height)*j/steps
			sum := 0
			for row := top; row < top+height-1; row += 2 {
				for column := left; column < left+width-1; column += 2 {
					at := (row*img.Width + column) * img.Channels
					here := int(img.Pix[at])
					sum += distanceOf(here, int(img.Pix[at+img.Channels])) + distanceOf(here, int(img.Pix[at+img.Width*img.Channels]))
				}
			}
			if sum > most {
				x, y, most = left, top, sum
			}
		}
	}
	return x, y
}

func distanceOf(a, b int) int { return max(a-b, b-a) }
