package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
)

// defaultReader is the model that classify-text uses where none is named.
const defaultReader = "imagenet-descriptions"

func newClassifyTextCommand() *cli.Command {
	const in = "Input"
	flags := []cli.Flag{
		&cli.StringFlag{Name: "texts", Category: in, Usage: "also the lines of a `FILE`, a text each; - is standard input"},
		&cli.StringSliceFlag{Name: "file", Category: in, Usage: "also a whole `FILE` as one text; may be repeated"},
		&cli.BoolFlag{Name: "fail-fast", Category: in, Usage: "stop at the first text that fails"},
		modelFlag(defaultReader),
		progressFlag(),
	}
	return &cli.Command{
		Name:      "classify-text",
		Usage:     "say what descriptions describe",
		ArgsUsage: "[TEXT...]",
		Description: "Runs a graph that takes token ids and gives classes. Each TEXT is classified; without any, each line of standard\n" +
			"input. A text is lower-cased and cut into its words, which the model's vocabulary makes ids of.\n\n" +
			"A text that fails costs its own row, never the run; lines of more than 64 KiB are refused before it. With -o FILE a run survives what ends it, as that of\n" +
			"classify does. Words that the vocabulary lacks are told where there is one text. Where the model knows (almost) none\n" +
			"of the words that carry meaning, or its best guess is of a kind that is seldom right (doubt_below in ortho.json),\n" +
			"the row has a doubt, which says why its classes are no answer, and a warning tells of the first, once a run.",
		Flags:  slices.Concat(answerFlags(), flags, sessionFlags(), settingFlags(models.ClassifyText)),
		Action: classifyTextAction,
	}
}

func classifyTextAction(c *cli.Context) error {
	runnerOptions, err := runnerOptions(c)
	if err != nil {
		return err
	}
	options := classify.Options{Runner: runnerOptions, Concurrency: c.Int("concurrency")}
	if err := answerOptions(c, &options); err != nil {
		return err
	}
	showProgress, err := progressWanted(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, noFiles)
	if err != nil {
		return err
	}
	texts, err := textsOf(c)
	if err != nil {
		return err
	}
	out, err := openResults(c, reads, rows.TextsCodec)
	if err != nil {
		return err
	}
	out.unit = "text"
	model, err := openModel(c)
	if err != nil {
		return out.abandon(err)
	}
	checkSettings(c, model)
	classifier, err := classify.OpenText(c.Context, model, options)
	if err != nil {
		return out.abandon(err)
	}
	defer classifier.Close()
	for _, skipped := range classifier.Session().Skipped {
		slog.Warn(skipped.Error())
	}
	count, err := out.begin(c.Context, surveyTexts(texts), nil, func() (record.Record, error) {
		settings := append(answerSettings(c, out.recorded(), source.Shard{}, options), providerSettings(options.Runner)...)
		settings = append(settings, record.Setting{Key: "vocabulary's SHA-256", Value: classifier.Spec().Text.Vocabulary.SHA256()})
		return recorded(settings, model, classifier.Session(), classifier.Spec().Labels)
	})
	if err != nil {
		return out.abandon(err)
	}
	if out.complete() {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", c.String("output")))
		return itemsError(out)
	}
	bar := out.progress(c, showProgress, "texts", count)
	defer bar.End()
	items := pending(c.Context, out, slices.Values(texts), func(t classify.TextInput) string { return t.Name })
	var doubts doubts
	if err := writeAll(c, textAnswers(c.Context, classifier, items, &doubts), out, bar, func(done int, took time.Duration) record.Speed {
		return record.Speed{Seconds: short(took.Seconds()), PerSecond: short(float64(done) / max(took, 1).Seconds()),
			Provider: classifier.Session().Provider, Threads: classifier.Session().Threads, Batch: 1, Concurrency: classifier.Concurrency()}
	}); err != nil {
		return err
	}
	doubts.tell(len(texts) == 1)
	return itemsError(out)
}

