package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner"
)

// The most that a page shows, so that a browser opens it.
const maxCards, maxBytes = 1000, 30 << 20

// page is the page of --html: the first rows of the output, those that earlier runs have made
// among them, with thumbnails that are made when all rows are there. A nil page does nothing.
type page[R output.Row] struct {
	Output
	replaces bool
	light    func(R) R // leaves out what is large, and not shown; nil: nothing is
	shown    []R       // of a stream, which can't be read back

	mutex sync.Mutex
	items []source.Item // of the first rows
}

// openPage refuses, before any work, what could not be written, and rows that could not be
// read back.
func openPage[R output.Row](to Output, out *rows[R]) (*page[R], error) {
	if to.Page == nil || to.Page.File == "" {
		return nil, nil
	}
	p := &page[R]{Output: to, replaces: to.Rows.Mode != record.Fresh}
	if _, err := to.Reads.Check(to.Page.File, p.replaces); err != nil {
		return nil, err
	}
	if err := out.codec.Back(out.format); out.run != nil && err != nil {
		return nil, commandline.Usagef("--html reads the output back: %w; give -f jsonl, csv or parquet", err)
	}
	return p, nil
}

// remembered passes items on, and keeps the images of the first.
func remembered[T any, R output.Row](p *page[R], items iter.Seq[T], image func(T) source.Item) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range items {
			p.mutex.Lock()
			if len(p.items) < maxCards {
				p.items = append(p.items, image(item))
			}
			p.mutex.Unlock()
			if !yield(item) {
				return
			}
		}
	}
}

func (p *page[R]) add(row R) {
	if p != nil && len(p.shown) < maxCards {
		if p.light != nil {
			row = p.light(row)
		}
		p.shown = append(p.shown, row)
	}
}

// lost warns that a run that ended early leaves no page.
func (p *page[R]) lost() {
	if p != nil {
		p.Warn(p.Page.File + " is not written")
	}
}

// write makes the page of a complete output, under a title. card shows a row; so many are
// made at once.
func (p *page[R]) write(ctx context.Context, out *rows[R], title string, atOnce int, card func(context.Context, R, source.Item) report.Card) error {
	if p == nil {
		return nil
	}
	if out.run != nil {
		for row, err := range out.all() {
			if err != nil {
				return fmt.Errorf("make %s: %w", p.Page.File, err)
			}
			if p.add(row); len(p.shown) == maxCards {
				break
			}
		}
	}
	all, failed := out.counts()
	all -= out.leftOut()
	g := pages.Gallery{Title: title, By: build.MadeBy(time.Now()), Total: all, Failed: failed}
	var bar *term.Progress // JPEGs of 12 megapixels take 50 ms each
	if p.Progress.Shown {
		bar = term.NewProgress(p.Err, "images", 0, 0, func(func() bool) (int64, bool) { return int64(len(p.shown)), true })
		defer bar.End()
	}
	bytes := 0
	items := p.itemsOf()
	one := func(ctx context.Context, i int) (report.Card, error) { return card(ctx, p.shown[i], items[i]), nil }
	for r := range runner.Map(ctx, upTo(len(p.shown)), atOnce, one) {
		if bytes += r.Value.Bytes(); bytes > maxBytes {
			break
		}
		g.Cards = append(g.Cards, r.Value)
		bar.Step(false)
	}
	if err := ctx.Err(); err != nil {
		p.lost()
		return err
	}
	bar.End()
	if shown := int64(len(g.Cards)); shown < all {
		p.Warn(fmt.Sprintf("%s shows the first %d of %s", p.Page.File, shown, term.Images(all)))
	}
	made, err := g.Page()
	if err == nil {
		err = made.Save(ctx, p.Reads, p.Page.File, p.replaces)
	}
	return err
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

// itemsOf are the images of the rows. Where the inputs can't be gone through again, as paths
// that came by standard input, a row's name is that of its file.
func (p *page[R]) itemsOf() []source.Item {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	items := make([]source.Item, len(p.shown))
	at := 0
	for i, row := range p.shown {
		if p.Rows.Where != "" { // rows are left out
			for at < len(p.items) && p.items[at].Name != row.Name() {
				at++
			}
		}
		switch {
		case at >= len(p.items), p.Images != nil && p.Images.Watched():
			items[i] = source.File(row.Name())
		case p.items[at].Name == row.Name():
			items[i] = p.items[at]
			at++
		default:
			at++
			items[i].Read = func(context.Context) ([]byte, error) { return nil, errors.New("the inputs are others now") }
		}
	}
	return items
}
