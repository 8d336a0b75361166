package flags

import (
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/plan"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/term"
)

// Images are what the arguments name: files, folders, archives, globs, lists, standard input.
type Images struct {
	Optional bool // there may be none
	Plain    bool // all are arguments: no flags of more, nor of a part of them
	Still    bool // folders are not watched
	Asks     bool // the command has --offline and --insecure of its own, which hold for images, too
	Planned  bool // a task of a plan may say which they are

	args   []string
	from   source.Options
	passed source.Passed
	reads  *output.Reads
	look   source.Look
	task   *Task
}

// PartsFolder is for arguments that are folders of a plan's parts.
type PartsFolder struct{}

// Flags are none.
func (PartsFolder) Flags() []cli.Flag { return nil }

// Read checks nothing.
func (PartsFolder) Read(*Call) error { return nil }

// Files yields the parts.
func (PartsFolder) Files(c *Call) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, folder := range c.Args {
			filesBelow(folder)(yield)
		}
	}
}

// Task is the part of a plan that a run makes.
type Task struct {
	plan.Plan
	Stores *store.Stores
	Number int
	Parts  []plan.Part
}

func (i *Images) Flags() []cli.Flag {
	if i.Plain {
		return nil
	}
	const in = "Input"
	all := []cli.Flag{
		&cli.BoolFlag{Name: "stdin-paths", Category: in, Usage: "read paths from standard input, one a line"},
		&cli.BoolFlag{Name: "stdin-tar", Category: in, Usage: "read images from a tar archive on standard input as it comes: every entry is one, whatever its name, which its row has"},
		&cli.BoolFlag{Name: "0", Category: in, Usage: "paths in lists and on standard input end with NUL"},
		&cli.StringFlag{Name: "shard", Category: in, DefaultText: "all", Usage: "`I/N`, I from 0 to N-1: only the images numbered I, I+N, I+2N, ...; auto or auto/N in a task of a Slurm, Kubernetes or AWS Batch array job"},
		&cli.StringFlag{Name: "shard-by", Category: in, Value: "number", Usage: "what --shard goes by: the images' `number`, which gives equal parts, or their name, so that one that comes or goes moves no other to another part (for --update)"},
		&cli.StringFlag{Name: "check-inputs", Category: in, Value: "times", Usage: "by what --update and --resume know that images are others now: their `names`, also their sizes and times (--resume warns), or also their contents (--resume refuses; all are read before the run)"},
	}
	if i.Planned {
		all = append(all,
			&cli.StringFlag{Name: "plan", Category: in, Usage: "make the parts of a task of a plan (ortho plan), in place of SRC: `FILE`; -o names the folder of parts, those that are there are passed over"},
			&cli.StringFlag{Name: "plan-task", Category: in, Value: "auto", Usage: "which task of the plan: `K` from 0 on; auto or auto/N in a task of a Slurm, Kubernetes or AWS Batch array job"})
	}
	if !i.Asks {
		all = append(all, Connections(in)...)
	}
	if !i.Still {
		all = append(all, &cli.BoolFlag{Name: "watch", Category: in, Usage: "the folders are watched: images that come, or are changed, are done as soon as they are whole, until Ctrl-C or SIGTERM ends the run, and completes what it writes"})
	}
	return all
}

// Connections are the flags of what connects by URIs that are named.
func Connections(category string) []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "offline", Category: category, Usage: "no connection is made for s3://, gs:// and https://, but to this machine"},
		&cli.BoolFlag{Name: "insecure", Category: category, Usage: "speak http:// with other machines, for all on the way to read and change; it is refused otherwise"},
	}
}

