package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner"
)

// Output says where the rows and the page of a run go, and what is printed meanwhile.
type Output struct {
	*term.UI
	Rows          *flags.Rows
	Page          *flags.Page // nil: there is none
	Progress      *flags.Progress
	FailFast      *flags.FailFast // nil: none that fails ends the run, and any gives it a code of its own
	Reads         *output.Reads   // what the run reads, which no output replaces
	Images        *flags.Images   // that the arguments name; nil: they are others
	AlwaysSummary bool            // the summary is printed even for a single row
	Folder        string          // of pictures, with the file of their rows in it; "": there is none
	InMemory      bool            // rows are not written: they are kept in memory for Job.Finish
	Discards      bool            // rows are neither written nor kept
}

// Job is a run of a task over items of a type T: each gets a row of a type R.
type Job[T any, R output.Row] struct {
	Unit    string // what a row is of: "image", "text"
	Failing string // what a row of error is of, where that is no unit; "": it is one
	Items   iter.Seq[T]
	Name    func(T) string                                         // of the item's row
	Stamp   func(context.Context, T) source.Stamp                  // by which an update knows it again; nil: by its name alone
	Survey  func(stop func() bool) (source.Inventory, bool)        // what is known of the items before; see [source.Survey]
	Record  func(format string) (record.Record, error)             // all that the rows follow from
	Rows    func(context.Context, iter.Seq[T]) iter.Seq[Answer[R]] // in the order of the items
	How     record.Speed                                           // provider, threads, batch, concurrency
	Ended   func(err error)                                        // prints what concerns the whole run; may be nil
	Close   func() error                                           // frees what Rows needs

	// Unturned counts the images that were read as stored though their EXIF orientation asks for
	// a turn, for the record; nil: there are none.
	Unturned func() int64

	// Counts is what the line of progress counts ("": items; "tiles" of one item, "steps" of
	// each). Progress gets the line before Rows is called, to count them.
	Counts   string
	Progress func(*term.Progress)

	// When an earlier run is continued, Gone reports whether what a row names does not exist any
	// more, so that the row is made again. Earlier is called before Items is gone through, with what is
	// known of that run. Both may be nil.
	Gone    func(R) bool
	Earlier func(Earlier)
	// Listed are settings of the record that only say which items there are: an update may have others.
	Listed []string
	// Fits reports whether a row of an item that has not changed is still what would be made of it;
	// nil: it is.
	Fits func(T, R) bool

	// Finish makes what shows all rows together, such as a contact sheet, but for the page. It
	// gets the rows of earlier runs, too; may be nil.
	Finish func(ctx context.Context, all iter.Seq2[R, error]) error

	// Title and Card are of the page, and Item is the image of an item. Light leaves out of a row
	// what is large and not shown; it may be nil. How many cards are made at once is AtOnce.
	Title  string
	Card   func(context.Context, R, source.Item) report.Card
	Item   func(T) source.Item
	Light  func(R) R
	AtOnce int
}

// Earlier is what is known of an earlier run that is continued. Its functions are for where Items is gone through.
type Earlier struct {
	// Failed reports whether the row of an item, by its place and its name, has failed and is not made again.
	Failed func(position int64, name string) bool
	// Had reports whether there is a row of an item; it may be false where rows go by their places.
	Had func(name string) bool
}

// Answer is the outcome of one item: its row, and the error where it failed.
type Answer[R output.Row] struct {
	Row R
	Err error
	End error // ends the run, and there is no row
}

// Run opens the outputs, then the job, and makes the rows, which codec writes.
func Run[T any, R output.Row](ctx context.Context, to Output, codec *output.Codec[R], open func() (*Job[T, R], error)) error {
	if to.Images.Task() != nil {
		return runTask(ctx, to, codec, open)
	}
	out, err := openRows(ctx, to, codec)
	if err != nil {
		return err
	}
	defer func() { out.shipped.tidy() }()
	page, err := openPage(to, out)
	if err != nil {
		return out.abandon(err)
	}
	j, err := open()
	if err != nil {
		return out.abandon(err)
	}
	free := sync.OnceFunc(func() {
		if err := j.Close(); err != nil {
			to.Warn(err.Error())
		}
	})
	defer free()
	out.unit, out.failing = j.Unit, j.Failing
	if page != nil {
		page.light = j.Light
	}
	count, err := j.begin(ctx, out)
	if err != nil {
		if ctx.Err() != nil {
			to.Warn("interrupted before the first " + j.Unit)
		}
		return out.abandon(err)
	}
	if out.complete() {
		if err := out.sendOff(ctx); err != nil {
			return err
		}
		to.Info(out.name() + " is complete: nothing to do")
		j.recall(ctx, page)
	} else {
		err = j.make(ctx, to, out, page, count)
		if j.Ended != nil {
			j.Ended(err)
		}
		if err != nil {
			page.lost()
			return err
		}
	}
	free() // the page needs the memory
	if j.Finish != nil {
		if err := j.Finish(ctx, out.all()); err != nil {
			page.lost()
			return err
		}
	}
	if err := page.write(ctx, out, j.Title, j.AtOnce, j.Card); err != nil {
		return err
	}
	if all, failed := out.counts(); to.FailFast.TooMany(failed, all) {
		return commandline.ErrItems
	}
	return nil
}

