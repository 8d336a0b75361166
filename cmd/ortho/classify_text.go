package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
)

// defaultReader is the model that classify-text uses where none is named.
const defaultReader = "imagenet-descriptions"

// classifyTextOptions is what the flags of classify-text say.
type classifyTextOptions struct {
	answers  flags.Answers
	rows     flags.Rows
	texts    flags.Texts
	failFast flags.FailFast
	model    flags.Model
	progress flags.Progress
	session  flags.Session
	read     flags.Overrides
}

func newClassifyTextCommand() *cli.Command {
	o := &classifyTextOptions{
		failFast: flags.FailFast{Unit: "text"},
		model:    flags.Model{Default: defaultReader, Task: models.ClassifyText},
		read:     flags.Overrides{Task: models.ClassifyText},
	}
	return flags.Command(cli.Command{
		Name:        "classify-text",
		Usage:       "say what descriptions describe",
		ArgsUsage:   "[TEXT...]",
		Description: help("classify_text"),
	}, o.run, &o.answers, &o.rows, &o.texts, &o.failFast, &o.model, &o.progress, &o.session, &o.read)
}

func (o *classifyTextOptions) run(ctx context.Context, call *flags.Call) error {
	if o.answers.Logits && !o.rows.Raw() {
		return commandline.Usagef("raw outputs need -f jsonl or parquet")
	}
	texts, err := o.texts.Inputs(ctx, call.In)
	if err != nil {
		return err
	}
	to := job.Output{UI: call.UI, Rows: &o.rows, Progress: &o.progress, FailFast: &o.failFast,
		Reads: call.Reads, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.TextsCodec, func() (*job.Job[classify.TextInput, rows.Texts], error) {
		model, err := o.read.Open(call.UI, o.model.Name)
		if err != nil {
			return nil, err
		}
		o.session.Check(ctx, call.UI, model)
		classifier, err := classify.OpenText(ctx, model, classify.Options{Runner: o.session.Runner, Concurrency: o.session.Concurrency,
			Top: o.answers.Top, MinProbability: o.answers.MinProbability, Logits: o.answers.Logits})
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, classifier.Session())
		var doubts doubts
		return &job.Job[classify.TextInput, rows.Texts]{
			Unit:   "text",
			Items:  slices.Values(texts),
			Name:   func(t classify.TextInput) string { return t.Name },
			Stamp:  o.texts.Stamp,
			Survey: func(func() bool) (source.Inventory, bool) { return o.texts.Survey(ctx, texts) },
			Record: func(format string) (record.Record, error) {
				settings := append(o.settings(format), record.Setting{Key: "vocabulary's SHA-256", Value: classifier.Spec().Text.Vocabulary.SHA256()})
				return job.Described(ctx, settings, model, classifier.Session(), classifier.Spec().Labels)
			},
			Rows: func(ctx context.Context, items iter.Seq[classify.TextInput]) iter.Seq[job.Answer[rows.Texts]] {
				return textRows(ctx, classifier, items, &doubts)
			},
			How: job.How(classifier.Session(), 1, classifier.Concurrency()),
			Ended: func(err error) {
				tellSeen(call.UI, classifier.Spec().OutputName, classifier.Seen())
				if err == nil {
					doubts.warn(call.UI, len(texts) == 1)
				}
			},
			Close: classifier.Close,
		}, nil
	})
}

// settings are the options that change rows.
func (o *classifyTextOptions) settings(format string) record.Settings {
	return slices.Concat(record.Settings{{Key: "format", Value: format}}, o.answers.Settings(),
		record.Settings{{Key: "output-name", Value: o.read.OutputName}}, o.session.Settings())
}

// doubts counts the answers of a run that are not to be believed.
type doubts struct {
	read, doubted int
	first         classify.TextResult // that is doubted; where none is, the last one
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

// warn prints warnings about them, once a run; of a single text, also of words that the model ignores.
func (d *doubts) warn(ui *term.UI, alone bool) {
	if alone && d.read > 0 {
		warnUnread(ui, d.first.Unknown, d.first.Cut)
	}
	switch {
	case d.doubted == 0:
	case alone:
		ui.Warn("the classes are no answer: " + d.first.Doubt)
	default:
		ui.Warn(fmt.Sprintf("the classes of %s are no answer, as the rows say; of %.60q, %s", term.Counted(int64(d.doubted), "text"), d.first.Text, d.first.Doubt))
	}
}

// textRows makes a row for each text.
func textRows(ctx context.Context, classifier *classify.TextClassifier, items iter.Seq[classify.TextInput], told *doubts) iter.Seq[job.Answer[rows.Texts]] {
	return func(yield func(job.Answer[rows.Texts]) bool) {
		for item := range classifier.Stream(ctx, items) {
			made := rows.OfText(item.Input.Name, item.Result)
			if item.Err != nil {
				made = output.Failed[rows.Texts](item.Input.Name, string(models.StageOf(item.Err)), strings.TrimPrefix(remedy.Text(item.Err), item.Input.Name+": "))
			} else {
				told.add(item.Result)
			}
			if !yield(job.Answer[rows.Texts]{Row: made, Err: item.Err}) {
				return
			}
		}
	}
}

func warnUnread(ui *term.UI, unknown, cut []string) {
	if len(unknown) > 0 {
		ui.Warn("the model does not know " + term.WordList(unknown))
	}
	if len(cut) > 0 {
		ui.Warn("the text is too long for the model, which has not seen " + term.WordList(cut))
	}
}
