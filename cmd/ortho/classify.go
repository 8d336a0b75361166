package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
)

func newClassifyCommand() *cli.Command {
	const in, out = "Input", "Output"
	flags := append(answerFlags(), []cli.Flag{
		&cli.StringFlag{Name: "html", Category: out, Usage: "also write a page to `FILE`, which shows the first images with their classes and needs no network"},
		progressFlag(),
		&cli.BoolFlag{Name: "stdin-paths", Category: in, Usage: "read paths from standard input, one a line"},
		&cli.BoolFlag{Name: "0", Category: in, Usage: "paths in lists and on standard input end with NUL"},
		&cli.StringFlag{Name: "shard", Category: in, DefaultText: "all", Usage: "`I/N`: only the images numbered I, I+N, I+2N, ... (from 0); auto or auto/N in a task of a Slurm, Kubernetes or AWS Batch array job"},
	}...)
	return &cli.Command{
		Name:      "classify",
		Usage:     "say what images show",
		ArgsUsage: "SRC...",
		Description: "SRC is a file, a folder (searched recursively), a .tar archive (such as a WebDataset shard), a glob,\n" +
			"@list.txt (one path a line) or - (an image on standard input). JPEG, PNG, GIF (first frame), BMP, TIFF and\n" +
			"WebP. Rows come in the order of the inputs. An image that fails costs its own row, never the run.\n\n" +
			"Of folders and archives, files with the endings of these formats are taken, hidden ones and links to folders\n" +
			"left out. An image in an archive is called archive.tar/path/in/it.jpg; archives in a folder are given as\n" +
			"'folder/*.tar'. A file whose name begins with - or @ is given as ./-x.jpg. A list names files and archives,\n" +
			"not folders.\n\n" +
			"With --shard, N runs over the same inputs share the images: each takes every Nth, and writes its own output.\n\n" +
			"With -o FILE a run survives what ends it, a crash too: its rows are in FILE.partial as soon as they are made,\n" +
			"and --resume goes on from there, if model, settings, ONNX Runtime and inputs are the same. FILE.run.json\n" +
			"tells what they were, and stays beside FILE. A FILE whose name ends as another format does is refused.",
		Flags:  slices.Concat(flags, imageFlags(), runFlags(), modelFlags(models.Classify)),
		Action: classifyAction,
	}
}

// answerFlags say what is told of each image or text, and where it goes.
func answerFlags() []cli.Flag {
	const out = "Output"
	return append([]cli.Flag{
		&cli.IntFlag{Name: "top", Aliases: []string{"k"}, Value: 5, Category: out, Usage: "the `N` most probable classes of each image or text"},
		&cli.Float64Flag{Name: "min-probability", Category: out, DefaultText: "none", Usage: "leave out classes below `P` (0 to 1)"},
		&cli.BoolFlag{Name: "logits", Category: out, Usage: "add all raw outputs to each row (JSONL, Parquet)"},
	}, resultFlags()...)
}

// resultFlags say where rows go.
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

