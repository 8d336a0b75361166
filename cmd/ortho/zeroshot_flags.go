package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/models/config"
	"ortho/models/dual"
	"ortho/models/labels"
	"ortho/models/zeroshot"
)

// zeroShot are the flags that have images compared with texts.
type zeroShot struct {
	labels    string
	templates []string
}

// ofTexts are the overrides that count only for models of images and texts.
var ofTexts = []string{"logit-scale", "logit-bias", "text-length"}

func (z *zeroShot) flags() flags.Own {
	const category = "Zero-shot"
	return flags.Own{
		&cli.StringFlag{Name: "zero-shot", Destination: &z.labels, Category: category, Usage: "compare images with the labels of a `FILE`, one a line, by a model of images and texts (-m); or with " + strings.Join(labels.Names(), ", ")},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "template", Category: category, DefaultText: zeroshot.Template, Usage: "the `TEXT` that a label is put into, in place of {}; where it is repeated, the texts' embeddings are averaged"}, Values: &z.templates},
	}
}

// check refuses what can't be together, before anything is opened.
func (z *zeroShot) check(call *flags.Call, model string) error {
	if z.labels == "" {
		if call.Given("zero-shot") {
			return commandline.Usagef("--zero-shot names no list of labels")
		}
		for _, name := range append([]string{"template"}, ofTexts...) {
			if call.Given(name) {
				return commandline.Usagef("--%s is of models that compare images with texts: it goes with --zero-shot", name)
			}
		}
		if dual.Is(model) {
			return commandline.Usagef("%s compares images with texts, and has no classes of its own: give --zero-shot with a file of labels, or one of %s (ortho embed -m %s makes embeddings)", model, strings.Join(labels.Names(), ", "), model)
		}
		return nil
	}
	for _, name := range []string{"labels", "output-name", "scores-output", "temperature"} {
		if call.Given(name) {
			return commandline.Usagef("--%s is of classifiers: --zero-shot has the classes, and what a model of images and texts makes of them is fixed", name)
		}
	}
	for _, t := range z.templates {
		if err := zeroshot.CheckTemplate(t); err != nil {
			return commandline.Usagef("--template: %v", err)
		}
	}
	if !call.Given("model") {
		return fmt.Errorf("--zero-shot needs a model of images and texts, and none is bundled: %s. %s", "what is bundled knows its own 1000 classes, and compared by their names it tells little of other labels", howToExport)
	}
	if _, err := os.Stat(model); err == nil && !dual.Is(model) {
		return fmt.Errorf("%s does not compare images with texts: --zero-shot needs a model that does. %s", model, howToExport)
	}
	return nil
}

const howToExport = "`optimum-cli export onnx --model openai/clip-vit-base-patch32 clip/` makes one (SigLIP and MetaCLIP, too), and transformers.js' and immich's folders are taken as they are; then -m clip/"

// read returns the labels: of a file, or of a list that ships.
func (z *zeroShot) read(call *flags.Call) ([]string, error) {
	_, err := os.Stat(z.labels)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && slices.Contains(labels.Names(), z.labels):
		return labels.Set(z.labels)
	case missing:
		return nil, fmt.Errorf("--zero-shot: there is no file %s, and the lists that ship are %s", z.labels, strings.Join(labels.Names(), ", "))
	}
	var all []string
	if ending := strings.ToLower(filepath.Ext(z.labels)); ending == ".txt" || ending == "" || z.labels == "-" {
		if all, err = call.Lines(z.labels); err != nil {
			return nil, fmt.Errorf("--zero-shot: %w", err)
		}
	} else {
		named, err := config.ReadLabels(z.labels)
		if err != nil {
			return nil, fmt.Errorf("--zero-shot: %w", err)
		}
		for _, l := range named {
			all = append(all, l.Name)
		}
	}
	for i, label := range all {
		all[i] = strings.TrimSpace(label)
	}
	all = slices.DeleteFunc(all, func(label string) bool { return label == "" })
	if len(all) == 0 {
		return nil, fmt.Errorf("--zero-shot: %s holds no labels: one a line", z.labels)
	}
	return all, nil
}
