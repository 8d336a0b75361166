package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner"
)

// The most that a gallery shows, so that a browser opens it.
const maxGalleryImages, maxGalleryBytes = 1000, 30 << 20

// gallery is the page of --html: the first rows of the output, those that earlier runs have
// made among them, with thumbnails that are made when all rows are there. A nil gallery
// does nothing.
type gallery[R output.Row] struct {
	reads     *output.Reads
	name      string
	overwrite bool
	light     func(R) R // leaves out what is large, and not shown; nil: nothing is
	rows      []R       // of a stream, which can't be read back

	mutex sync.Mutex
	items []source.Item // of the first rows
}

// openGallery refuses, before any work, what could not be written.
func openGallery[R output.Row](c *cli.Context, reads *output.Reads) (*gallery[R], error) {
	if !c.IsSet("html") {
		return nil, nil
	}
	g := &gallery[R]{reads: reads, name: c.String("html"), overwrite: c.Bool("overwrite") || c.Bool("resume") || c.Bool("retry-failed")}
	switch {
	case g.name == "" || g.name == "-":
		return nil, usagef("--html names no file")
	case g.name == c.String("output"):
		return nil, usagef("--output and --html name one file")
	}
	if err := fits("html", g.name, output.HTML); err != nil {
		return nil, err
	}
	_, err := reads.Check(g.name, g.overwrite)
	return g, err
}

// fits refuses an output that could not be read back.
func (g *gallery[R]) fits(out *results[R]) error {
	if g != nil && out.run != nil && out.format == "table" {
		return usagef("--html reads the output back, which a table in a file can't be: give -f jsonl, csv or parquet")
	}
	return nil
}

// remember passes items on, and keeps the first.
func (g *gallery[R]) remember(items iter.Seq[source.Item]) iter.Seq[source.Item] {
	if g == nil {
		return items
	}
	return func(yield func(source.Item) bool) {
		for item := range items {
			g.mutex.Lock()
			if len(g.items) < maxGalleryImages {
				g.items = append(g.items, item)
			}
			g.mutex.Unlock()
			if !yield(item) {
				return
			}
		}
	}
}

func (g *gallery[R]) add(row R) {
	if g != nil && len(g.rows) < maxGalleryImages {
		if g.light != nil {
			row = g.light(row)
		}
		g.rows = append(g.rows, row)
	}
}

// lost tells that a run that ended early leaves no gallery.
func (g *gallery[R]) lost() {
	if g != nil {
		slog.Warn(g.name + " is not written")
	}
}

// write makes the page of a complete output, under a title. card shows a row; so many are
// made at once.
func (g *gallery[R]) write(c *cli.Context, title string, out *results[R], atOnce int, card func(context.Context, R, source.Item) report.Card) error {
	if g == nil {
		return nil
	}
	if out.run != nil {
		if err := g.readBack(out); err != nil {
			return fmt.Errorf("make %s: %w", g.name, err)
		}
	}
	all, failed := out.counts()
	p := report.Gallery{Title: title, By: build.MadeBy(time.Now()), Total: all, Failed: failed}
	var bar *term.Progress // JPEGs of 12 megapixels take 50 ms each
	if shown, _ := progressWanted(c); shown {
		bar = term.NewProgress(c.App.ErrWriter, "images", 0, 0, func(func() bool) (int64, bool) { return int64(len(g.rows)), true })
		defer bar.End()
	}
	bytes := 0
	items := g.itemsOf()
	one := func(ctx context.Context, i int) (report.Card, error) { return card(ctx, g.rows[i], items[i]), nil }
	for r := range runner.Map(c.Context, upTo(len(g.rows)), atOnce, one) {
		if bytes += r.Value.Bytes(); bytes > maxGalleryBytes {
			break
		}
		p.Cards = append(p.Cards, r.Value)
		bar.Step(false)
	}
	if err := c.Context.Err(); err != nil {
		g.lost()
		return err
	}
	bar.End()
	if shown := int64(len(p.Cards)); shown < all {
		slog.Warn(fmt.Sprintf("%s shows the first %d of %s", g.name, shown, term.Images(all)))
	}
	page, err := p.Page()
	if err == nil {
		err = page.Save(g.reads, g.name, g.overwrite)
	}
	return err
}

// readBack takes the first rows of a complete output.
func (g *gallery[R]) readBack(out *results[R]) error {
	f, err := os.Open(out.name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for row, err := range out.codec.Read(out.format, f, info.Size()) {
		if err != nil {
			return fmt.Errorf("read %s back: %w", out.name, err)
		}
		if g.add(row); len(g.rows) == maxGalleryImages {
			break
		}
	}
	return nil
}

// upTo yields the numbers from 0 to n-1.
func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// itemsOf are the images of the rows. Where the inputs were not gone through, as those of
// a complete output, a row's name is that of its file.
func (g *gallery[R]) itemsOf() []source.Item {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	items := make([]source.Item, len(g.rows))
	for i, row := range g.rows {
		switch {
		case i >= len(g.items):
			items[i] = source.File(row.Name())
		case g.items[i].Name == row.Name():
			items[i] = g.items[i]
		default:
			items[i].Read = func(context.Context) ([]byte, error) { return nil, errors.New("the inputs are others now") }
		}
	}
	return items
}

// galleryBars is how many classes of an image are shown.
const galleryBars = 5

// classCard shows an image with its classes.
func classCard(ctx context.Context, row rows.Classes, item source.Item, maxPixels int64) report.Card {
	card := report.Card{Name: row.Input}
	if data, err := item.Read(ctx); err != nil {
		card.Picture.Missing = err.Error()
	} else {
		card.Picture = report.NewPicture(data, maxPixels)
	}
	switch {
	case row.Error != nil:
		card.Error = row.Error.Message
		card.Picture.Missing = "" // it would say the same
	case row.Output != nil:
		card.Note = fmt.Sprintf("%s: %d values", row.Output.Name, len(row.Output.Values))
	case len(row.Predictions) == 0:
		card.Note = "nothing above --min-probability"
	}
	for _, p := range row.Predictions[:min(len(row.Predictions), galleryBars)] {
		label := p.Label
		if label == "" {
			label = fmt.Sprintf("class %d", p.Index)
		}
		card.Bars = append(card.Bars, report.Bar{Label: label, Probability: p.Probability})
	}
	if more := len(row.Predictions) - len(card.Bars); more > 0 {
		card.Note = fmt.Sprintf("the first %d of %d classes", len(card.Bars), len(row.Predictions))
	}
	return card
}
