package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/diffusion"
	"ortho/models/dual"
	"ortho/models/generate"
	"ortho/runner"
)

// inspectOptions is what the flags of inspect say.
type inspectOptions struct {
	json, classes bool
	model         flags.Model
	read          flags.Overrides
}

func newInspectCommand() *cli.Command {
	o := &inspectOptions{model: flags.Model{Default: bundled.Default}}
	own := flags.Own{
		&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &o.json},
		&cli.BoolFlag{Name: "classes", Usage: "print the classes instead: index, id, label and, where a file tells, what each is; with --json, print them, too", Destination: &o.classes},
	}
	return flags.Command(cli.Command{
		Name:        "inspect",
		Usage:       "show a model's graph, and every preprocessing value with where it came from; or a pipeline's parts",
		Description: help("inspect"),
	}, o.run, own, &o.model, &o.read)
}

func (o *inspectOptions) run(ctx context.Context, call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("inspect takes no arguments: name the model with -m")
	}
	if isPipeline(o.model.Name) {
		return o.runPipeline(ctx, call)
	}
	model, ofTexts, err := o.open(ctx, call)
	if err != nil {
		return err
	}
	var classes []pages.Class
	if o.classes {
		if classes, err = classesOf(model); err != nil {
			return err
		}
		if !o.json {
			return pages.PrintClasses(call.Out, classes)
		}
	}
	digest, err := model.GraphDigest(ctx)
	if err != nil {
		return err
	}
	d := pages.Inspect(model, digest, usable(model))
	d.Facts = append(d.Facts, sizeFacts(ctx, model)...)
	d.Facts = append(d.Facts, remedy.Facts(ofTexts)...)
	d.Classes = classes
	if o.json {
		return pages.WriteJSON(call.Out, d)
	}
	d.Print(call.Out)
	return nil
}

// open opens the model; of one of images and texts the half for images, with what is known of the other.
func (o *inspectOptions) open(ctx context.Context, call *flags.Call) (*models.Model, []models.Fact, error) {
	if !dual.Is(o.model.Name) {
		m, err := o.read.Open(call.UI, o.model.Name)
		return m, nil, err
	}
	both, err := dual.Open(ctx, o.model.Name, o.read.Given, runner.Options{})
	if err != nil {
		return nil, nil, err
	}
	flags.WarnOf(call.UI, both.Image)
	return both.Image, both.Facts, nil
}

// sizeFacts are what trials show of the sizes that a generator takes: few runs of a small image, of a
// graph that is not large. Without ONNX Runtime there are none.
func sizeFacts(ctx context.Context, m *models.Model) []models.Fact {
	const largest = 1 << 29 // bytes
	size := m.Graph.Size
	for _, f := range m.Graph.External {
		size += f.Bytes
	}
	if _, err := m.Generator(); err != nil || size > largest {
		return nil
	}
	g, err := generate.Open(ctx, m, generate.Options{})
	if err != nil {
		return nil
	}
	defer g.Close()
	facts, err := g.Facts(ctx)
	if err != nil {
		return nil
	}
	return facts
}

// runPipeline prints a pipeline.
func (o *inspectOptions) runPipeline(ctx context.Context, call *flags.Call) error {
	if o.classes {
		return commandline.Usagef("--classes: a pipeline has none")
	}
	for _, f := range o.read.Flags() {
		if name := f.Names()[0]; call.Given(name) {
			return commandline.Usagef("--%s is not for a pipeline such as %s: its files say how it is read", name, o.model.Name)
		}
	}
	p, err := diffusion.ReadFolder(o.model.Name)
	if err != nil {
		return err
	}
	d, err := runner.Await(ctx, func(ctx context.Context) (*pages.PipelineInspection, error) {
		identity, err := p.Identity(ctx)
		if _, lacking := p.Spec(); err != nil && (lacking == nil || ctx.Err() != nil) {
			return nil, err
		}
		return pages.InspectPipeline(p, identity.SHA256)
	})
	if err != nil {
		return err
	}
	if o.json {
		return pages.WriteJSON(call.Out, d)
	}
	d.Print(call.Out)
	return nil
}

// usable returns what is missing to use a model for its task.
func usable(m *models.Model) error {
	err := m.Usable()
	if m.Data == nil {
		err = errors.Join(err, m.Graph.CheckWeights(m.Path))
	}
	return err
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
		classes[i] = pages.Class{Index: i, ID: term.UTF8(l.ID), Label: term.UTF8(l.Name), Gloss: term.UTF8(l.Gloss)}
	}
	return classes, nil
}
