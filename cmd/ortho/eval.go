package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/evaluate"
)

func newEvalCommand() *cli.Command {
	const in, out = "Input", "Output"
	flags := []cli.Flag{
		&cli.StringFlag{Name: "data", Category: in, Usage: "the images and their classes: a `FOLDER` with a sub-folder for each class, or a CSV file with the columns input,label"},
		&cli.StringFlag{Name: "truth", Value: "auto", Category: in, Usage: "what the data's names of classes are: id, label or index (`KIND`); auto takes any that means one class"},
		&cli.BoolFlag{Name: "json", Category: out, Usage: "print JSON"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "also write the JSON to `FILE`"},
		&cli.StringFlag{Name: "html", Category: out, Usage: "also write a report to `FILE`, a page that needs no network"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace existing files"},
		progressFlag(),
	}
	return &cli.Command{
		Name:  "eval",
		Usage: "measure how often a model is right, on images whose class is known",
		Description: "Prints top-1 and top-5 with their 95 % intervals, what is taken for what, how far the probabilities can be\n" +
			"believed, and the temperature that would mend them (`ortho classify --temperature`). JSON and the report hold all\n" +
			"classes, and the report shows the worst mistakes.\n\n" +
			"Data is a folder as torchvision's ImageFolder has it, with a sub-folder for each class, or a CSV file with the\n" +
			"columns input and label, the inputs relative to its own folder. Classes are named by their id (n01440764), label\n" +
			"(tench; case and _ for spaces don't matter) or index (0). An image that can't be read is counted apart.",
		Flags:  slices.Concat(flags, imageFlags(), runFlags(), modelFlags(models.Classify)),
		Action: evalAction,
	}
}

// mistakesKept is how many of the worst mistakes are told.
const mistakesKept = 48

// failuresKept bounds the failures that are told one by one; all are counted.
const failuresKept = 10_000

// evaluation is what eval found, and how; its JSON is an output format.
type evaluation struct {
	Ortho         string          `json:"ortho"`
	ONNXRuntime   string          `json:"onnxruntime"`
	Started       time.Time       `json:"started"`
	Complete      bool            `json:"complete"` // false: interrupted, or stopped by an error
	Model         record.Model    `json:"model"`
	Data          data            `json:"data"`
	Preprocessing record.Settings `json:"preprocessing"`
	Settings      record.Settings `json:"settings"`

	Seconds     float64  `json:"seconds"`
	Throughput  *float64 `json:"throughput_per_s"` // images by wall clock; null where there were none
	Provider    string   `json:"provider"`
	Threads     int      `json:"threads"` // 0: ONNX Runtime's choice
	Batch       int      `json:"batch"`
	Concurrency int      `json:"concurrency"`

	Failed   int64            `json:"failed"` // images without an answer, which Result leaves out
	Failures []rows.Classes   `json:"failures"`
	Result   *evaluate.Result `json:"result"`
}

// data tells what a model was judged by.
type data struct {
	Path    string         `json:"path"`
	Kind    string         `json:"kind"`
	Classes int            `json:"classes"`
	NamedBy map[string]int `json:"classes_named_by"` // id, label, index: how many
	Notes   []string       `json:"notes,omitempty"`
}

// judged is all that an evaluation is made of.
type judged struct {
	set        *dataset.Set
	classes    []int // of the model, by those of the set
	model      *models.Model
	spec       *models.ClassifierSpec
	classifier *classify.Classifier
}

func evalAction(c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef("eval takes no arguments: give the images with --data")
	}
	options, err := runOptions(c)
	if err != nil {
		return err
	}
	options.Top, options.Logits = 1, true
	showProgress, err := progressWanted(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, noFiles)
	if err != nil {
		return err
	}
	if err := checkEvalOutputs(c, reads); err != nil {
		return err
	}
	j, told, err := openJudged(c)
	if err != nil {
		return err
	}
	if j.classifier, err = classify.Open(c.Context, j.model, options); err != nil {
		return err
	}
	defer j.classifier.Close()
	for _, skipped := range j.classifier.Session().Skipped {
		slog.Warn(skipped.Error())
	}
	how, err := recorded(runSettings(c, options.Runner), j.model, j.classifier.Session(), labelsOf(j.model))
	if err != nil {
		return err
	}
	doc := &evaluation{Ortho: how.Ortho, ONNXRuntime: how.ONNXRuntime, Model: how.Model, Data: told,
		Preprocessing: how.Preprocessing, Settings: how.Settings, Failures: []rows.Classes{}}
	var bar *term.Progress
	if showProgress {
		bar = term.NewProgress(c.App.ErrWriter, "images", 0, 0, j.set.Count)
	}
	err = doc.judge(c, j, bar)
	bar.End()
	if err != nil && doc.Result.Items == 0 && doc.Failed == 0 {
		if c.Context.Err() != nil {
			slog.Warn("interrupted before the first image")
		}
		return err
	}
	return doc.write(c, reads, err)
}