// Read checks what is known of the images before any work.
func (i *Images) Read(c *Call) error {
	i.args, i.reads = c.Args, c.Reads
	if !i.Plain {
		looks := []string{"names", "times", "contents"}
		if err := commandline.OneOf("check-inputs", c.line.String("check-inputs"), looks...); err != nil {
			return err
		}
		i.look = source.Look(slices.Index(looks, c.line.String("check-inputs")))
	}
	i.from = source.Options{Stdin: c.In, StdinPaths: c.line.Bool("stdin-paths"), NUL: c.line.Bool("0")}
	if c.line.Bool("stdin-tar") {
		return i.stream(c)
	}
	if i.Planned && c.Given("plan") {
		return i.plan(c)
	} else if i.Planned && c.Given("plan-task") {
		return commandline.Usagef("--plan-task is of a plan: name it with --plan")
	}
	if !i.Still && !i.Plain && c.line.Bool("watch") {
		return i.watch(c)
	}
	images := 0
	for _, arg := range i.args {
		if arg == "-" {
			images++
		}
	}
	switch {
	case len(i.args) == 0 && !i.from.StdinPaths && i.Optional:
		return nil
	case len(i.args) == 0 && !i.from.StdinPaths:
		return commandline.Usagef("no images named: give files, folders, globs, @list.txt or - (standard input)")
	case images > 1 || images == 1 && i.from.StdinPaths:
		return commandline.Usagef("standard input can be read once: as one image (-) or as paths (--stdin-paths)")
	}
	if err := c.CheckImages(); err != nil {
		return err
	}
	if c.Given("shard") {
		var err error
		if i.from.Shard, err = source.ParseShard(c.line.String("shard"), os.Getenv); err != nil {
			return commandline.Usagef("--shard %w", err)
		}
	}
	switch by := c.line.String("shard-by"); {
	case i.Plain || by == "number":
	case by != "name":
		return commandline.Usagef("--shard-by %q is not one of number, name", by)
	case !c.Given("shard"):
		return commandline.Usagef("--shard-by is for --shard")
	default:
		i.from.Shard.ByName = true
	}
	return source.Check(i.args)
}

// GivesImages reports whether a command line names images: in arguments, on standard input or by a plan.
func GivesImages(c *Call) bool {
	return len(c.Args) > 0 || c.Given("stdin-paths") || c.has("stdin-tar") && c.Given("stdin-tar") || c.has("plan") && c.Given("plan")
}

// plan has a task of a plan say which images there are.
func (i *Images) plan(c *Call) error {
	if len(i.args) > 0 || i.from.StdinPaths || c.Given("shard") || !i.Still && c.line.Bool("watch") {
		return commandline.Usagef("--plan says which images there are: leave out SRC, --stdin-paths, --shard and --watch")
	}
	for _, flag := range []string{"html", "draw", "crops", "yolo", "masks", "overlay", "captions", "thumbnails", "texts"} {
		if c.has(flag) && c.Given(flag) {
			return commandline.Usagef("--%s has no place in the parts of a plan, which hold rows alone", flag)
		}
	}
	name := c.line.String("plan")
	if name == "" || name == "-" {
		return commandline.Usagef("--plan names no file")
	}
	ctx, stores := c.line.Context, store.New(store.Options{Tell: c.Warn})
	head, err := plan.ReadHead(ctx, stores, name)
	if err != nil {
		return err
	}
	number, err := taskOf(c.line.String("plan-task"), head.Tasks)
	if err != nil {
		return commandline.Usage(err)
	}
	i.task = &Task{Stores: stores, Number: number}
	i.task.Plan, err = plan.Read(ctx, stores, name, number, func(part plan.Part) error {
		i.task.Parts = append(i.task.Parts, part)
		return nil
	})
	return err
}

