package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/pages"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/runner"
)

func newInspectCommand() *cli.Command {
	return &cli.Command{
		Name:  "inspect",
		Usage: "show a model's graph, and every preprocessing value with where it came from; or a pipeline's parts",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			&cli.BoolFlag{Name: "classes", Usage: "print the classes instead: index, id, label and, where a file tells, what each is; with --json, print them, too"},
		}, modelFlags("")...),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("inspect takes no arguments: name the model with -m")
			}
			if isPipeline(c.String("model")) {
				if c.Bool("classes") {
					return usagef("--classes: a pipeline has none")
				}
				return inspectPipeline(c)
			}
			model, err := openModel(c)
			if err != nil {
				return err
			}
			var classes []pages.Class
			if c.Bool("classes") {
				if classes, err = classesOf(model); err != nil {
					return err
				}
				if !c.Bool("json") {
					return pages.PrintClasses(c.App.Writer, classes)
				}
			}
			digest, err := modelDigest(model)
			if err != nil {
				return err
			}
			d := pages.Inspect(model, digest, usable(model))
			d.Classes = classes
			if c.Bool("json") {
				return pages.WriteJSON(c.App.Writer, d)
			}
			d.Print(c.App.Writer)
			return nil
		},
	}
}

// usable tells what is missing to use a model for what it is for.
func usable(m *models.Model) error {
	err := m.Usable()
	if m.Data == nil {
		err = errors.Join(err, m.Graph.CheckWeights(m.Path))
	}
	return err
}

func modelDigest(m *models.Model) (string, error) {
	if m.Data == nil {
		return fileDigest(m.Path)
	}
	return fmt.Sprintf("%x", sha256.Sum256(m.Data)), nil
}

// inspectPipeline prints a pipeline.
func inspectPipeline(c *cli.Context) error {
	if err := checkPipelineFlags(c); err != nil {
		return err
	}
	p, err := diffusion.ReadFolder(c.String("model"))
	if err != nil {
		return err
	}
	d, err := runner.Await(c.Context, func(context.Context) (*pages.PipelineInspection, error) {
		identity, err := pipelineDigest(p)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return pages.InspectPipeline(p, identity.SHA256)
	})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return pages.WriteJSON(c.App.Writer, d)
	}
	d.Print(c.App.Writer)
	return nil
}

// classesOf are a model's classes, as its labels name them.
func classesOf(m *models.Model) ([]pages.Class, error) {
	labels := m.Labels()
	if len(labels) == 0 {
		if spec, err := m.Generator(); err == nil && spec.Class == nil {
			return nil, fmt.Errorf("%s has no classes: it makes images of %s", m.Name, generate.Takes(spec))
		}
		return nil, fmt.Errorf("%s: nothing names its classes; --labels FILE does", m.Name)
	}
	classes := make([]pages.Class, len(labels))
	for i, l := range labels {
		classes[i] = pages.Class{Index: i, ID: text(l.ID), Label: text(l.Name), Gloss: text(l.Gloss)}
	}
	return classes, nil
}
