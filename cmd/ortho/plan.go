package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/plan"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/term"
)

// planOptions is what the flags of plan say.
type planOptions struct {
	images    flags.Images
	tasks     int
	taskBytes string
	output    string
	overwrite bool
}

func newPlanCommand() *cli.Command {
	o := &planOptions{images: flags.Images{Plain: true}}
	const out = "Output"
	own := flags.Own{
		&cli.IntFlag{Name: "tasks", DefaultText: "as --task-bytes says", Aliases: []string{"n"}, Destination: &o.tasks, Category: out, Usage: "share the inputs out among `N` tasks, of about as many bytes"},
		&cli.StringFlag{Name: "task-bytes", Destination: &o.taskBytes, Category: out, Usage: "in place of --tasks, as many tasks as inputs of about `SIZE` each make: 1GiB, 500MB, ..."},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.output, Category: out, Usage: "write the plan to `FILE` (.jsonl), which all tasks can read"},
		&cli.BoolFlag{Name: "overwrite", Destination: &o.overwrite, Category: out, Usage: "replace an existing file"},
	}
	return flags.Command(cli.Command{
		Name:        "plan",
		Usage:       "share out images among the tasks of an array job: Slurm, Kubernetes, AWS Batch",
		ArgsUsage:   "SRC...",
		Description: help("plan"),
	}, o.run, own, &o.images)
}

// cut reads how many tasks there are to be.
func (o *planOptions) cut(call *flags.Call) (cut plan.Cut, err error) {
	switch {
	case call.Given("tasks") == call.Given("task-bytes"):
		return cut, commandline.Usagef("give --tasks N or --task-bytes SIZE")
	case call.Given("tasks") && (o.tasks < 1 || o.tasks > 1_000_000):
		return cut, commandline.Usagef("--tasks %d: from 1 to 1000000", o.tasks)
	case call.Given("tasks"):
		return plan.Cut{Tasks: o.tasks}, nil
	}
	cut.Bytes, err = bytesOf(o.taskBytes)
	return cut, err
}

var byteUnits = map[string]float64{"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}

var byteText = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)$`)

// bytesOf reads a size.
func bytesOf(text string) (int64, error) {
	m := byteText.FindStringSubmatch(text)
	if m == nil || byteUnits[m[2]] == 0 {
		return 0, commandline.Usagef("--task-bytes %q is no size, such as 1GiB, 500MB or 1000000", text)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if n *= byteUnits[m[2]]; err != nil || n < 1 || n > math.MaxInt64/2 {
		return 0, commandline.Usagef("--task-bytes %q: at least 1 byte", text)
	}
	return int64(n), nil
}

func (o *planOptions) run(ctx context.Context, call *flags.Call) error {
	cut, err := o.cut(call)
	switch {
	case err != nil:
		return err
	case o.output == "" || o.output == "-":
		return commandline.Usagef("name the file that the plan goes to with -o FILE")
	}
	if err := flags.Fits("output", o.output, output.JSONLines); err != nil {
		return err
	}
	file, err := call.Reads.Create(ctx, o.output, o.overwrite)
	if err != nil {
		return err
	}
	absent, first, passed := 0, "", source.Passed{}
	w := bufio.NewWriterSize(file, 1<<18)
	head, err := plan.Make(ctx, plan.Listed(ctx, store.New(store.Options{Tell: call.Warn}), call.Args, &passed, func(name string) {
		if absent++; absent == 1 {
			first = name
		}
	}), cut, w)
	if err == nil {
		err = w.Flush()
	}
	if err := file.End(err); err != nil {
		return err
	}
	flags.TellPassed(call.UI, &passed, false)
	if absent > 0 {
		call.Warn(fmt.Sprintf("%s of lists %s not there, which their rows will say: %s is the first", term.Counted(int64(absent), "file"), map[bool]string{true: "is", false: "are"}[absent == 1], term.UTF8(first)))
	}
	if head.Idle > 0 {
		call.Warn(fmt.Sprintf("%d of %s have nothing to do: there are %s, since an archive is not cut", head.Idle, term.Counted(int64(head.Tasks), "task"), term.Counted(head.Parts, "part")))
	}
	call.Info(fmt.Sprintf("%s: %s, %s of %s, %.1f MB; SHA-256 %.12s", o.output, term.Counted(int64(head.Tasks), "task"), term.Counted(head.Parts, "part"),
		term.Counted(head.Inputs, "file"), float64(head.Bytes)/1e6, head.SHA256))
	return nil
}
