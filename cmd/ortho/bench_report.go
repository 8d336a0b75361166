package main

import (
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/runner/bench"
)

func newBenchReportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "show what a results file of bench run, or a pipeline's folder, holds",
		ArgsUsage: "FILE.jsonl|FOLDER",
		Description: "Without flags, the table and the recommendation that bench run printed; of a run that did not finish, Markdown. The HTML\n" +
			"page has the figures and needs no network. --benchstat is for two files and `benchstat OLD NEW` (golang.org/x/perf/cmd/benchstat).",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "html", Usage: "write a report with figures to `FILE`"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace an existing file"},
			&cli.BoolFlag{Name: "markdown", Usage: "print Markdown: the report without its figures"},
			&cli.BoolFlag{Name: "csv", Usage: "print a line of CSV for each cell"},
			&cli.BoolFlag{Name: "benchstat", Usage: "print Go's benchmark format, a line for each round"},
		},
		Action: benchReportAction,
	}
}

// benchReport is what the flags say of a report.
type benchReport struct {
	of                       string // a file or a folder
	html                     string // file; "": none
	markdown, csv, benchstat bool   // in place of the table
	overwrite                bool
	reads                    *output.Reads
	stdout                   io.Writer
}

func benchReportAction(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("give one results file, as bench run -o writes it")
	}
	r := benchReport{of: c.Args().First(), html: c.String("html"), markdown: c.Bool("markdown"), csv: c.Bool("csv"), benchstat: c.Bool("benchstat"),
		overwrite: c.Bool("overwrite"), stdout: c.App.Writer}
	var err error
	if r.reads, err = protect(c, resultFiles(r.of)); err != nil {
		return err
	}
	if err := fits("html", r.html, output.HTML); err != nil {
		return err
	}
	if r.markdown && r.csv || r.markdown && r.benchstat || r.csv && r.benchstat {
		return usagef("--markdown, --csv and --benchstat exclude each other: standard output holds one of them")
	}
	if info, err := os.Stat(r.of); err == nil && info.IsDir() {
		if r.csv || r.benchstat {
			return usagef("--csv and --benchstat are of one part: name its file in %s", r.of)
		}
		return r.pipeline()
	}
	return r.file()
}

func (r benchReport) file() error {
	f, err := readResults(r.of)
	if err != nil {
		return err
	}
	if r.html != "" {
		if err := pages.Bench(f).Save(r.reads, r.html, r.overwrite); err != nil {
			return err
		}
		if !r.markdown && !r.csv && !r.benchstat {
			return nil
		}
	}
	switch {
	case r.csv:
		return pages.WriteBenchCSV(r.stdout, f)
	case r.benchstat:
		return pages.WriteBenchstat(r.stdout, f)
	}
	return pages.PrintBench(r.stdout, f, r.markdown || f.Verdict == nil)
}

func (r benchReport) pipeline() error {
	p, err := bench.ReadPipeline(r.of)
	if err != nil {
		return withRemedy(err)
	}
	if r.html != "" {
		if err := pages.Pipeline(p).Save(r.reads, r.html, r.overwrite); err != nil || !r.markdown {
			return err
		}
	}
	return pages.PrintPipeline(r.stdout, p, r.markdown || p.Settings == nil)
}
