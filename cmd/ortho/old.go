package main

import (
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
)

func answerFlags() []cli.Flag {
	const out = "Output"
	return append([]cli.Flag{
		&cli.IntFlag{Name: "top", Aliases: []string{"k"}, Value: 5, Category: out, Usage: "the `N` most probable classes of each image or text"},
		&cli.Float64Flag{Name: "min-probability", Category: out, DefaultText: "none", Usage: "leave out classes below `P` (0 to 1)"},
		&cli.BoolFlag{Name: "logits", Category: out, Usage: "add all raw outputs to each row (JSONL, Parquet)"},
	}, resultFlags()...)
}

func resultFlags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Category: out, DefaultText: "by the ending of -o: .jsonl, .csv, .parquet, .txt for a table; without one a table on a terminal, jsonl otherwise", Usage: "`FORMAT`: table, jsonl, csv or parquet"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write to `FILE`, which appears when it is complete; until then its rows are in FILE.partial, and FILE.run.json tells how they were made"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace an existing output file"},
		&cli.BoolFlag{Name: "resume", Category: out, Usage: "continue FILE where a run that was interrupted ended; start where none was, do nothing where FILE is complete"},
		&cli.BoolFlag{Name: "retry-failed", Category: out, Usage: "as --resume, and redo what failed, also those of a complete FILE"},
	}
}

func sources(c *cli.Context) (source.Options, error) {
	from := source.Options{Stdin: c.App.Reader, StdinPaths: c.Bool("stdin-paths"), NUL: c.Bool("0")}
	args := c.Args().Slice()
	images := 0
	for _, arg := range args {
		if arg == "-" {
			images++
		}
	}
	switch {
	case len(args) == 0 && !from.StdinPaths:
		return from, usagef("no images named: give files, folders, globs, @list.txt or - (standard input)")
	case images > 1 || images == 1 && from.StdinPaths:
		return from, usagef("standard input can be read once: as one image (-) or as paths (--stdin-paths)")
	}
	if err := checkImages(c); err != nil {
		return from, err
	}
	if c.IsSet("shard") {
		var err error
		if from.Shard, err = source.ParseShard(c.String("shard"), os.Getenv); err != nil {
			return from, usagef("--shard %w", err)
		}
	}
	return from, source.Check(args)
}

func itemsError(out *results) error {
	if _, failed := out.counts(); failed > 0 {
		return errItems
	}
	return nil
}

func answerOptions(c *cli.Context, options *classify.Options) error {
	switch p := c.Float64("min-probability"); {
	case c.Int("top") < 1:
		return usagef("--top %d: at least 1", c.Int("top"))
	case !(p >= 0 && p <= 1):
		return usagef("--min-probability %v: from 0 to 1", p)
	}
	options.Top, options.MinProbability, options.Logits = c.Int("top"), c.Float64("min-probability"), c.Bool("logits")
	return nil
}

func text(s string) string { return term.UTF8(s) }

func short(v float64) float64 { return term.SixDigits(v) }

func speedOf(c *classify.Classifier, done int, took time.Duration) record.Speed {
	s := howOf(c)
	s.Seconds, s.PerSecond = short(took.Seconds()), short(float64(done)/max(took, 1).Seconds())
	return s
}

func checkedText(t string) (string, error) { return source.CheckedText(t) }

var warnSkippedUI = flags.TellSkipped

// textsName is what texts are read from.
func textsName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return "texts " + name
}
