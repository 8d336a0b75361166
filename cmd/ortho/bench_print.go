package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/pages"
	"ortho/runner/bench"
)

// writeBench prints the report, or the summary.
func writeBench(c *cli.Context, f *bench.File) error {
	if c.Bool("markdown") {
		_, err := io.WriteString(c.App.Writer, pages.Bench(f).Markdown())
		return err
	}
	return pages.PrintBench(c.App.Writer, f)
}

// writePipeline prints the report, or the summary.
func writePipeline(c *cli.Context, p *bench.Pipeline) error {
	if c.Bool("markdown") {
		_, err := io.WriteString(c.App.Writer, pages.Pipeline(p).Markdown())
		return err
	}
	return pages.PrintPipeline(c.App.Writer, p)
}
