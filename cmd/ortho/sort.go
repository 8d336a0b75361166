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
	"ortho/cmd/ortho/internal/convert"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/folders"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
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
		images:  flags.Images{Optional: true},
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
		&cli.StringFlag{Name: "from-rows", Destination: &o.rowsFile, Category: sorting, Usage: "sort by the rows of classify, detect, segment or tag in `FILE`, of any format that is read back, in place of SRC and a model"},
		&cli.StringFlag{Name: "undo", Destination: &o.undo, Category: sorting, Usage: "put back what the journal `FILE` (" + folders.JournalFile + " in DIR) tells of, but for what was changed since"},
	}
}

func (o *sortOptions) run(ctx context.Context, call *flags.Call) error {
	if o.undo != "" {
		return putBack(ctx, call, o.undo, o.dryRun)
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
		InMemory: !o.classifyOptions.rows.ToFile() && !o.images.Watched(), Discards: !o.classifyOptions.rows.ToFile() && o.images.Watched()}
	return job.Run(ctx, to, rows.ClassesCodec, func() (*job.Job[source.Item, rows.Classes], error) {
		j, err := o.job(ctx, call)
		if err != nil {
			return nil, err
		}
		if o.images.Watched() {
			return o.watched(call, j)
		}
		classes := j.Rows
		j.Rows = func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] {
			return outOfArchives(o.do, items, func(items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] { return classes(ctx, items) })
		}
		j.Finish = func(ctx context.Context, all iter.Seq2[rows.Classes, error]) error {
			return o.sort(ctx, call, bestOf(all))
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
	if (o.do == folders.Move || o.do == "") && !o.images.Watched() {
		return nil
	}
	for _, from := range o.images.Folders() {
		if inside, err := flags.Inside(from, o.into); err != nil {
			return err
		} else if inside != "" {
			return fmt.Errorf("%s lies in %s: its images would be sorted, too, the next time; give a folder outside%s", o.into, from, map[bool]string{false: ", or --move"}[o.images.Watched()])
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

// bestOf are classes as images are sorted by them.
func bestOf(all iter.Seq2[rows.Classes, error]) iter.Seq2[rows.Best, error] {
	return func(yield func(rows.Best, error) bool) {
		for row, err := range all {
			var best rows.Best
			if err == nil {
				best, err = row.Best()
			}
			if !yield(best, err) {
				return
			}
		}
	}
}

// sortRows sorts by rows that are there.
func (o *sortOptions) sortRows(ctx context.Context, call *flags.Call) error {
	inputs, err := convert.Open([]string{o.rowsFile}, []string{o.rowsFile}, call.Warn)
	if err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	defer convert.Close(inputs)
	sorted, err := inputs[0].Best(o.classifyOptions.rows.Where, call.Warn)
	if err != nil {
		return err
	}
	defer func() {
		sorted.Tell(call.Warn)
		if sorted.LeftOut > 0 && !o.progress.Quiet {
			call.Info(fmt.Sprintf("%s left out by --where", term.Counted(sorted.LeftOut, "image")))
		}
	}()
	return o.sort(ctx, call, sorted.All)
}

// sorting is a sort under way.
type sorting struct {
	*sortOptions
	call   *flags.Call
	sorter *folders.Sorter
	find   source.Finder
	below  int64 // images that were left where they are
	failed int64
	lost   error // what could not be printed
}

// begin opens the folder.
func (o *sortOptions) begin(call *flags.Call) (*sorting, error) {
	s := &sorting{sortOptions: o, call: call}
	opt := folders.Options{Into: o.into, Do: o.do, Sidecars: o.sidecars, DryRun: o.dryRun, Warn: call.Warn}
	if o.dryRun {
		opt.Told = func(do folders.Act, from, to string) {
			_, err := fmt.Fprintf(call.Out, "%s -> %s\n", term.Clean(from), term.Clean(to))
			s.lost = cmp.Or(s.lost, err)
		}
	}
	var err error
	s.sorter, err = folders.Open(opt, o.rest)
	return s, err
}

// sort puts the images of rows into the folders of their classes.
func (o *sortOptions) sort(ctx context.Context, call *flags.Call, all iter.Seq2[rows.Best, error]) error {
	s, err := o.begin(call)
	if err != nil {
		return err
	}
	for row, err := range all {
		if err == nil {
			err = cmp.Or(ctx.Err(), s.lost)
		}
		if err == nil {
			err = s.put(ctx, row)
		}
		if err != nil {
			return s.ended(errors.Join(err, s.sorter.Close(context.WithoutCancel(ctx))))
		}
	}
	return s.end(ctx)
}

// end does what is left, and tells what was done.
func (s *sorting) end(ctx context.Context) error {
	if err := errors.Join(s.sorter.Close(ctx), s.lost); err != nil {
		return s.ended(err)
	}
	if err := s.tell(); err != nil {
		return err
	}
	if s.sorter.Failed > 0 {
		return commandline.ErrItems
	}
	return nil
}

// put has the image of a row sorted, if it is.
func (s *sorting) put(ctx context.Context, row rows.Best) error {
	if row.Failed() != nil {
		s.failed++
		return nil
	}
	var class *folders.Class
	if row.Some && row.P >= s.minProbability {
		class = &folders.Class{Label: row.Label, Index: row.Index}
	} else if s.below++; s.rest == "" {
		return nil
	}
	return s.sorter.Put(ctx, s.find.Find(row.Input), class)
}

// ended says how far a run has come that ends early.
func (s *sorting) ended(err error) error {
	if n := s.sorter.Counts.Put; n > 0 && !s.dryRun {
		s.call.Warn(fmt.Sprintf("%s %s until now: to sort once more goes on, and `ortho sort --undo %s` puts them back",
			term.Counted(n, "image"), done[s.do], s.journal()))
	}
	return err
}

func (o *sortOptions) journal() string { return filepath.Join(o.into, folders.JournalFile) }

// done is what has been done with images.
var done = map[folders.Act]string{folders.Copy: "copied", folders.Link: "linked", folders.Move: "moved", "": "sorted"}

// tell prints the folders, and what was not put into them.
func (s *sorting) tell() error {
	if !s.dryRun {
		for _, folder := range slices.SortedFunc(maps.Keys(s.sorter.In), func(a, b string) int {
			return cmp.Or(cmp.Compare(s.sorter.In[b], s.sorter.In[a]), cmp.Compare(a, b))
		}) {
			if _, err := fmt.Fprintf(s.call.Out, "%7d  %s\n", s.sorter.In[folder], filepath.Join(s.into, folder)); err != nil {
				return err
			}
		}
	}
	text := fmt.Sprintf("%s: %s %s", s.into, term.Counted(s.sorter.Counts.Put, "image"), done[s.do])
	if s.dryRun {
		text = fmt.Sprintf("%s: %s would be %s", s.into, term.Counted(s.sorter.Counts.Put, "image"), done[s.do])
	}
	for _, more := range []struct {
		n    int64
		text string
	}{
		{s.sorter.Already, "%d there already"},
		{s.sorter.InPlace, "%d in their place before"},
		{s.below, fmt.Sprintf("%%d below %g %s", s.minProbability, map[bool]string{true: "left where they are", false: "among them in " + s.rest}[s.rest == ""])},
		{s.failed, "%d whose row is an error left where they are"},
		{s.sorter.Failed, "%d that could not be " + done[s.do]},
	} {
		if more.n > 0 {
			text += ", " + fmt.Sprintf(more.text, more.n)
		}
	}
	if s.sorter.Counts.Put > 0 && !s.dryRun {
		text += fmt.Sprintf("; `ortho sort --undo %s` puts them back", s.journal())
	}
	if !s.progress.Quiet {
		s.call.Info(text)
	}
	if s.sorter.Reason != nil {
		s.call.Warn("not " + done[s.do] + ": " + s.sorter.Reason.Error())
	}
	return nil
}
