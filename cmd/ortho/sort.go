package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/folders"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/runner/regular"
)

// sortOptions is what the flags of sort say.
type sortOptions struct {
	into           string
	rowsFile       string
	copy           bool
	link           bool
	move           bool
	minProbability float64
	rest           string
	sidecars       bool
	dryRun         bool
	undo           string

	do folders.Act

	classifyOptions
}

func newSortCommand() *cli.Command {
	o := &sortOptions{classifyOptions: classifyOptions{
		images:  flags.Images{Optional: true, Still: true},
		session: flags.Session{Batches: true},
		model:   flags.Model{Default: bundled.Default},
		read:    flags.Overrides{Task: models.Classify},
	}}
	return flags.Command(cli.Command{
		Name:        "sort",
		Usage:       "put images into folders by what they show",
		ArgsUsage:   "SRC...",
		Description: help("sort"),
	}, o.run, &o.classifyOptions.rows, o, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

// Flags are those of what is sorted how.
func (o *sortOptions) Flags() []cli.Flag {
	const sorting = "Sorting"
	return []cli.Flag{
		&cli.StringFlag{Name: "into", Destination: &o.into, Category: sorting, Usage: "`DIR`, in which each class gets a folder"},
		&cli.BoolFlag{Name: "copy", Destination: &o.copy, Category: sorting, Usage: "copy the images"},
		&cli.BoolFlag{Name: "link", Destination: &o.link, Category: sorting, Usage: "hard links, which take no space; symbolic ones where there can be none"},
		&cli.BoolFlag{Name: "move", Destination: &o.move, Category: sorting, Usage: "move the images; across file systems they are copied and compared first"},
		&cli.BoolFlag{Name: "dry-run", Destination: &o.dryRun, Category: sorting, Usage: "print what would go where, and change nothing"},
		&cli.Float64Flag{Name: "min-probability", Destination: &o.minProbability, Category: sorting, DefaultText: "none", Usage: "leave images where they are whose best class is below `P` (0 to 1)"},
		&cli.StringFlag{Name: "rest", Destination: &o.rest, Category: sorting, Usage: "put those into the folder `NAME`, too"},
		&cli.BoolFlag{Name: "with-sidecars", Destination: &o.sidecars, Category: sorting, Usage: "files called as an image go with it: a.xmp, a.json, a.txt and a.jpg.xmp of a.jpg"},
		&cli.StringFlag{Name: "from-rows", Destination: &o.rowsFile, Category: sorting, Usage: "sort by the rows of classify in `FILE` (.jsonl, .csv, .parquet), in place of SRC and a model"},
		&cli.StringFlag{Name: "undo", Destination: &o.undo, Category: sorting, Usage: "put back what the journal `FILE` (" + folders.JournalFile + " in DIR) tells of, but for what was changed since"},
	}
}

func (o *sortOptions) run(ctx context.Context, call *flags.Call) error {
	if o.undo != "" {
		return o.putBack(ctx, call)
	}
	if err := o.outside(); err != nil {
		return err
	}
	if o.rowsFile != "" {
		return o.sortRows(ctx, call)
	}
	o.answers = flags.Answers{Top: 1}
	if o.classifyOptions.rows.ToFile() {
		o.answers.Top = 5 // as those of classify are
	}
	to := job.Output{UI: call.UI, Rows: &o.classifyOptions.rows, Progress: &o.progress, FailFast: &o.decoding.FailFast, Reads: call.Reads, Images: &o.images,
		InMemory: !o.classifyOptions.rows.ToFile()}
	return job.Run(ctx, to, rows.ClassesCodec, func() (*job.Job[source.Item, rows.Classes], error) {
		j, err := o.job(ctx, call)
		if err != nil {
			return nil, err
		}
		classes := j.Rows
		j.Rows = func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] {
			return outOfArchives(o.do, items, func(items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] { return classes(ctx, items) })
		}
		j.Finish = func(ctx context.Context, all iter.Seq2[rows.Classes, error]) error {
			return o.sort(ctx, call, all)
		}
		return j, nil
	})
}

// Read refuses what does not go together. It is for after the flags of rows, and before those of
// images.
func (o *sortOptions) Read(call *flags.Call) error {
	out := o.classifyOptions.rows
	var acts []folders.Act
	for act, asked := range map[folders.Act]bool{folders.Copy: o.copy, folders.Link: o.link, folders.Move: o.move} {
		if asked {
			acts = append(acts, act)
		}
	}
	if len(acts) == 1 {
		o.do = acts[0]
	}
	switch {
	case o.undo != "" && (len(call.Args) > 0 || o.into != "" || o.rowsFile != "" || len(acts) > 0):
		return commandline.Usagef("--undo FILE stands alone, or with --dry-run")
	case o.undo != "":
	case o.rowsFile != "" && flags.GivesImages(call):
		return commandline.Usagef("--from-rows says which images there are: leave out SRC")
	case o.rowsFile == "" && !flags.GivesImages(call):
		return commandline.Usagef("nothing to sort: give images (files, folders, globs, @list.txt), or --from-rows FILE with what classify has said of them")
	case o.rowsFile == "" && len(call.Args) == 1 && rowsEnding(call.Args[0]):
		return commandline.Usagef("%s is no image: rows are given by --from-rows %[1]s", call.Args[0])
	case slices.Contains(call.Args, "-"):
		return commandline.Usagef("an image on standard input has no name to be sorted under: give its file, or paths by --stdin-paths")
	case o.into == "":
		return commandline.Usagef("--into DIR is missing: in it each class gets a folder")
	case len(acts) > 1:
		return commandline.Usagef("give one of --copy, --link and --move")
	case len(acts) == 0 && !o.dryRun:
		return commandline.Usagef("say what is done with the images: --copy, --link or --move (--dry-run shows what would go where)")
	case !(o.minProbability >= 0 && o.minProbability <= 1):
		return commandline.Usagef("--min-probability %v: from 0 to 1", o.minProbability)
	case call.Given("rest") && o.rest == "":
		return commandline.Usagef("--rest names no folder")
	case call.Given("format") && !out.ToFile():
		return commandline.Usagef("--format is of the rows: name a file for them with -o")
	case out.Resumes() && !out.ToFile():
		return commandline.Usagef("only a file of rows can be resumed: name it with -o FILE")
	case out.ToFile() && o.rowsFile != "":
		return commandline.Usagef("the rows are in %s already: leave out -o", o.rowsFile)
	}
	return nil
}

// outside refuses a folder whose copies would be inputs of the next run.
func (o *sortOptions) outside() error {
	if o.do == folders.Move || o.do == "" {
		return nil
	}
	for _, from := range o.images.Folders() {
		if inside, err := flags.Inside(from, o.into); err != nil {
			return err
		} else if inside != "" {
			return fmt.Errorf("%s lies in %s: its images would be sorted, too, the next time; give a folder outside, or --move", o.into, from)
		}
	}
	return nil
}

func rowsEnding(name string) bool {
	_, err := output.Format("", name, false)
	return err == nil && filepath.Ext(name) != "" && !strings.EqualFold(filepath.Ext(name), ".txt")
}

// outOfArchives ends a run before anything is sorted, where images that are not copied lie in an
// archive.
func outOfArchives(do folders.Act, items iter.Seq[source.Item], classes func(iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]]) iter.Seq[job.Answer[rows.Classes]] {
	if do == folders.Copy || do == "" {
		return classes(items)
	}
	return func(yield func(job.Answer[rows.Classes]) bool) {
		var archived atomic.Pointer[source.Item]
		outside := func(yield func(source.Item) bool) {
			for item := range items {
				if item.File != "" && item.File != item.Name {
					archived.Store(&item)
					return
				}
				if !yield(item) {
					return
				}
			}
		}
		for a := range classes(outside) {
			if !yield(a) {
				return
			}
		}
		if item := archived.Load(); item != nil {
			yield(job.Answer[rows.Classes]{End: fmt.Errorf("%s lies in the archive %s: images can only be copied out of it (--copy); nothing was sorted", item.Name, item.File)})
		}
	}
}

