package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/term"
	"ortho/cmd/ortho/internal/where"
	"ortho/runner/regular"
)

// rows is the output of rows: a stream (standard output, a device or a pipe), or a file,
// whose run can be resumed.
type rows[R output.Row] struct {
	Output
	codec   *output.Codec[R]
	format  string
	unit    string         // what a row is of: "image", "text"
	failing string         // what a row of error is of; "": the same
	run     *record.Run[R] // nil: a stream
	part    string         // of a plan's task, which is written meanwhile; "": the rows are of none
	created string         // the topmost folder that was made; "": none
	shipped *shipped       // the file goes to a store; nil: it does not
	made    bool           // rows, by this run

	stream  output.Writer[R]
	kept    memoryRows[R] // in place of a stream, where rows are not written
	device  *output.File  // nil: standard output
	screen  *term.Screen  // nil: not a terminal that progress is shown on, too
	written int64         // of the stream
	failed  int64         // of them

	keeps    *where.Rows[R] // --where; nil: all
	filtered int64          // rows of the stream that it left out
}

// openRows opens the output, before any work.
func openRows[R output.Row](ctx context.Context, to Output, codec *output.Codec[R]) (*rows[R], error) {
	name, format, width := to.Rows.File, to.Rows.Format, 0
	codec = codec.With(output.Choices{Lists: to.Rows.Lists, Thumbnail: to.Rows.Thumbnail(), Warn: to.Warn})
	r := &rows[R]{Output: to, codec: codec, format: format, unit: "image"}
	if to.Rows.Where != "" {
		var err error
		if r.keeps, err = where.Over(codec, to.Rows.Where); err != nil {
			return nil, err
		}
	}
	switch {
	case to.Discards:
		r.stream = discard[R]{}
		return r, nil
	case to.InMemory:
		r.stream = &r.kept
		return r, nil
	case to.Folder != "":
		return r, r.openFolder()
	}
	if err := codec.Takes(format); err != nil {
		return nil, commandline.Usage(err)
	}
	device := false
	if to.Rows.ToFile() && store.Remote(name) {
		if err := r.checkRemote(); err != nil {
			return nil, err
		}
		if err := r.ship(ctx); err != nil {
			return nil, err
		}
		return r, nil
	}
	if to.Rows.ToFile() {
		var err error
		if device, err = to.Reads.Check(name, true); err != nil {
			return nil, err
		}
	} else if term.IsTerminal(to.Out) {
		width = grid.Width(to.Out)
	}
	if to.Rows.ToFile() && !device {
		return r, r.openRun()
	}
	if to.Rows.Resumes() { // -o is a device
		return nil, commandline.Usagef("only a file can be resumed: name it with -o FILE")
	}
	w := to.Out
	var err error
	switch {
	case device:
		if r.device, err = to.Reads.Create(ctx, name, true); err != nil {
			return nil, err
		}
		w = r.device
	case to.Shared():
		r.screen = &term.Screen{To: to.Out}
		w = r.screen
	}
	if r.stream, err = codec.Writer(format, w, width); err != nil {
		return nil, r.abandon(err)
	}
	return r, nil
}

// memoryRows keeps rows in memory.
type memoryRows[R output.Row] []R

func (k *memoryRows[R]) Write(row R) error {
	*k = append(*k, row)
	return nil
}

func (*memoryRows[R]) Close() error { return nil }

// discard keeps no rows.
type discard[R output.Row] struct{}

func (discard[R]) Write(R) error { return nil }

func (discard[R]) Close() error { return nil }

// openFolder makes the folder, if it is not there, and opens the rows in it.
func (r *rows[R]) openFolder() (err error) {
	if r.created, err = flags.MakeFolder(r.Folder); err != nil {
		return err
	}
	if err = r.openRun(); err != nil {
		flags.UnmakeFolder(r.Folder, r.created)
	}
	return err
}

// openRun opens the rows of a file.
func (r *rows[R]) openRun() (err error) {
	if r.Rows.Mode == record.Update && r.Images != nil && r.Images.Once() {
		return commandline.Usagef("--update must know its images before, and paths from a pipe are known too late: write them to a file, and give @FILE; so is what is gone through once (an archive that is compressed or in a store, a Parquet file)")
	}
	if r.run, err = record.Open(r.Reads, r.codec, r.Rows.File, r.format, r.Rows.Mode, r.Warn); err != nil || r.Images == nil || !r.Images.Globbed() {
		return err
	}
	if err = r.Reads.Recheck(r.Rows.File); err != nil {
		r.run.Abandon()
	}
	return err
}

// many is a count of rows in words.
func (r *rows[R]) many(n int64) string { return term.Counted(n, r.unit) }