// checkEvalOutputs refuses files that can't be written before any work is done.
func checkEvalOutputs(c *cli.Context, reads *output.Reads) error {
	names := []string{c.String("output"), c.String("html")}
	for i, flag := range []string{"output", "html"} {
		switch {
		case c.IsSet(flag) && (names[i] == "" || names[i] == "-"):
			return usagef("--%s names no file; --json prints to standard output", flag)
		case i == 1 && names[1] != "" && names[1] == names[0]:
			return usagef("--output and --html name one file")
		case names[i] != "":
			if err := fits(flag, names[i], []output.Kind{output.JSON, output.HTML}[i]); err != nil {
				return err
			}
			if _, err := reads.Check(names[i], c.Bool("overwrite")); err != nil {
				return err
			}
		}
	}
	return nil
}

// openJudged opens data and model, and finds the data's classes among the model's.
func openJudged(c *cli.Context) (*judged, data, error) {
	path, kind := c.String("data"), c.String("truth")
	switch {
	case path == "":
		return nil, data{}, usagef("no images: give --data FOLDER or --data labels.csv")
	case kind != "auto" && !slices.Contains(evaluate.Kinds, kind):
		return nil, data{}, usagef("--truth %q is not one of auto, %s", kind, strings.Join(evaluate.Kinds, ", "))
	}
	set, err := dataset.Open(path)
	if err != nil {
		return nil, data{}, err
	}
	model, err := openModel(c)
	if err != nil {
		return nil, data{}, err
	}
	checkSettings(c, model)
	spec, err := model.Classifier()
	if err != nil {
		return nil, data{}, err
	}
	if spec.Embedding {
		return nil, data{}, usagef("--output-name has a model return values as they are: there are no classes to judge")
	}
	told := data{Path: path, Kind: set.Kind, Classes: len(set.Names), NamedBy: map[string]int{}, Notes: set.Notes}
	if kind == "auto" {
		kind = ""
	}
	names := evaluate.NewClasses(spec.Labels, spec.Classes, kind)
	classes := make([]int, len(set.Names))
	var bad []string
	for i, name := range set.Names {
		class, by, err := names.Find(name)
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		classes[i] = class
		told.NamedBy[by]++
	}
	if len(bad) > 0 {
		return nil, data{}, unnamed(path, set, bad)
	}
	if note := rankedAsText(set.Names); set.Kind == "ImageFolder" && told.NamedBy["index"] == len(set.Names) && note != "" {
		told.Notes = append(slices.Clone(told.Notes), note)
	}
	for _, note := range told.Notes {
		slog.Warn(fmt.Sprintf("%s: %s", path, note))
	}
	return &judged{set: set, classes: classes, model: model, spec: spec}, told, nil
}

// rankedAsText says that torchvision's ImageFolder would number folders that are named by
// the numbers from 0 on in another way: by the order of their names as text.
func rankedAsText(names []string) string {
	sorted := slices.Sorted(slices.Values(names))
	other := false
	for rank, name := range sorted {
		index, err := strconv.Atoi(name)
		if err != nil || index >= len(names) {
			return ""
		}
		other = other || index != rank
	}
	if !other {
		return ""
	}
	return fmt.Sprintf("sub-folders are taken for the indices that their names are; torchvision's ImageFolder has them in the order of their names as text (%s, ...): "+
		"where the model was trained so, give the truth as a CSV, or rename them", strings.Join(sorted[:min(len(sorted), 5)], ", "))
}

// unnamed tells of classes of the data that are none of the model.
func unnamed(path string, set *dataset.Set, bad []string) error {
	const most = 5
	what := map[string]string{"ImageFolder": "sub-folders", "CSV": "labels"}[set.Kind]
	text := fmt.Sprintf("data %s: %d of its %d %s can't be matched to a class of the model", path, len(bad), len(set.Names), what)
	if set.Kind == "ImageFolder" && !slices.ContainsFunc(set.Names, func(name string) bool {
		return !slices.Contains([]string{"train", "val", "valid", "validation", "test"}, name)
	}) {
		text += "; they look like splits: give one of them, such as --data " + path + "/" + set.Names[len(set.Names)-1]
	}
	for _, b := range bad[:min(most, len(bad))] {
		text += "\n" + b
	}
	if len(bad) > most {
		text += fmt.Sprintf("\nand %d more", len(bad)-most)
	}
	return fmt.Errorf("%s", text)
}