// begin starts the run, or continues it where rows go to a file and it is the one that the
// job's record describes. count finds the number of the items, for the line of progress.
func (j *Job[T, R]) begin(ctx context.Context, out *rows[R]) (count func(stop func() bool) (int64, bool), err error) {
	if out.run == nil {
		return func(stop func() bool) (int64, bool) {
			all, known := j.Survey(stop)
			return all.Items, known
		}, nil
	}
	out.run.Gone, out.run.Unturned, out.run.Listed = j.Gone, j.Unturned, j.Listed
	if out.keeps != nil {
		out.run.Keeps = out.keeps.Keeps
	}
	out.run.Look, out.run.KeepGone, out.run.Forget = source.LookTimes, out.Rows.KeepGone, !out.Rows.LeavesRecord()
	if out.Images != nil {
		out.run.Look, out.run.ByName = out.Images.Look(), out.Images.Watched()
	}
	if j.Fits != nil {
		out.run.Fit = j.fit
	}
	now, err := j.Record(out.codec.Recorded(out.format))
	if err != nil {
		return nil, err
	}
	now.ByDefault = out.Rows.ByDefault
	now.Settings = append(now.Settings, record.Setting{Key: "where", Value: out.Rows.Where})
	survey := j.Survey
	if out.Images != nil {
		survey = out.Images.Inventory
	}
	all, known := survey(func() bool { return ctx.Err() != nil })
	if known {
		now.Inputs = &record.Inputs{Count: all.Items, SHA256: all.Digest, Times: all.Times, Contents: all.Contents, Stamps: all.Stamps}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := out.run.Begin(ctx, now); err != nil {
		return nil, err
	}
	if j.Earlier != nil && !out.run.Complete() {
		j.Earlier(Earlier{out.run.Failed, out.run.Had})
	}
	if out.run.Complete() && !known {
		_, err = runner.Await(ctx, func(context.Context) (none struct{}, err error) { return none, out.run.Verify(j.named()) })
	}
	if _, updates := out.run.Updated(); updates { // only what is not kept is counted
		known = false
		out.warnShard()
	}
	return func(func() bool) (int64, bool) { return all.Items, known }, err
}

// fit reports whether the rows of a complete output are what would be made of the items, which have not changed.
func (j *Job[T, R]) fit(rows iter.Seq2[R, error]) (bool, error) {
	next, stop := iter.Pull2(rows)
	defer stop()
	for item := range j.Items {
		row, err, more := next()
		if err != nil {
			return false, err
		}
		if !more || row.Name() != j.Name(item) || row.Failed() == nil && !j.Fits(item, row) {
			return false, nil
		}
	}
	return true, nil
}

// recall has the page of a complete output know the images of its first rows, if they can be
// gone through once more.
func (j *Job[T, R]) recall(ctx context.Context, p *page[R]) {
	stop := func() bool { return ctx.Err() != nil }
	if p == nil || j.Item == nil {
		return
	}
	if _, known := j.Survey(stop); !known {
		return
	}
	n := 0
	for range remembered(p, j.Items, j.Item) {
		if n++; n == maxCards || stop() {
			return
		}
	}
}

// named are the items as far as their names go.
func (j *Job[T, R]) named() iter.Seq[source.Item] {
	return func(yield func(source.Item) bool) {
		for item := range j.Items {
			if !yield(source.Item{Name: j.Name(item)}) {
				return
			}
		}
	}
}

// pending are the items whose rows are to be made; the page keeps the first of all.
func (j *Job[T, R]) pending(ctx context.Context, out *rows[R], p *page[R]) iter.Seq[T] {
	items := j.Items
	if p != nil && j.Item != nil {
		items = remembered(p, items, j.Item)
	}
	if out.run == nil {
		return items
	}
	return record.Items(ctx, out.run, items, record.Known[T, R]{Name: j.Name, Stamp: j.Stamp, Fits: j.Fits})
}

// ahead has images that lie in stores be read as soon as the work may come to them.
func (j *Job[T, R]) ahead(ctx context.Context, items iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range items {
			if image, is := any(item).(interface{ Ahead(context.Context) }); is {
				image.Ahead(ctx)
			}
			if !yield(item) {
				return
			}
		}
	}
}

// make makes and writes the rows, and finishes the output.
func (j *Job[T, R]) make(ctx context.Context, to Output, out *rows[R], p *page[R], count func(stop func() bool) (int64, bool)) error {
	if j.Counts == "tiles" { // how many there are, the first of them shows
		count = func(func() bool) (int64, bool) { return 0, false }
	}
	bar := out.progress(cmp.Or(j.Counts, j.Unit+"s"), count)
	defer bar.End()
	if j.Progress != nil {
		j.Progress(bar)
	}
	start := time.Now()
	done := 0
	var failed []output.Row // the first of them
	keep := func(why error) error {
		bar.End()
		return out.keep(why, j.How.Took(done, time.Since(start)))
	}
	for a := range j.Rows(ctx, j.ahead(ctx, j.pending(ctx, out, p))) {
		if disk, is := errors.AsType[*output.DiskError](a.Err); is {
			a.End = disk
		}
		if a.End != nil {
			return keep(a.End)
		}
		kept, err := out.write(a.Row)
		if err != nil {
			return keep(err)
		}
		if out.run == nil && kept {
			p.add(a.Row)
		}
		switch {
		case a.Err == nil:
			done++
		case len(failed) < namedFailures:
			failed = append(failed, a.Row)
		}
		bar.Step(a.Err != nil)
		if a.Err != nil && to.FailFast.Stops() {
			return keep(fmt.Errorf("%w (--fail-fast stops here)", a.Err))
		}
	}
	bar.End()
	if err := ctx.Err(); err != nil {
		all, _ := out.counts()
		to.Warn("interrupted after " + out.many(all))
		return keep(err)
	}
	if err := to.Images.Err(); err != nil {
		return keep(err)
	}
	went := j.How.Took(done, time.Since(start))
	if err := out.finish(ctx, went); err != nil {
		return err
	}
	if to.Images != nil && out.part == "" {
		flags.TellPassed(to.UI, to.Images.Passed(), to.Progress.Quiet)
	}
	out.printSummary(done, went, failed)
	return nil
}
