package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/plan"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/term"
)

// gatherOptions is what the flags of gather say.
type gatherOptions struct {
	plan, output, format string
	overwrite, json      bool
	failed               flags.FailFast
}

// merges write the parts of each command's rows to one file.
var merges = map[string]func(context.Context, *merge) error{
	"classify": mergeOf(rows.ClassesCodec), "embed": mergeOf(rows.EmbeddingsCodec), "tag": mergeOf(rows.TagsCodec),
	"detect": mergeOf(rows.DetectionsCodec), "segment": mergeOf(rows.SegmentsCodec), "depth": mergeOf(rows.DepthCodec), "describe": mergeOf(rows.DescriptionsCodec),
}

func newGatherCommand() *cli.Command {
	o := &gatherOptions{failed: flags.FailFast{Ends: true}}
	const in, out = "Input", "Output"
	own := flags.Own{
		&cli.StringFlag{Name: "plan", Destination: &o.plan, Category: in, Usage: "the plan, in `FILE`, that the parts are of"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.output, Category: out, Usage: "write all rows to `FILE`, in the order of the inputs"},
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Destination: &o.format, Category: out, DefaultText: "by the ending of -o", Usage: "`FORMAT` of FILE: jsonl, json, csv, tsv, parquet, ..."},
		&cli.BoolFlag{Name: "overwrite", Destination: &o.overwrite, Category: out, Usage: "replace an existing file"},
		&cli.BoolFlag{Name: "json", Destination: &o.json, Category: out, Usage: "print what there is as JSON, in place of the tasks that are missing"},
	}
	return flags.Command(cli.Command{
		Name:        "gather",
		Usage:       "check that the parts of a plan are all there, and put them together",
		ArgsUsage:   "FOLDER",
		Description: help("gather"),
	}, o.run, own, flags.PartsFolder{}, &o.failed)
}

func (o *gatherOptions) run(ctx context.Context, call *flags.Call) (err error) {
	switch {
	case len(call.Args) != 1:
		return commandline.Usagef("name the folder of the parts")
	case o.plan == "":
		return commandline.Usagef("name the plan that the parts are of: --plan FILE")
	case o.output == "" && (call.Given("output") || o.format != "" || o.overwrite):
		return commandline.Usagef("-f and --overwrite are of what all rows are written to: name it with -o FILE")
	}
	if o.output != "" && o.output != "-" {
		if o.format, err = output.Format(o.format, o.output, false); err != nil {
			return commandline.Usage(err)
		}
		if _, err := call.Reads.Check(o.output, o.overwrite); err != nil {
			return err
		}
	} else if o.output == "-" {
		return commandline.Usagef("-o - is no file; parts in jsonl are put together by cat %s/*.jsonl", strings.TrimRight(call.Args[0], "/"))
	}
	stores := store.New(store.Options{Tell: call.Warn})
	out, found, err := plan.Check(ctx, stores, o.plan, call.Args[0], nil)
	if err != nil {
		return err
	}
	if err := o.tell(call, found); err != nil {
		return err
	}
	if !found.Complete() {
		return commandline.ErrVerdict
	}
	if o.output != "" {
		if err := o.merge(ctx, call, stores, out); err != nil {
			return err
		}
	}
	if o.failed.TooMany(found.Failed, found.Rows) {
		return commandline.ErrItems
	}
	return nil
}

// tell prints what there is. Standard output gets what a script goes on with: the tasks that are missing.
func (o *gatherOptions) tell(call *flags.Call, f *plan.Found) error {
	for _, text := range f.Wrong {
		call.Warn(text)
	}
	for _, name := range f.Foreign {
		call.Warn(term.UTF8(name) + " is no part of the plan: move it away")
	}
	wrong, foreign := f.Counts()
	if more := wrong + foreign - int64(len(f.Wrong)+len(f.Foreign)); more > 0 {
		call.Warn(fmt.Sprintf("and %d more", more))
	}
	if len(f.Versions) > 1 {
		var all []string
		for _, v := range slices.Sorted(maps.Keys(f.Versions)) {
			all = append(all, fmt.Sprintf("%s (%s)", v, term.Counted(f.Versions[v], "part")))
		}
		call.Warn("parts were made by several versions of ortho: " + strings.Join(all, ", "))
	}
	text := fmt.Sprintf("%d of %s, %s, %d failed", f.Done, term.Counted(f.Parts, "part"), term.Counted(f.Rows, "row"), f.Failed)
	if f.LeftOut > 0 {
		text += fmt.Sprintf(", %d left out by --where", f.LeftOut)
	}
	if f.MissingOf > 0 {
		text += fmt.Sprintf("; %d missing, of %s", f.MissingOf, term.Counted(int64(len(f.Missing)), "task"))
	}
	call.Info(text)
	line := plan.Array(f.Missing)
	if o.json {
		data, err := json.Marshal(struct {
			Parts    int64  `json:"parts"`
			Done     int64  `json:"done"`
			Rows     int64  `json:"rows"`
			Failed   int64  `json:"failed"`
			LeftOut  int64  `json:"left_out"`
			Wrong    int64  `json:"wrong"`
			Foreign  int64  `json:"foreign"`
			Missing  string `json:"missing_tasks"`
			Complete bool   `json:"complete"`
		}{f.Parts, f.Done, f.Rows, f.Failed, f.LeftOut, wrong, foreign, line, f.Complete()})
		if err != nil {
			return err
		}
		line = string(data)
	}
	if line == "" {
		return nil
	}
	if _, err := fmt.Fprintln(call.Out, line); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// merge is the parts of an output that become one file.
type merge struct {
	stores *store.Stores
	plan   string
	parts  *plan.Output
	format string // of the file
	to     io.Writer
	rows   int64
}

// merge writes all rows to one file.
func (o *gatherOptions) merge(ctx context.Context, call *flags.Call, stores *store.Stores, parts *plan.Output) error {
	run := merges[parts.Run.Command]
	if run == nil {
		return fmt.Errorf("the parts are of %q, whose rows this ortho can't put together", parts.Run.Command)
	}
	file, err := call.Reads.Create(ctx, o.output, o.overwrite)
	if err != nil {
		return err
	}
	m := &merge{stores: stores, plan: o.plan, parts: parts, format: o.format, to: file}
	if err := file.End(run(ctx, m)); err != nil {
		return err
	}
	call.Info(fmt.Sprintf("%s: %s", o.output, term.Counted(m.rows, "row")))
	return nil
}

// mergeOf puts rows of one kind together.
func mergeOf[R output.Row](codec *output.Codec[R]) func(context.Context, *merge) error {
	return func(ctx context.Context, m *merge) error {
		if err := codec.Takes(m.format); err != nil {
			return commandline.Usage(err)
		}
		buffer := bufio.NewWriterSize(m.to, 1<<18)
		w, err := codec.Writer(m.format, buffer, 0)
		if err != nil {
			return err
		}
		defer output.Abandon(w) // unless it is closed
		_, err = plan.Read(ctx, m.stores, m.plan, -1, func(part plan.Part) error {
			f, err := m.parts.Open(ctx, part)
			if err != nil {
				return err
			}
			defer f.Close()
			for row, err := range codec.Read(m.parts.Run.Format, f, f.Size) {
				if err == nil {
					err = ctx.Err()
				}
				if err == nil {
					err = w.Write(row)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", m.parts.File(part), err)
				}
				m.rows++
			}
			return nil
		})
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			err = buffer.Flush()
		}
		return err
	}
}