// above makes rows appear above the progress line where both go to one terminal.
func (r *rows[R]) above(p *term.Progress) {
	if r.screen != nil {
		r.screen.Progress = p
	}
}

// progress shows a line, if it is wanted, from where an earlier run has ended.
func (r *rows[R]) progress(unit string, count func(stop func() bool) (int64, bool)) *term.Progress {
	before, failed := r.resumed()
	if before > 0 && !r.Progress.Quiet {
		r.Info("resumed at " + r.many(before))
	}
	if !r.Progress.Shown {
		return nil
	}
	bar := term.NewProgress(r.Err, unit, before, failed, count)
	r.above(bar)
	return bar
}

// name is what the rows are in.
func (r *rows[R]) name() string {
	if r.shipped != nil {
		return r.shipped.uri
	}
	return cmp.Or(r.Folder, r.Rows.File)
}

// complete reports whether an earlier run has finished, so that there is nothing to do.
func (r *rows[R]) complete() bool { return r.run != nil && r.run.Complete() }

// write writes a row, and reports whether it is kept. A file that is not complete has all.
func (r *rows[R]) write(row R) (kept bool, err error) {
	kept = true
	if r.run == nil && r.keeps != nil {
		kept = r.keeps.Keeps(row)
	}
	if r.made = true; r.run != nil {
		err = r.run.Write(row)
	} else {
		if r.written++; kept {
			err = r.stream.Write(row)
		} else {
			r.filtered++
		}
		if row.Failed() != nil {
			r.failed++
		}
	}
	if err != nil {
		return false, fmt.Errorf("write results: %w", err)
	}
	return kept, nil
}

// leftOut is how many rows --where has left out of the output.
func (r *rows[R]) leftOut() int64 {
	if r.run == nil {
		return r.filtered
	}
	return r.run.LeftOut()
}

// counts returns all rows that are there, and those of them that failed.
func (r *rows[R]) counts() (rows, failed int64) {
	if r.run == nil {
		return r.written, r.failed
	}
	return r.run.Counts()
}

// resumed returns the rows that an earlier run has left to this one.
func (r *rows[R]) resumed() (rows, failed int64) {
	if r.run == nil {
		return 0, 0
	}
	return r.run.Resumed()
}

