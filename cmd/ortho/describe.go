package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/runner"
)

// noModel is the name that -m has where no CNN looks first.
const noModel = "none"

func newDescribeCommand() *cli.Command {
	const in, out = "Input", "Output"
	flags := []cli.Flag{
		&cli.IntFlag{Name: "candidates", Value: 10, Category: categoryChat, Usage: "the `N` most probable classes of -m, which the server chooses from"},
		&cli.BoolFlag{Name: "no-evidence", Category: categoryChat, Usage: "the server sees these classes' names, and not how probable -m holds them"},
		&cli.Float64Flag{Name: "chat-temperature", Category: categoryChat, DefaultText: "the server's", Usage: "`T` from 0 to 2"},
		&cli.IntFlag{Name: "concurrency", Category: categoryChat, Value: 4, Usage: "requests in flight"},
		&cli.BoolFlag{Name: "dry-run", Category: out, Usage: "print the requests, with a note in the images' place, and send nothing"},
		&cli.BoolFlag{Name: "stream", Category: out, Usage: "show the text on standard error while it comes"},
		progressFlag(), maxPixelsFlag(), failFastFlag(),
		&cli.BoolFlag{Name: "stdin-paths", Category: in, Usage: "read paths from standard input, one a line"},
		&cli.BoolFlag{Name: "0", Category: in, Usage: "paths in lists and on standard input end with NUL"},
		&cli.StringFlag{Name: "shard", Category: in, DefaultText: "all", Usage: "`I/N`: only the images numbered I, I+N, I+2N, ... (from 0); auto or auto/N in a task of a Slurm, Kubernetes or AWS Batch array job"},
		modelFlag(bundled.Default),
	}
	session := slices.DeleteFunc(sessionFlags(), func(f cli.Flag) bool { return f.Names()[0] == "concurrency" })
	return &cli.Command{
		Name:      "describe",
		Usage:     "have ChatGPT say what images show",
		ArgsUsage: "SRC...",
		Description: "Each image gets a text (--prompt), its objects, attributes and scene, and a class: one of those that the image\n" +
			"model (-m) holds most probable, or free text where none fits or -m is " + noModel + ". SRC is as in classify.\n\n" +
			"The images are sent to OpenAI, or to the server that " + envBaseURL + " names: one behind the same API, such as Ollama,\n" +
			"vLLM or llama.cpp. They are turned upright, made smaller (--max-side) and sent as JPEG, without what else their files\n" +
			"hold. The key comes from " + envKey + " and shows nowhere.\n\n" +
			"  export " + envKey + "=...\n" +
			"  ortho describe photos/ -o described.jsonl --cache answers --budget 200000\n" +
			"  " + envBaseURL + "=http://localhost:11434/v1 ortho describe --chat-model llava photo.jpg\n" +
			"  ortho describe prompts\n\n" +
			"What may pass is tried again: a server that is busy or fails, a connection that breaks; an image that waits holds up\n" +
			"no other. An image that fails costs its own row. A key that is refused, a quota or --budget that is used up ends the\n" +
			"run; what was finished is kept, and --resume goes on, as in classify.",
		Subcommands: []*cli.Command{{Name: "prompts", Usage: "list the built-in prompts", Action: listPrompts}},
		Flags:       slices.Concat(flags, resultFlags(), chatFlags(), session, settingFlags(models.Classify)),
		Action:      describeAction,
	}
}

func listPrompts(c *cli.Context) error {
	for _, p := range describe.Prompts() {
		fmt.Fprintf(c.App.Writer, "%-10s %s\n", p.Name, p.About)
	}
	return nil
}

// describing is a run of describe.
type describing struct {
	c          *cli.Context
	describer  *describe.Describer
	classifier *classify.Classifier // nil: none
	model      *models.Model
	busy       chan struct{} // one for each image that the describer has not taken yet
}

