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
	"ortho/cmd/ortho/internal/pages"
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
type gallery struct {
	reads     *output.Reads
	name      string
	overwrite bool
	rows      []rows.Pictures // of a stream, which can't be read back

	mutex sync.Mutex
	items []source.Item // of the first rows
}

// openGallery refuses, before any work, what could not be written.
func openGallery(c *cli.Context, reads *output.Reads) (*gallery, error) {
	return galleryOf(givenText(c, "html"), c.String("output"), reads, c.Bool("overwrite") || c.Bool("resume") || c.Bool("retry-failed"))
}

// galleryOf is openGallery of --html, nil where it is not given, beside an output.
func galleryOf(html *string, beside string, reads *output.Reads, overwrite bool) (*gallery, error) {
	if html == nil {
		return nil, nil
	}
	g := &gallery{reads: reads, name: *html, overwrite: overwrite}
	switch {
	case g.name == "" || g.name == "-":
		return nil, usagef("--html names no file")
	case g.name == beside:
		return nil, usagef("--output and --html name one file")
	}
	if err := fits("html", g.name, output.HTML); err != nil {
		return nil, err
	}
	_, err := reads.Check(g.name, g.overwrite)
	return g, err
}

// fits refuses an output that could not be read back.
func (g *gallery) fits(out *results) error {
	if g != nil && out.run != nil && out.format == "table" {
		return usagef("--html reads the output back, which a table in a file can't be: give -f jsonl, csv or parquet")
	}
	return nil
}

// remember passes items on, and keeps the first.
func (g *gallery) remember(items iter.Seq[source.Item]) iter.Seq[source.Item] {
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

func (g *gallery) add(row rows.Pictures) {
	if g != nil && len(g.rows) < maxGalleryImages {

		g.rows = append(g.rows, row)
	}
}

// lost tells that a run that ended early leaves no gallery.
func (g *gallery) lost() {
	if g != nil {
		slog.Warn(g.name + " is not written")
	}
}

// write makes the page of a complete output, under a title. card shows a row; so many are
// made at once.
func (g *gallery) write(c *cli.Context, title string, out *results, atOnce int, card func(context.Context, rows.Pictures, source.Item) report.Card) error {
	return g.writeAs(c.Context, reportingOf(c), title, out, atOnce, card)
}

func (g *gallery) writeAs(ctx context.Context, told reporting, title string, out *results, atOnce int, card func(context.Context, rows.Pictures, source.Item) report.Card) error {
	if g == nil {
		return nil
	}
	if out.run != nil {
		if err := g.readBack(out.format, out.name); err != nil {
			return fmt.Errorf("make %s: %w", g.name, err)
		}
	}
	all, failed := out.counts()
	p := pages.Gallery{Title: title, By: build.MadeBy(time.Now()), Total: all, Failed: failed}
	var bar *term.Progress // JPEGs of 12 megapixels take 50 ms each
	if shown, _ := told.progressWanted(); shown {
		bar = term.NewProgress(told.stderr, "images", 0, 0, func(func() bool) (int64, bool) { return int64(len(g.rows)), true })
		defer bar.End()
	}
	bytes := 0
	items := g.itemsOf()
	one := func(ctx context.Context, i int) (report.Card, error) { return card(ctx, g.rows[i], items[i]), nil }
	for r := range runner.Map(ctx, upTo(len(g.rows)), atOnce, one) {
		if bytes += r.Value.Bytes(); bytes > maxGalleryBytes {
			break
		}
		p.Cards = append(p.Cards, r.Value)
		bar.Step(false)
	}
	if err := ctx.Err(); err != nil {
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
func (g *gallery) readBack(format, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for row, err := range rows.PicturesCodec.Read(format, f, info.Size()) {
		if err != nil {
			return fmt.Errorf("read %s back: %w", name, err)
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
func (g *gallery) itemsOf() []source.Item {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	items := make([]source.Item, len(g.rows))
	for i, row := range g.rows {
		switch {
		case i >= len(g.items):
			items[i] = source.File(row.Input)
		case g.items[i].Name == row.Input:
			items[i] = g.items[i]
		default:
			items[i].Read = func(context.Context) ([]byte, error) { return nil, errors.New("the inputs are others now") }
		}
	}
	return items
}
