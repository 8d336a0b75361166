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

func benchReportAction(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("give one results file, as bench run -o writes it")
	}
	reads, err := protect(c, resultFiles(c.Args().First()))
	if err != nil {
		return err
	}
	if err := fits("html", c.String("html"), output.HTML); err != nil {
		return err
	}
	formats := 0
	for _, name := range []string{"markdown", "csv", "benchstat"} {
		if c.Bool(name) {
			formats++
		}
	}
	if formats > 1 {
		return usagef("--markdown, --csv and --benchstat exclude each other: standard output holds one of them")
	}
	if info, err := os.Stat(c.Args().First()); err == nil && info.IsDir() {
		if c.Bool("csv") || c.Bool("benchstat") {
			return usagef("--csv and --benchstat are of one part: name its file in %s", c.Args().First())
		}
		return reportPipeline(c, reads)
	}
	f, err := bench.ReadFile(c.Args().First())
	if err != nil {
		return err
	}
	if name := c.String("html"); name != "" {
		if err := pages.Bench(f).Save(reads, name, c.Bool("overwrite")); err != nil {
			return err
		}
		if formats == 0 {
			return nil
		}
	}
	switch {
	case c.Bool("csv"):
		return pages.WriteBenchCSV(c.App.Writer, f)
	case c.Bool("benchstat"):
		return pages.WriteBenchstat(c.App.Writer, f)
	case c.Bool("markdown") || f.Verdict == nil:
		_, err := io.WriteString(c.App.Writer, pages.Bench(f).Markdown())
		return err
	default:
		return writeBench(c, f)
	}
}

func reportPipeline(c *cli.Context, reads *output.Reads) error {
	p, err := bench.ReadPipeline(c.Args().First())
	if err != nil {
		return err
	}
	if name := c.String("html"); name != "" {
		if err := pages.Pipeline(p).Save(reads, name, c.Bool("overwrite")); err != nil || !c.Bool("markdown") {
			return err
		}
	}
	if p.Settings == nil {
		_, err := io.WriteString(c.App.Writer, pages.Pipeline(p).Markdown())
		return err
	}
	return writePipeline(c, p)
}