func classifyAction(c *cli.Context) error {
	options, err := classifyOptions(c)
	if err != nil {
		return err
	}
	from, err := sources(c)
	if err != nil {
		return err
	}
	showProgress, err := progressWanted(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, imagesRead(c))
	if err != nil {
		return err
	}
	page, err := openGallery[rows.Classes](c, reads)
	if err != nil {
		return err
	}
	if page != nil {
		page.light = func(r rows.Classes) rows.Classes { r.Logits = nil; return r }
	}
	out, err := openResults(c, reads, rows.ClassesCodec)
	if err != nil {
		return err
	}
	if err := page.fits(out); err != nil {
		return out.abandon(err)
	}
	model, err := openModel(c)
	if err != nil {
		return out.abandon(err)
	}
	checkSettings(c, model)
	classifier, err := classify.Open(c.Context, model, options)
	if err != nil {
		return out.abandon(err)
	}
	defer classifier.Close()
	for _, skipped := range classifier.Session().Skipped {
		slog.Warn(skipped.Error())
	}
	items := imagesOf(c, from, reads)
	count, err := out.begin(c.Context, surveyOf(c, from), items, func() (record.Record, error) {
		return recorded(rowSettings(c, out.recorded(), from.Shard, options), model, classifier.Session(), labelsOf(model))
	})
	if err != nil {
		if c.Context.Err() != nil {
			slog.Warn("interrupted before the first image")
		}
		return out.abandon(err)
	}
	if out.complete() {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", c.String("output")))
		if err := showClasses(c, page, model, out); err != nil {
			return err
		}
		return itemsError(out)
	}
	bar := out.progress(c, showProgress, "images", count)
	defer bar.End()
	items = pending(c.Context, out, page.remember(items), nameOf)
	if err := writeAll(c, classified(c.Context, classifier, items, page, out), out, bar, func(done int, took time.Duration) record.Speed {
		return speedOf(classifier, done, took)
	}); err != nil {
		page.lost()
		return err
	}
	if err := showClasses(c, page, model, out); err != nil {
		return err
	}
	return itemsError(out)
}

func nameOf(item source.Item) string { return item.Name }

// classified makes a row of each item.
func classified(ctx context.Context, classifier *classify.Classifier, items iter.Seq[source.Item], page *gallery[rows.Classes], out *results[rows.Classes]) iter.Seq[answer[rows.Classes]] {
	return func(yield func(answer[rows.Classes]) bool) {
		for item := range classifier.Stream(ctx, inputs(items)) {
			if all := (*classify.SizeError)(nil); errors.As(item.Err, &all) {
				yield(answer[rows.Classes]{end: all})
				return
			}
			made := row(item)
			if out.run == nil {
				page.add(made)
			}
			if !yield(answer[rows.Classes]{row: made, err: item.Err}) {
				return
			}
		}
	}
}

// showClasses writes the page of --html.
func showClasses(c *cli.Context, page *gallery[rows.Classes], model *models.Model, out *results[rows.Classes]) error {
	return page.write(c, "What "+model.Name+" says", out, runtime.GOMAXPROCS(0), func(ctx context.Context, row rows.Classes, item source.Item) report.Card {
		return classCard(ctx, row, item, c.Int64("max-pixels"))
	})
}

func itemsError[R output.Row](out *results[R]) error {
	if _, failed := out.counts(); failed > 0 {
		return errItems
	}
	return nil
}

// speedOf tells how this run's images went.
func speedOf(c *classify.Classifier, done int, took time.Duration) record.Speed {
	batch, concurrency := c.Batching()
	return record.Speed{Seconds: short(took.Seconds()), PerSecond: short(float64(done) / max(took, 1).Seconds()),
		Provider: c.Session().Provider, Threads: c.Session().Threads, Batch: batch, Concurrency: concurrency}
}

// sources checks what can be told of the inputs before any work.
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

func classifyOptions(c *cli.Context) (classify.Options, error) {
	options, err := runOptions(c)
	if err != nil {
		return options, err
	}
	return options, answerOptions(c, &options)
}

// answerOptions reads answerFlags.
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

func inputs(items iter.Seq[source.Item]) iter.Seq[classify.Input] {
	return func(yield func(classify.Input) bool) {
		for item := range items {
			if !yield(classify.Input{Name: item.Name, Read: item.Read}) {
				return
			}
		}
	}
}

func row(item classify.Item) rows.Classes {
	if item.Err != nil {
		return output.Failed[rows.Classes](item.Input.Name, classify.ErrorKind(item.Err), item.Err.Error())
	}
	return rows.OfClasses(item.Input.Name, item.Result)
}

// text is UTF-8: names of files in messages, and labels, may not be.
func text(s string) string { return term.UTF8(s) }

// short keeps six significant digits: a float32 graph gives no more.
func short(p float64) float64 { return term.SixDigits(p) }