// judge runs the model over the images. It returns why it ended early, if it did; what
// was found until then is in doc.
func (doc *evaluation) judge(c *cli.Context, j *judged, bar *term.Progress) (early error) {
	found := evaluate.New(evaluate.Options{Labels: j.spec.Labels, Activation: j.spec.Activation, Temperature: j.spec.Temperature, Mistakes: mistakesKept})
	start := time.Now()
	doc.Started = start.Round(time.Millisecond)
	done := 0
	truths := &queue[int]{}
	for item := range j.classifier.Stream(c.Context, j.inputs(truths)) {
		bar.Step(item.Err != nil)
		truth := truths.next()
		if item.Err == nil {
			done++
			if early = found.Add(item.Input.Name, truth, item.Result.Logits); early != nil {
				break
			}
			continue
		}
		doc.Failed++
		if doc.Failed <= failuresKept {
			doc.Failures = append(doc.Failures, row(item))
		}
		if c.Bool("fail-fast") {
			early = fmt.Errorf("%w (--fail-fast stops here)", item.Err)
			break
		}
		if all := (*classify.SizeError)(nil); errors.As(item.Err, &all) {
			early = all
			break
		}
	}
	speed := speedOf(j.classifier, done, time.Since(start))
	doc.Seconds, doc.Provider, doc.Threads, doc.Batch, doc.Concurrency = speed.Seconds, speed.Provider, speed.Threads, speed.Batch, speed.Concurrency
	if done > 0 {
		doc.Throughput = &speed.PerSecond
	}
	if early == nil {
		early = c.Context.Err()
	}
	doc.Complete = early == nil
	doc.Result = found.Result()
	return early
}

// inputs are the set's images; truths gets the class of each.
func (j *judged) inputs(truths *queue[int]) iter.Seq[classify.Input] {
	return func(yield func(classify.Input) bool) {
		for item := range j.set.Items() {
			truths.add(j.classes[item.Class])
			if !yield(classify.Input{Name: item.Name, Read: item.Read}) {
				return
			}
		}
	}
}

// queue holds what belongs to the items that are under way, such as the classes of images:
// answers come in the order of the items.
type queue[T any] struct {
	mutex sync.Mutex
	items []T
}

func (q *queue[T]) add(item T) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.items = append(q.items, item)
}

func (q *queue[T]) next() T {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	item := q.items[0]
	q.items = q.items[1:]
	return item
}

// write gives out what was found; early is why that is not all. Files are only made of
// what is complete.
func (doc *evaluation) write(c *cli.Context, reads *output.Reads, early error) error {
	if c.Bool("json") {
		if err := doc.writeJSON(c.App.Writer); err != nil {
			return err
		}
	} else {
		doc.print(c.App.Writer)
	}
	if early != nil {
		if c.Context.Err() != nil {
			slog.Warn("interrupted after " + term.Images(int64(doc.Result.Items)+doc.Failed) + ": the figures are those of these alone")
		}
		for _, name := range []string{c.String("output"), c.String("html")} {
			if name != "" {
				slog.Warn(name + " is not written")
			}
		}
		return early
	}
	if name := c.String("output"); name != "" {
		file, err := reads.Create(name, c.Bool("overwrite"))
		if err != nil {
			return err
		}
		if err := doc.writeJSON(file); err != nil {
			file.Discard()
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := file.Commit(); err != nil {
			return err
		}
	}
	if name := c.String("html"); name != "" {
		page, err := doc.page(c)
		if err != nil && c.Context.Err() != nil {
			slog.Warn(name + " is not written")
		}
		if err == nil {
			err = page.Save(reads, name, c.Bool("overwrite"))
		}
		if err != nil {
			return err
		}
	}
	if doc.Failed > 0 {
		if c.Bool("json") || !term.IsTerminal(c.App.Writer) { // where the summary is not seen
			text := fmt.Sprintf("%s failed: %s", term.Images(doc.Failed), reasonOf(doc.Failures[0]))
			if doc.Failed > 1 {
				text += fmt.Sprintf("; and %d more", doc.Failed-1)
			}
			slog.Warn(text)
		}
		return errItems
	}
	return nil
}

func (doc *evaluation) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(doc)
}