// taskOf reads --plan-task.
func taskOf(text string, tasks int) (int, error) {
	if of, is := strings.CutPrefix(text, "auto"); is {
		if of != "" && of != fmt.Sprintf("/%d", tasks) {
			return 0, fmt.Errorf("--plan-task %s: the plan has %d tasks", text, tasks)
		}
		s, err := source.ArrayTask(tasks, os.Getenv)
		if err != nil {
			return 0, fmt.Errorf("--plan-task %w", err)
		}
		return s.Index, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= tasks {
		return 0, fmt.Errorf("--plan-task %q is not a number from 0 to %d, auto or auto/%d", text, tasks-1, tasks)
	}
	return n, nil
}

// Task is that of the plan by which the images are known; nil: they are named otherwise.
func (i *Images) Task() *Task {
	if i == nil {
		return nil
	}
	return i.task
}

// Take has the images be those of a part.
func (i *Images) Take(part plan.Part) {
	i.from.Names = nil
	for _, in := range part.Inputs {
		i.from.Names = append(i.from.Names, in.URI)
	}
}

// stream has the images come as an archive.
func (i *Images) stream(c *Call) error {
	switch {
	case len(i.args) > 0 || i.from.StdinPaths:
		return commandline.Usagef("--stdin-tar stands alone: standard input holds all images")
	case c.Given("shard") || !i.Still && c.line.Bool("watch"):
		return commandline.Usagef("--stdin-tar: an archive that comes as a stream is neither shared nor watched: leave out --shard and --watch")
	case c.has("html") && c.Given("html"):
		return commandline.Usagef("--html shows images that are read again, and --stdin-tar gives them once")
	}
	i.from.Tar = &source.Stream{From: c.In}
	return nil
}

// Err returns why the images have ended before they should; nil: they have not. It is for after a run over Items.
func (i *Images) Err() error {
	if i == nil || i.from.Tar == nil {
		return nil
	}
	return i.from.Tar.Err()
}

// watch has the folders be watched. The signal that ends the run ends that, and the run completes
// what it has.
func (i *Images) watch(c *Call) error {
	switch {
	case len(i.args) == 0:
		return commandline.Usagef("--watch: name the folders that are watched")
	case i.from.StdinPaths:
		return commandline.Usagef("--watch is of folders, and --stdin-paths of a list")
	case c.has("update") && c.line.Bool("update"):
		return commandline.Usagef("--update ends when all that is there is done, and --watch does not: --watch --resume does what is new or has changed, and goes on; rows of what is gone are dropped by a run with --update alone")
	case c.Given("shard") || c.Given("shard-by"):
		return commandline.Usagef("--shard: what comes into a folder that is watched has no number; let each run watch a folder of its own")
	}
	if err := source.CheckWatched(i.args); err != nil {
		return commandline.Usage(err)
	}
	i.from.Watch = &source.Watch{Every: source.LookEvery, Done: c.line.Context.Done()}
	c.outlives = true
	c.Info("watching " + strings.Join(i.args, ", ") + " for images; Ctrl-C or SIGTERM ends the run, and a second one stops it at once")
	return nil
}

// Watched reports whether they are folders that are watched.
func (i *Images) Watched() bool { return i.from.Watch != nil }

// Shard is the part of them that is taken.
func (i *Images) Shard() source.Shard { return i.from.Shard }

// Single reports whether they are one file, or standard input as one.
func (i *Images) Single() bool { return i.from.Tar == nil && source.Single(i.args, i.from) }

// Once reports whether they can be gone through only once, as paths from a pipe.
func (i *Images) Once() bool { return source.Once(i.args, i.from) }

// Globbed reports whether a pattern matches them, which may match an output, too.
func (i *Images) Globbed() bool { return source.Globbed(i.args) }

// Folders are the folders that they are searched in.
func (i *Images) Folders() []string { return source.Folders(i.args) }

// Files yields the files that the arguments name, of all shards.
func (*Images) Files(c *Call) iter.Seq[string] {
	return source.Files(c.Args, source.Options{NUL: c.line.Bool("0")})
}

// Items yields the images. Paths that can't be known before are added to
// [Call.Reads] as they come.
func (i *Images) Items() iter.Seq[source.Item] {
	if i.task != nil { // the part that is taken then
		return func(yield func(source.Item) bool) {
			from := i.from
			from.Passed = &i.passed
			source.Items(nil, from)(yield)
		}
	}
	from := i.from
	from.Passed = &i.passed
	items := source.Items(i.args, from)
	if !i.Once() {
		return items
	}
	return func(yield func(source.Item) bool) {
		for item := range items {
			if i.from.Tar == nil { // whose names are no paths
				i.reads.Add(item.Name)
			}
			if !yield(item) {
				return
			}
		}
	}
}

// Passed is what the last run over Items has passed over until now.
func (i *Images) Passed() *source.Passed { return &i.passed }

// TellPassed says in a line what was passed over, if anything; quiet leaves out what only stands beside
// images, such as labels.
func TellPassed(ui *term.UI, passed *source.Passed, quiet bool) {
	switch text, notable := passed.Text(); {
	case notable:
		ui.Warn(text)
	case text != "" && !quiet:
		ui.Info(text)
	}
}

// Survey goes over the images without reading them; see [source.Survey].
func (i *Images) Survey(stop func() bool) (source.Inventory, bool) {
	return source.Survey(i.args, i.from, stop)
}

// Inventory is Survey with what --check-inputs asks for.
func (i *Images) Inventory(stop func() bool) (source.Inventory, bool) {
	from := i.from
	from.Look = i.look
	return source.Survey(i.args, from, stop)
}

// Look is by what images are known again, as --check-inputs says.
func (i *Images) Look() source.Look { return i.look }

// Stamp is that of an image, by the same.
func (i *Images) Stamp(ctx context.Context, item source.Item) source.Stamp {
	return item.Stamp(ctx, i.look)
}

// AllMissing reports whether the arguments are several files, none of which is there.
func (i *Images) AllMissing() bool {
	return len(i.args) > 1 && !slices.ContainsFunc(i.args, func(arg string) bool {
		_, err := os.Lstat(arg)
		return err == nil || arg == "-" || strings.HasPrefix(arg, "@") || strings.ContainsAny(arg, "*?[{")
	})
}

// Names reports whether an argument names an object by its URI.
func (i *Images) Names(uri string) bool { return source.Names(i.args, uri) }

// Arguments is how many arguments there are.
func (i *Images) Arguments() int { return len(i.args) }
