package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/classify"
	"ortho/runner"
)

func newClassifyCommand() *cli.Command {
	const run, in, out = "How it runs", "Input", "Output"
	flags := []cli.Flag{
		&cli.IntFlag{Name: "top", Aliases: []string{"k"}, Value: 5, Category: out, Usage: "the `N` most probable classes of each image"},
		&cli.Float64Flag{Name: "min-probability", Category: out, DefaultText: "none", Usage: "leave out classes below `P` (0 to 1)"},
		&cli.BoolFlag{Name: "logits", Category: out, Usage: "add all raw outputs to each row (JSONL)"},
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Category: out, DefaultText: "by the ending of -o, else a table on a terminal, jsonl otherwise", Usage: "`FORMAT`: table, jsonl or csv"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write to `FILE`, which appears when it is complete"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace an existing output file"},
		&cli.StringFlag{Name: "progress", Value: "auto", Category: out, Usage: "auto (on a terminal), always or never"},
		&cli.BoolFlag{Name: "stdin-paths", Category: in, Usage: "read paths from standard input, one a line"},
		&cli.BoolFlag{Name: "0", Category: in, Usage: "paths in lists and on standard input end with NUL"},
		&cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Category: in, Usage: "refuse images of more than `N` pixels before decoding them"},
		&cli.BoolFlag{Name: "fail-fast", Category: in, Usage: "stop at the first image that fails"},
		&cli.StringFlag{Name: "provider", Aliases: []string{"p"}, Value: runner.CPU, Category: run, Usage: "execution `PROVIDERS`, in order of preference, such as cuda,cpu; no other is used"},
		&cli.StringSliceFlag{Name: "provider-option", Category: run, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=0; may be repeated"},
		&cli.IntFlag{Name: "threads", Category: run, DefaultText: "by provider; cpu: 1", Usage: "intra-op threads of one run"},
		&cli.IntFlag{Name: "concurrency", Category: run, DefaultText: "by provider; cpu: one for each core", Usage: "runs in flight"},
		&cli.IntFlag{Name: "batch", Category: run, DefaultText: "by provider; cpu: 1", Usage: "images of one run"},
	}
	return &cli.Command{
		Name:      "classify",
		Usage:     "say what images show",
		ArgsUsage: "SRC...",
		Description: "SRC is a file, a folder (searched recursively), a glob, @list.txt (one path a line) or - (an image on\n" +
			"standard input). JPEG, PNG, GIF (first frame), BMP, TIFF and WebP. Rows come in the order of the inputs.\n" +
			"An image that fails costs its own row, never the run.",
		Flags:  append(append(flags, libraryFlag()), modelFlags()...),
		Action: classifyAction,
	}
}

func classifyAction(c *cli.Context) error {
	options, err := classifyOptions(c)
	if err != nil {
		return err
	}
	from := source.Options{Stdin: c.App.Reader, StdinPaths: c.Bool("stdin-paths"), NUL: c.Bool("0")}
	if c.NArg() == 0 && !from.StdinPaths {
		return usagef("no images named: give files, folders, globs, @list.txt or - (standard input)")
	}
	if err := source.Check(c.Args().Slice(), from); err != nil {
		return err
	}
	out, err := openOutput(c)
	if err != nil {
		return err
	}
	model, err := openModel(c)
	if err != nil {
		return out.abandon(err)
	}
	classifier, err := classify.Open(model, options)
	if err != nil {
		return out.abandon(err)
	}
	defer classifier.Close()
	for _, skipped := range classifier.Session().Skipped {
		slog.Warn(skipped.Error())
	}
	progress, err := newProgress(c)
	if err != nil {
		return out.abandon(err)
	}
	defer progress.end()
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	start := time.Now()
	done, failed := 0, 0
	for item := range classifier.Stream(ctx, inputs(source.Items(c.Args().Slice(), from))) {
		done++
		if item.Err != nil {
			failed++
		}
		if err := out.Write(row(item)); err != nil {
			return out.abandon(fmt.Errorf("write results: %w", err))
		}
		progress.step(item.Err != nil)
		if item.Err != nil && c.Bool("fail-fast") {
			return errors.Join(out.finish(), item.Err)
		}
	}
	progress.end()
	if err := c.Context.Err(); err != nil {
		return out.interrupted(err, done)
	}
	if err := out.finish(); err != nil {
		return err
	}
	if done > 1 || failed > 0 {
		batch, concurrency := classifier.Batching()
		seconds := time.Since(start).Seconds()
		slog.Info(fmt.Sprintf("%s, %d failed, %.1f images/s; provider %s, batch %d, %d at once",
			images(done), failed, float64(done)/seconds, classifier.Session().Provider, batch, concurrency))
	}
	if failed > 0 {
		return errItems
	}
	return nil
}

