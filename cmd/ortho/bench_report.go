package main

import (
	"context"
	"io"
	"iter"
	"os"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/runner/bench"
)

// benchReport is what the flags say of a report.
type benchReport struct {
	of                       reported
	html                     string // file; "": none
	markdown, csv, benchstat bool   // in place of the table
	escape                   bool   // formulas in CSV
	overwrite                bool
}

func newBenchReportCommand() *cli.Command {
	r := &benchReport{}
	own := flags.Own{
		&cli.StringFlag{Name: "html", Destination: &r.html, Usage: "write a report with figures to `FILE`"},
		&cli.BoolFlag{Name: "overwrite", Destination: &r.overwrite, Usage: "replace an existing file"},
		&cli.BoolFlag{Name: "markdown", Destination: &r.markdown, Usage: "print Markdown: the report without its figures"},
		&cli.BoolFlag{Name: "csv", Destination: &r.csv, Usage: "print a line of CSV for each cell"},
		&cli.BoolFlag{Name: "escape-formulas", Destination: &r.escape, Usage: flags.EscapeUsage},
		&cli.BoolFlag{Name: "benchstat", Destination: &r.benchstat, Usage: "print Go's benchmark format, a line for each round"},
	}
	return flags.Command(cli.Command{
		Name:        "report",
		Usage:       "show what a results file of bench run, or a pipeline's folder, holds",
		ArgsUsage:   "FILE.jsonl|FOLDER",
		Description: help("bench_report"),
	}, r.run, &r.of, own)
}

// reported is the argument of a command that reads one file or folder of bench run.
type reported struct{ name string }

func (*reported) Flags() []cli.Flag { return nil }

func (r *reported) Read(call *flags.Call) error {
	if len(call.Args) != 1 {
		return commandline.Usagef("give one results file, as bench run -o writes it")
	}
	r.name = call.Args[0]
	return nil
}

// Files yields the files that a report is made from: its page replaces none of them.
func (*reported) Files(call *flags.Call) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, arg := range call.Args {
			for file := range flags.ResultFiles(arg) {
				if !yield(file) {
					return
				}
			}
		}
	}
}

func (r *benchReport) run(ctx context.Context, call *flags.Call) error {
	if err := flags.Fits("html", r.html, output.HTML); err != nil {
		return err
	}
	if r.markdown && r.csv || r.markdown && r.benchstat || r.csv && r.benchstat {
		return commandline.Usagef("--markdown, --csv and --benchstat exclude each other: standard output holds one of them")
	}
	if r.escape && !r.csv {
		return commandline.Usagef("--escape-formulas is of --csv")
	}
	if info, err := os.Stat(r.of.name); err == nil && info.IsDir() {
		if r.csv || r.benchstat {
			return commandline.Usagef("--csv and --benchstat are of one part: name its file in %s", r.of.name)
		}
		return r.pipeline(ctx, call.Out, call.Reads)
	}
	return r.file(ctx, call.Out, call.Reads)
}

func (r *benchReport) file(ctx context.Context, stdout io.Writer, reads *output.Reads) error {
	f, err := readResults(r.of.name)
	if err != nil {
		return err
	}
	if r.html != "" {
		if err := pages.Bench(f).Save(ctx, reads, r.html, r.overwrite); err != nil {
			return err
		}
		if !r.markdown && !r.csv && !r.benchstat {
			return nil
		}
	}
	switch {
	case r.csv:
		return pages.WriteBenchCSV(stdout, f, r.escape)
	case r.benchstat:
		return pages.WriteBenchstat(stdout, f)
	}
	return pages.PrintBench(stdout, f, r.markdown || f.Verdict == nil)
}

func (r *benchReport) pipeline(ctx context.Context, stdout io.Writer, reads *output.Reads) error {
	p, err := bench.ReadPipeline(r.of.name)
	if err != nil {
		return withRemedy(err)
	}
	if r.html != "" {
		if err := pages.Pipeline(p).Save(ctx, reads, r.html, r.overwrite); err != nil || !r.markdown {
			return err
		}
	}
	return pages.PrintPipeline(stdout, p, r.markdown || p.Settings == nil)
}