// sortRows sorts by rows that are there.
func (o *sortOptions) sortRows(ctx context.Context, call *flags.Call) error {
	format, err := output.Format("", o.rowsFile, false)
	if err != nil {
		return commandline.Usage(err)
	}
	f, err := regular.Open(o.rowsFile)
	if err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	keeps := func(rows.Classes) (bool, error) { return true, nil }
	if where := o.classifyOptions.rows.Where; where != "" {
		if keeps, err = job.Keeps(rows.ClassesCodec, where); err != nil {
			return err
		}
	}
	leftOut := int64(0)
	defer func() {
		if leftOut > 0 && !o.progress.Quiet {
			call.Info(fmt.Sprintf("%s left out by --where", term.Counted(leftOut, "image")))
		}
	}()
	return o.sort(ctx, call, func(yield func(rows.Classes, error) bool) {
		for row, err := range rows.ClassesCodec.Read(format, f, info.Size()) {
			kept := true
			if err != nil {
				err = fmt.Errorf("read %s: %w", o.rowsFile, err)
			} else if kept, err = keeps(row); err == nil && !kept {
				leftOut++
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	})
}

// sort puts the images of rows into the folders of their classes.
func (o *sortOptions) sort(ctx context.Context, call *flags.Call, all iter.Seq2[rows.Classes, error]) error {
	var lost error // what could not be printed
	opt := folders.Options{Into: o.into, Do: o.do, Sidecars: o.sidecars, DryRun: o.dryRun, Warn: call.Warn}
	if o.dryRun {
		opt.Told = func(do folders.Act, from, to string) {
			_, err := fmt.Fprintf(call.Out, "%s -> %s\n", term.Clean(from), term.Clean(to))
			lost = cmp.Or(lost, err)
		}
	}
	s, err := folders.Open(opt, o.rest)
	if err != nil {
		return err
	}
	var t sorted
	var find source.Finder
	for row, err := range all {
		if err == nil {
			err = cmp.Or(ctx.Err(), lost)
		}
		if err == nil {
			err = o.put(ctx, s, &t, &find, row)
		}
		if err != nil {
			return o.ended(call, s, errors.Join(err, s.Close(context.WithoutCancel(ctx))))
		}
	}
	if err := errors.Join(s.Close(ctx), lost); err != nil {
		return o.ended(call, s, err)
	}
	if err := o.tell(call, s, t); err != nil {
		return err
	}
	if s.Failed > 0 {
		return commandline.ErrItems
	}
	return nil
}

// sorted counts images that were left where they are.
type sorted struct{ below, failed int64 }

// put has the image of a row sorted, if it is.
func (o *sortOptions) put(ctx context.Context, s *folders.Sorter, t *sorted, find *source.Finder, row rows.Classes) error {
	switch {
	case row.Failed() != nil:
		t.failed++
		return nil
	case row.Output != nil:
		return fmt.Errorf("%s has values of %s, and no classes to be sorted by", row.Input, row.Output.Name)
	}
	var class *folders.Class
	if len(row.Predictions) > 0 && row.Predictions[0].Probability >= o.minProbability {
		class = &folders.Class{Label: row.Predictions[0].Label, Index: row.Predictions[0].Index}
	} else if t.below++; o.rest == "" {
		return nil
	}
	return s.Put(ctx, find.Find(row.Input), class)
}

// ended says how far a run has come that ends early.
func (o *sortOptions) ended(call *flags.Call, s *folders.Sorter, err error) error {
	if s.Counts.Put > 0 && !o.dryRun {
		call.Warn(fmt.Sprintf("%s %s until now: to sort once more goes on, and `ortho sort --undo %s` puts them back",
			term.Counted(s.Counts.Put, "image"), done[o.do], o.journal()))
	}
	return err
}

func (o *sortOptions) journal() string { return filepath.Join(o.into, folders.JournalFile) }

// done is what has been done with images.
var done = map[folders.Act]string{folders.Copy: "copied", folders.Link: "linked", folders.Move: "moved", "": "sorted"}

// tell prints the folders, and what was not put into them.
func (o *sortOptions) tell(call *flags.Call, s *folders.Sorter, t sorted) error {
	if !o.dryRun {
		for _, folder := range slices.SortedFunc(maps.Keys(s.In), func(a, b string) int {
			return cmp.Or(cmp.Compare(s.In[b], s.In[a]), cmp.Compare(a, b))
		}) {
			if _, err := fmt.Fprintf(call.Out, "%7d  %s\n", s.In[folder], filepath.Join(o.into, folder)); err != nil {
				return err
			}
		}
	}
	text := fmt.Sprintf("%s: %s %s", o.into, term.Counted(s.Counts.Put, "image"), done[o.do])
	if o.dryRun {
		text = fmt.Sprintf("%s: %s would be %s", o.into, term.Counted(s.Counts.Put, "image"), done[o.do])
	}
	for _, more := range []struct {
		n    int64
		text string
	}{
		{s.Already, "%d there already"},
		{s.InPlace, "%d in their place before"},
		{t.below, fmt.Sprintf("%%d below %g %s", o.minProbability, map[bool]string{true: "left where they are", false: "among them in " + o.rest}[o.rest == ""])},
		{t.failed, "%d whose row is an error left where they are"},
		{s.Failed, "%d that could not be " + done[o.do]},
	} {
		if more.n > 0 {
			text += ", " + fmt.Sprintf(more.text, more.n)
		}
	}
	if s.Counts.Put > 0 && !o.dryRun {
		text += fmt.Sprintf("; `ortho sort --undo %s` puts them back", o.journal())
	}
	if !o.progress.Quiet {
		call.Info(text)
	}
	if s.Reason != nil {
		call.Warn("not " + done[o.do] + ": " + s.Reason.Error())
	}
	return nil
}