// doubts are the answers of a run that are none.
type doubts struct {
	read, doubted int
	first         classify.TextResult // that is doubted; where none is, the last one that was read
}

func (d *doubts) add(r classify.TextResult) {
	d.read++
	if d.doubted == 0 {
		d.first = r
	}
	if r.Doubt != "" {
		d.doubted++
	}
}

// tell warns of them, once a run; of a text that is alone, also of what was not read.
func (d *doubts) tell(alone bool) {
	if alone && d.read > 0 {
		warnUnread(d.first.Unknown, d.first.Cut)
	}
	switch {
	case d.doubted == 0:
	case alone:
		slog.Warn("the classes are no answer: " + d.first.Doubt)
	default:
		slog.Warn(fmt.Sprintf("the classes of %s are no answer, as the rows say; of %.60q, %s", term.Counted(int64(d.doubted), "text"), d.first.Text, d.first.Doubt))
	}
}

// textAnswers makes a row of each text.
func textAnswers(ctx context.Context, classifier *classify.TextClassifier, items iter.Seq[classify.TextInput], told *doubts) iter.Seq[answer[rows.Texts]] {
	return func(yield func(answer[rows.Texts]) bool) {
		for item := range classifier.Stream(ctx, items) {
			made := rows.OfText(item.Input.Name, item.Result)
			if item.Err != nil {
				made = output.Failed[rows.Texts](item.Input.Name, classify.ErrorKind(item.Err), strings.TrimPrefix(item.Err.Error(), item.Input.Name+": "))
			} else {
				told.add(item.Result)
			}
			if !yield(answer[rows.Texts]{row: made, err: item.Err}) {
				return
			}
		}
	}
}

func warnUnread(unknown, cut []string) {
	if len(unknown) > 0 {
		slog.Warn("the model does not know " + term.WordList(unknown))
	}
	if len(cut) > 0 {
		slog.Warn("the text is too long for the model, which has not seen " + term.WordList(cut))
	}
}

// textsOf are the texts to classify: arguments, then lines, then files.
func textsOf(c *cli.Context) ([]classify.TextInput, error) {
	all := c.Args().Slice()
	if err := checkTexts(all); err != nil {
		return nil, err
	}
	lines := c.String("texts")
	if len(all) == 0 && !c.IsSet("texts") && !c.IsSet("file") {
		if term.IsTerminal(c.App.Reader) {
			return nil, usagef("no text given: write it as an argument, or name --texts FILE or --file FILE")
		}
		lines = "-"
	}
	if lines != "" {
		more, err := readTexts(lines, c.App.Reader)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", textsName(lines), err)
		}
		all = append(all, more...)
	}
	var inputs []classify.TextInput
	for _, t := range all {
		inputs = append(inputs, classify.TextInput{Name: t, Read: func(context.Context) (string, error) { return checkedText(t) }})
	}
	for _, name := range c.StringSlice("file") {
		inputs = append(inputs, classify.TextInput{Name: name, Read: func(context.Context) (string, error) { return readText(name) }})
	}
	return inputs, nil
}

// textsName is what texts are read from.
func textsName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return "texts " + name
}

func readText(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", errors.Unwrap(err) // its name is the row's
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return "", err
	}
	return checkedText(string(data))
}

func checkedText(t string) (string, error) {
	switch {
	case len(t) > maxText:
		return "", fmt.Errorf("the text has more than %d bytes", maxText)
	case !utf8.ValidString(t):
		return "", errors.New("the text is not in UTF-8")
	case strings.TrimSpace(t) == "":
		return "", errors.New("the text is empty")
	}
	return t, nil
}

func surveyTexts(texts []classify.TextInput) survey {
	return func(func() bool) (source.Inventory, bool) {
		names := sha256.New()
		for _, t := range texts {
			io.WriteString(names, t.Name+"\x00")
		}
		return source.Inventory{Items: int64(len(texts)), Digest: fmt.Sprintf("%x", names.Sum(nil))}, true
	}
}