// all yields the rows of a complete output, those of earlier runs among them; of a stream those
// that are kept.
func (r *rows[R]) all() iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		if r.run == nil {
			for _, row := range r.kept {
				if !yield(row, nil) {
					return
				}
			}
			return
		}
		var none R
		f, err := regular.Open(r.Rows.File)
		if err != nil {
			yield(none, err)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			yield(none, err)
			return
		}
		for row, err := range r.codec.Read(r.format, f, info.Size()) {
			if err != nil {
				err = fmt.Errorf("read %s back: %w", r.Rows.File, err)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// finish completes the output.
func (r *rows[R]) finish(ctx context.Context, speed record.Speed) error {
	if r.run == nil {
		if err := r.stream.Close(); err != nil {
			return r.abandon(fmt.Errorf("write results: %w", err))
		}
		if r.device != nil {
			return r.device.Commit()
		}
		return nil
	}
	if r.Images != nil {
		r.run.PassedOver(r.Images.Passed().Counts())
	}
	if err := r.run.Finish(ctx, speed); err != nil {
		if !errors.Is(err, record.ErrMisfit) {
			r.warnPartial()
		}
		return fmt.Errorf("finish output: %w", err)
	}
	r.made = true
	return r.sendOff(ctx)
}

// abandon ends a run that has not begun: it leaves nothing behind.
func (r *rows[R]) abandon(err error) error {
	if r.run != nil {
		r.run.Abandon()
	}
	if r.device != nil {
		r.device.Discard()
	}
	if r.shipped != nil {
		os.Remove(r.shipped.folder) // if nothing is in it
	}
	flags.UnmakeFolder(r.Folder, r.created)
	return err
}

// keep ends a run early: what was finished is kept, but not under the name of a
// complete output.
func (r *rows[R]) keep(why error, speed record.Speed) error {
	if r.run != nil {
		if err := r.run.Stop(speed); err != nil {
			r.Warn(err.Error())
		}
		r.warnPartial()
		return why
	}
	if err := r.stream.Close(); err != nil {
		return r.abandon(errors.Join(why, fmt.Errorf("write results: %w", err)))
	}
	if r.device != nil {
		r.device.Close()
	}
	return why
}

func (r *rows[R]) warnPartial() {
	rows, _ := r.run.Counts()
	continues := "--resume continues it"
	if r.Rows.Mode == record.Update {
		continues = "--update goes on with it"
	}
	r.Warn(fmt.Sprintf("the output is not complete: what was finished (%s) is in %s; %s", r.many(rows), r.run.Partial(), continues))
}

// namedFailures is how many of the items that failed are named behind a run.
const namedFailures = 3

// printSummary prints how the run went, and why the first of the items that failed in it did.
func (r *rows[R]) printSummary(done int, went record.Speed, failures []output.Row) {
	all, failed := r.counts()
	before, _ := r.resumed()
	r.keeps.Tell(r.Warn)
	if r.Progress.Quiet {
		return
	}
	u, updated := r.updated()
	if all != 1 || failed > 0 || updated || before > 0 || r.Folder != "" || r.keeps != nil || r.part != "" || r.AlwaysSummary {
		text := r.many(all)
		if r.failing != "" {
			text = r.many(all - failed)
		}
		if r.Images != nil && r.Images.Shard().Count > 1 {
			text = fmt.Sprintf("shard %v (0/%d is the first): %s", r.Images.Shard(), r.Images.Shard().Count, text)
		}
		if r.part != "" {
			text = r.part + ": " + text
		}
		if r.Folder != "" {
			text = r.Folder + ": " + text
		}
		if before > 0 {
			text += fmt.Sprintf(" (resumed at %d)", before)
		}
		if updated {
			text += ": " + r.found(u)
		}
		if r.keeps != nil {
			text += fmt.Sprintf(", %d left out by --where", r.leftOut())
		}
		if r.failing != "" {
			text += fmt.Sprintf(", %s failed", term.Counted(failed, r.failing))
		} else {
			text += fmt.Sprintf(", %d failed", failed)
		}
		if done > 0 {
			text += fmt.Sprintf(", %.1f %ss/s; provider %s, batch %d, %d at once", went.PerSecond, r.unit, went.Ran(went.Provider), went.Batch, went.Concurrency)
		}
		r.Info(text)
	}
	if failed > 0 && !(r.run == nil && r.part == "" && term.IsTerminal(r.Out)) { // where the rows are seen
		r.warnFailed(failures, failed)
	}
}

// updated counts what an update has done; false: the run is none.
func (r *rows[R]) updated() (record.Updated, bool) {
	if r.run == nil {
		return record.Updated{}, false
	}
	return r.run.Updated()
}

// warnShard says that an update of a shard may have more to do than what is new.
func (r *rows[R]) warnShard() {
	if r.Images == nil {
		return
	}
	if s := r.Images.Shard(); s.Count > 1 && !s.ByName {
		r.Warn("--shard goes by number: an image that comes or goes moves those behind it to other shards, which make them again; --shard-by name moves none")
	}
}

// found is what an update has found, in words.
func (r *rows[R]) found(u record.Updated) string {
	text := fmt.Sprintf("%d kept, %d new, %d changed", u.Kept, u.New, u.Changed)
	if u.Again > 0 {
		text += fmt.Sprintf(", %d made again", u.Again)
	}
	text += fmt.Sprintf(", %d gone", u.Gone)
	if u.Gone > 0 && r.Rows.KeepGone {
		text += " (and kept)"
	}
	return text
}

// warnFailed prints why the first of the items that failed in this run did, and where to find
// the reasons of the others.
func (r *rows[R]) warnFailed(failures []output.Row, failed int64) {
	if len(failures) == 0 {
		r.Warn(fmt.Sprintf("why they failed: see %s; --retry-failed does them again", r.name()))
		return
	}
	if r.Images != nil && r.Images.AllMissing() {
		r.Warn(fmt.Sprintf("none of the %d files named is there", r.Images.Arguments()))
	}
	for _, row := range failures {
		r.Warn(Reason(row))
	}
	if more := failed - int64(len(failures)); more > 0 {
		r.Warn(fmt.Sprintf("of the other %d, see %s", more, r.errorRows()))
	}
}

// errorRows says where the rows of what failed are, and how they are listed.
func (r *rows[R]) errorRows() string {
	switch {
	case r.run == nil:
		return "the rows"
	case r.shipped != nil:
		return r.shipped.uri + ": rows that have an error"
	case r.format == "jsonl":
		return fmt.Sprintf("%s: jq -c 'select(.error) | [.input, .error.message]' %s", r.Rows.File, quoted(r.Rows.File))
	case r.format == "table":
		return r.Rows.File
	}
	return r.Rows.File + ": rows that have an error"
}

// quoted is a name as a shell takes it.
func quoted(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// Reason is a row's error behind the name of its input.
func Reason(row output.Row) string {
	name := row.Name()
	switch {
	case len(name) > 200:
		name = name[:200] + "..."
	case strings.TrimSpace(name) == "":
		name = fmt.Sprintf("%q", name)
	}
	return term.UTF8(name + ": " + strings.TrimPrefix(row.Failed().Message, term.UTF8(row.Name())+": "))
}
