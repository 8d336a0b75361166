package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/preprocess"
	"ortho/runner"
)

// preprocessOptions is what the flags of preprocess say.
type preprocessOptions struct {
	image     oneImage
	output    string // "-": standard output
	overwrite bool
	jpegs     flags.JPEGs
	maxPixels flags.MaxPixels
	model     flags.Model
	read      flags.Overrides
}

func newPreprocessCommand() *cli.Command {
	o := &preprocessOptions{model: flags.Model{Default: bundled.Default}}
	to := flags.Own{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`.npy; - is standard output", Destination: &o.output},
		&cli.BoolFlag{Name: "overwrite", Usage: "replace an existing output file", Destination: &o.overwrite},
	}
	return flags.Command(cli.Command{
		Name:        "preprocess",
		Usage:       "write the tensor that a model would get of an image",
		ArgsUsage:   "IMG",
		Description: help("preprocess"),
	}, o.run, &o.image, to, &o.jpegs, &o.maxPixels, &o.model, &o.read)
}

// oneImage is the only argument: an image's file, or "-", standard input.
type oneImage struct {
	name  string
	stdin io.Reader
}

func (*oneImage) Flags() []cli.Flag { return nil }

func (i *oneImage) Read(call *flags.Call) error {
	if i.stdin = call.In; len(call.Args) == 1 {
		i.name = call.Args[0]
	}
	return nil
}

func (*oneImage) Files(call *flags.Call) iter.Seq[string] {
	return source.Files(call.Args, source.Options{})
}

func (i *oneImage) read(ctx context.Context) ([]byte, error) {
	for item := range source.Items([]string{i.name}, source.Options{Stdin: i.stdin}) {
		if item.Name != i.name {
			break // one of a folder, a list or a glob
		}
		data, err := item.Read(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", i.name, err)
		}
		return data, nil
	}
	return nil, fmt.Errorf("%s is not one image file", i.name)
}

func (o *preprocessOptions) run(ctx context.Context, call *flags.Call) error {
	switch {
	case len(call.Args) != 1 || o.output == "":
		return commandline.Usagef("give one image, and -o FILE.npy (or -o -)")
	case o.output == "-" && term.IsTerminal(call.Out):
		return commandline.Usagef("a tensor is no text for a terminal: give -o FILE.npy, or redirect standard output")
	}
	if err := flags.Fits("output", o.output, output.NPY); err != nil {
		return err
	}
	load := func(ctx context.Context) ([]byte, error) { return o.tensor(ctx, call.UI) }
	if o.output == "-" {
		tensor, err := runner.Await(ctx, load)
		if err != nil {
			return err
		}
		_, err = call.Out.Write(tensor)
		return err
	}
	file, err := call.Reads.Create(ctx, o.output, o.overwrite)
	if err != nil {
		return err
	}
	tensor, err := runner.Await(ctx, load)
	if err == nil {
		_, err = file.Write(tensor)
	}
	return file.End(err)
}

// tensor reads the image and returns the .npy of the model's input.
func (o *preprocessOptions) tensor(ctx context.Context, ui *term.UI) ([]byte, error) {
	model, err := o.read.OpenForInput(ui, o.model.Name)
	if err != nil {
		return nil, err
	}
	loader, err := model.ImageLoader()
	if err != nil {
		return nil, err
	}
	data, err := o.image.read(ctx)
	if err != nil {
		return nil, err
	}
	var unturned atomic.Int64
	spec, tensor, err := loader.Load(data, models.ImageOptions{MaxPixels: o.maxPixels.Pixels, Scaled: o.jpegs.Scaled, Unturned: &unturned})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.image.name, err)
	}
	flags.TellUnturned(ui, model, unturned.Load())
	return npy(&spec, tensor, model.Graph.Single)
}

func npy(spec *preprocess.Spec, tensor []byte, single bool) ([]byte, error) {
	shape := []int{1}
	if single {
		shape = nil
	}
	for _, d := range spec.Shape() {
		shape = append(shape, int(d))
	}
	var b bytes.Buffer
	err := preprocess.WriteNPY(&b, spec.Type, shape, tensor)
	return b.Bytes(), err
}