func classifyOptions(c *cli.Context) (classify.Options, error) {
	for _, name := range []string{"threads", "concurrency", "batch"} {
		if n := c.Int(name); c.IsSet(name) && (n < 1 || n > 4096) {
			return classify.Options{}, usagef("--%s %d: from 1 to 4096", name, n)
		}
	}
	switch p := c.Float64("min-probability"); {
	case c.Int("top") < 1:
		return classify.Options{}, usagef("--top %d: at least 1", c.Int("top"))
	case !(p >= 0 && p <= 1):
		return classify.Options{}, usagef("--min-probability %v: from 0 to 1", p)
	case c.Int64("max-pixels") < 1:
		return classify.Options{}, usagef("--max-pixels %d: at least 1", c.Int64("max-pixels"))
	}
	providers, err := runner.ParseProviders(c.String("provider"), c.StringSlice("provider-option"))
	if err != nil {
		return classify.Options{}, usageError{err}
	}
	return classify.Options{
		Runner:         runner.Options{Library: c.String("onnxruntime"), Providers: providers, Threads: c.Int("threads")},
		Batch:          c.Int("batch"),
		Concurrency:    c.Int("concurrency"),
		Top:            c.Int("top"),
		MinProbability: c.Float64("min-probability"),
		Logits:         c.Bool("logits"),
		MaxPixels:      c.Int64("max-pixels"),
	}, nil
}

func inputs(items iter.Seq[source.Item]) iter.Seq[classify.Input] {
	return func(yield func(classify.Input) bool) {
		for item := range items {
			if !yield(classify.Input(item)) {
				return
			}
		}
	}
}

func row(item classify.Item) output.Row {
	if item.Err != nil {
		return output.Row{Input: item.Input.Name, Error: &output.Error{Kind: classify.ErrorKind(item.Err), Message: item.Err.Error()}}
	}
	r := output.Row{Input: item.Input.Name, Width: item.Result.Width, Height: item.Result.Height, Logits: item.Result.Logits}
	if out := item.Result.Output; out != nil {
		r.Output = &output.Values{Name: out.Name, Shape: out.Shape, Values: out.Values}
		return r
	}
	r.Predictions = make([]output.Prediction, len(item.Result.Predictions))
	for i, p := range item.Result.Predictions {
		r.Predictions[i] = output.Prediction{Index: p.Index, Label: p.Label, ID: p.ID, Probability: short(p.Probability)}
	}
	return r
}

// short keeps six significant digits: a float32 graph gives no more.
func short(p float64) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(p, 'g', 6, 64), 64)
	if err != nil {
		return p
	}
	return v
}

// results is where rows go: standard output, or a file that appears at the end.
type results struct {
	output.Writer
	file *output.File // nil: standard output
}

func openOutput(c *cli.Context) (*results, error) {
	format, err := output.Format(c.String("format"), c.String("output"), isTerminal(c.App.Writer))
	if err != nil {
		return nil, usageError{err}
	}
	if format != "jsonl" && c.Bool("logits") || format == "csv" && c.IsSet("output-name") {
		return nil, usagef("raw outputs need -f jsonl")
	}
	r := &results{}
	w := io.Writer(c.App.Writer)
	if name := c.String("output"); name != "" && name != "-" {
		if r.file, err = output.Create(name, c.Bool("overwrite")); err != nil {
			return nil, err
		}
		w = r.file
	}
	r.Writer, err = output.New(format, w)
	return r, err
}

func (r *results) finish() error {
	if err := r.Close(); err != nil {
		return r.abandon(fmt.Errorf("write results: %w", err))
	}
	if r.file != nil {
		return r.file.Commit()
	}
	return nil
}

// abandon leaves no half file behind.
func (r *results) abandon(err error) error {
	if r.file != nil {
		r.file.Discard()
	}
	return err
}

// interrupted keeps what was finished beside the name that was asked for.
func (r *results) interrupted(err error, done int) error {
	closed := r.Close()
	if r.file != nil {
		name, kept := r.file.Keep()
		slog.Warn(fmt.Sprintf("interrupted after %s; finished rows are in %s", images(done), name))
		closed = errors.Join(closed, kept)
	} else {
		slog.Warn(fmt.Sprintf("interrupted after %s", images(done)))
	}
	return errors.Join(err, closed)
}

func images(n int) string {
	if n == 1 {
		return "1 image"
	}
	return fmt.Sprintf("%d images", n)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func progressMode(c *cli.Context) (bool, error) {
	switch mode := strings.ToLower(c.String("progress")); mode {
	case "auto":
		return isTerminal(c.App.ErrWriter) && !(isTerminal(c.App.Writer) && c.String("output") == ""), nil
	case "always", "never":
		return mode == "always", nil
	default:
		return false, usagef("--progress %q is not one of auto, always, never", mode)
	}
}