func describeAction(c *cli.Context) error {
	if c.Int("candidates") < 1 || c.Int("candidates") > 999 {
		return usagef("--candidates %d: from 1 to 999", c.Int("candidates"))
	}
	if c.Int("concurrency") < 1 || c.Int("concurrency") > 1000 {
		return usagef("--concurrency %d: from 1 to 1000", c.Int("concurrency"))
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
	d := &describing{c: c}
	if err := d.openDescriber(); err != nil {
		return err
	}
	defer d.describer.Close()
	if _, err := output.Format(c.String("format"), c.String("output"), false); err != nil {
		return usageError{err}
	}
	if c.Bool("dry-run") {
		if err := d.openClassifier(); err != nil {
			return err
		}
		defer d.close()
		return d.printRequests(source.Items(c.Args().Slice(), from))
	}
	if err := checkKey(c); err != nil {
		return err
	}
	out, err := openResults(c, reads, rows.DescriptionsCodec)
	if err != nil {
		return err
	}
	if err := d.openClassifier(); err != nil {
		return out.abandon(err)
	}
	defer d.close()
	items := imagesOf(c, from, reads)
	count, err := out.begin(c.Context, surveyOf(c, from), items, func() (record.Record, error) { return d.recorded(out.recorded(), from.Shard) })
	if err != nil {
		return out.abandon(err)
	}
	if out.complete() {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", c.String("output")))
		return itemsError(out)
	}
	tellHost(d.describer, c.Bool("offline"))
	bar := out.progress(c, showProgress, "images", count)
	defer bar.End()
	err = writeAll(c, d.answers(c.Context, pending(c.Context, out, items, nameOf)), out, bar, func(done int, took time.Duration) record.Speed {
		return record.Speed{Seconds: short(took.Seconds()), PerSecond: short(float64(done) / max(took, 1).Seconds()),
			Provider: d.describer.Host().Name, Batch: 1, Concurrency: c.Int("concurrency")}
	})
	if u := d.describer.Usage(); u.Requests > 0 && c.String("progress") != "never" {
		slog.Info(fmt.Sprintf("%s: %d tokens of prompts (%d cached), %d of answers (%d of reasoning)",
			term.Counted(int64(u.Requests), "request"), u.Prompt, u.Cached, u.Completion, u.Reasoning))
	}
	if err != nil {
		return err
	}
	return itemsError(out)
}

func (d *describing) openDescriber() error {
	c := d.c
	o, err := chatOptions(c)
	if err != nil {
		return err
	}
	o.NoEvidence, o.Concurrency = c.Bool("no-evidence"), c.Int("concurrency")
	if c.IsSet("chat-temperature") {
		t := c.Float64("chat-temperature")
		o.Temperature = &t
	}
	if c.Bool("stream") {
		o.Stream = streamTo(c)
	}
	d.describer, err = openDescriber(o)
	return err
}

// openClassifier opens the model whose classes are the candidates.
func (d *describing) openClassifier() (err error) {
	c := d.c
	if c.String("model") == noModel {
		d.busy = make(chan struct{}, c.Int("concurrency"))
		return nil
	}
	options := classify.Options{Top: c.Int("candidates"), MaxPixels: c.Int64("max-pixels")}
	if options.Runner, err = runnerOptions(c); err != nil {
		return err
	}
	if d.model, err = openModel(c); err != nil {
		return err
	}
	checkSettings(c, d.model)
	if d.classifier, err = classify.Open(c.Context, d.model, options); err != nil {
		return err
	}
	warnSkipped(d.classifier.Session())
	_, atOnce := d.classifier.Batching()
	d.busy = make(chan struct{}, atOnce)
	return nil
}

func (d *describing) close() {
	if d.classifier != nil {
		d.classifier.Close()
	}
}

// streamTo shows texts as they grow. Of several images at once, each part names its own.
func streamTo(c *cli.Context) func(image, soFar string) {
	s := &streamed{to: c.App.ErrWriter}
	return s.show
}

// answers makes a row of each item. An error that every image would meet ends the run.
func (d *describing) answers(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[answer[rows.Descriptions]] {
	return func(yield func(answer[rows.Descriptions]) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for r := range runner.Map(ctx, d.paced(ctx, items), d.describer.Limit(), d.describe) {
			err := r.Err
			if err != nil {
				err = fmt.Errorf("%s: %w", r.Item.Name, err)
			}
			switch {
			case describe.Fatal(err):
				yield(answer[rows.Descriptions]{end: r.Err}) // it is not the image's fault
				return
			case err != nil:
				r.Value = output.Failed[rows.Descriptions](r.Item.Name, describeErrorKind(err), err.Error())
			}
			if !yield(answer[rows.Descriptions]{row: r.Value, err: err}) {
				return
			}
		}
	}
}

// paced has few images read and classified at a time, in order: what waits in the describer
// to be sent again is a small JPEG, and it takes more of them. image lets the next one come.
func (d *describing) paced(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[source.Item] {
	return func(yield func(source.Item) bool) {
		for item := range items {
			select {
			case d.busy <- struct{}{}:
			case <-ctx.Done():
				return
			}
			if !yield(item) {
				return
			}
		}
	}
}

func describeErrorKind(err error) string {
	if step, ok := errors.AsType[*stepError](err); ok {
		return step.kind
	}
	return describe.ErrorKind(err)
}

func (d *describing) describe(ctx context.Context, item source.Item) (rows.Descriptions, error) {
	img, evidence, done, err := d.image(ctx, item)
	defer done()
	if err != nil {
		return rows.Descriptions{}, err
	}
	got, err := d.describer.Describe(ctx, img)
	if err != nil {
		return rows.Descriptions{}, err
	}
	return rows.OfDescription(item.Name, got, evidence), nil
}

// image is an item that paced has let through as the server gets it, with what the image
// model says of it. done lets the next one through, if taking the image has not.
func (d *describing) image(ctx context.Context, item source.Item) (img describe.Image, evidence []classify.Prediction, done func(), err error) {
	done = sync.OnceFunc(func() { <-d.busy })
	img = describe.Image{Name: item.Name, Read: func(ctx context.Context) ([]byte, error) {
		data, err := item.Read(ctx)
		done()
		return data, err
	}}
	if d.classifier == nil {
		return img, nil, done, nil
	}
	data, err := item.Read(ctx)
	if err != nil {
		return img, nil, done, &stepError{"read", err}
	}
	said, err := d.classifier.Image(ctx, data)
	if err != nil && ctx.Err() != nil {
		return img, nil, done, ctx.Err()
	}
	if err != nil {
		return img, nil, done, &stepError{classify.ErrorKind(err), errors.Unwrap(err)} // without "image: "
	}
	img.Read = func(context.Context) ([]byte, error) {
		taken := data
		data = nil // the describer has it now, and drops it first
		done()
		return taken, nil
	}
	for _, p := range said.Predictions {
		name := text(p.Label)
		if name == "" {
			name = fmt.Sprintf("class %d", p.Index)
		}
		img.Candidates = append(img.Candidates, describe.Candidate{Index: p.Index, Name: name, Probability: p.Probability})
	}
	return img, rows.Predictions(said.Predictions), done, nil
}

// printRequests is --dry-run.
func (d *describing) printRequests(items iter.Seq[source.Item]) error {
	failed := false
	for item := range d.paced(d.c.Context, items) {
		img, _, done, err := d.image(d.c.Context, item)
		var request []byte
		if err == nil {
			request, err = d.describer.DryRun(d.c.Context, img)
		}
		done()
		if d.c.Context.Err() != nil {
			return d.c.Context.Err()
		}
		if err != nil {
			failed = true
			slog.Warn(fmt.Sprintf("%s: %v", item.Name, err))
			continue
		}
		if _, err := fmt.Fprintf(d.c.App.Writer, "%s\n", request); err != nil {
			return err
		}
	}
	if failed {
		return errItems
	}
	return nil
}

// recorded describes the run. The key is no part of it.
func (d *describing) recorded(format string, shard source.Shard) (record.Record, error) {
	c := d.c
	prompt := c.String("prompt")
	if _, err := os.Stat(prompt); err == nil && !slices.ContainsFunc(describe.Prompts(), func(p describe.Prompt) bool { return p.Name == prompt }) {
		digest, err := fileDigest(prompt)
		if err != nil {
			return record.Record{}, err
		}
		prompt = filepath.Base(prompt) + " " + digest
	}
	side, temperature := c.Int("max-side"), ""
	switch {
	case side > 0:
	case c.String("detail") == string(describe.DetailLow):
		side = 512
	default:
		side = 1024
	}
	if c.IsSet("chat-temperature") {
		temperature = c.String("chat-temperature")
	}
	settings := record.Settings{
		{Key: "format", Value: format}, {Key: "shard", Value: shard.String()}, {Key: "max-pixels", Value: strconv.FormatInt(c.Int64("max-pixels"), 10)},
		{Key: "host", Value: d.describer.Host().Name}, {Key: "chat-model", Value: c.String("chat-model")}, {Key: "prompt", Value: prompt},
		{Key: "lang", Value: c.String("lang")}, {Key: "detail", Value: c.String("detail")}, {Key: "max-side", Value: strconv.Itoa(side)},
		{Key: "chat-temperature", Value: temperature}, {Key: "candidates", Value: strconv.Itoa(c.Int("candidates"))},
		{Key: "no-evidence", Value: strconv.FormatBool(c.Bool("no-evidence"))},
	}
	if d.classifier == nil {
		return record.Record{Ortho: build.Version(), Model: record.Model{Name: noModel}, Settings: settings}, nil
	}
	options, err := runnerOptions(c)
	if err != nil {
		return record.Record{}, err
	}
	return recorded(append(settings, runSettings(c, options)[1:]...), d.model, d.classifier.Session(), labelsOf(d.model))
}
