package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
)

func newPreprocessCommand() *cli.Command {
	return &cli.Command{
		Name:      "preprocess",
		Usage:     "write the tensor that a model would get of an image",
		ArgsUsage: "IMG",
		Description: "The tensor is written as NumPy's .npy, with a batch dimension of 1, to compare it with another pipeline:\n" +
			"numpy.load(\"x.npy\"). A generator that takes images of any size gets the image in its own, whole: `ortho generate`\n" +
			"cuts large ones into tiles.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`.npy; - is standard output"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace an existing output file"},
			decodeFlag(),
			&cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Usage: "refuse images of more than `N` pixels"},
		}, modelFlags("")...),
		Action: preprocessAction,
	}
}

// preprocessOptions are the flags and the argument of preprocess.
type preprocessOptions struct {
	image     string
	stdin     io.Reader // what the image "-" is
	model     string
	settings  models.Settings
	load      models.ImageOptions
	output    string // "-": standard output
	overwrite bool
}

func preprocessOptionsOf(c *cli.Context) (o preprocessOptions, err error) {
	o = preprocessOptions{image: c.Args().First(), stdin: c.App.Reader, model: c.String("model"), load: models.ImageOptions{MaxPixels: c.Int64("max-pixels")},
		output: c.String("output"), overwrite: c.Bool("overwrite")}
	switch {
	case c.NArg() != 1 || o.output == "":
		return o, usagef("give one image, and -o FILE.npy (or -o -)")
	case o.load.MaxPixels < 1:
		return o, usagef("--max-pixels %d: at least 1", o.load.MaxPixels)
	case o.output == "-" && term.IsTerminal(c.App.Writer):
		return o, usagef("a tensor is no text for a terminal: give -o FILE.npy, or redirect standard output")
	}
	if o.load.Scaled, err = scaledDecoding(c); err != nil {
		return o, err
	}
	o.settings, err = givenSettings(c)
	return o, err
}

func preprocessAction(c *cli.Context) error {
	o, err := preprocessOptionsOf(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, imagesRead(c))
	if err != nil {
		return err
	}
	if err := fits("output", o.output, output.NPY); err != nil {
		return err
	}
	if o.output == "-" {
		tensor, err := runner.Await(c.Context, o.tensor)
		if err != nil {
			return err
		}
		_, err = c.App.Writer.Write(tensor)
		return err
	}
	file, err := reads.Create(o.output, o.overwrite)
	if err != nil {
		return err
	}
	tensor, err := runner.Await(c.Context, o.tensor)
	if err == nil {
		_, err = file.Write(tensor)
	}
	if err != nil {
		file.Discard()
		return err
	}
	return file.Commit()
}

// tensor reads the image and returns the .npy of the model's input.
func (o preprocessOptions) tensor(ctx context.Context) ([]byte, error) {
	model, err := openInput(o.model, o.settings)
	if err != nil {
		return nil, err
	}
	loader, err := model.ImageLoader()
	if err != nil {
		return nil, err
	}
	for item := range source.Items([]string{o.image}, source.Options{Stdin: o.stdin}) {
		if item.Name != o.image {
			break // out of a folder, a list or a glob
		}
		data, err := item.Read(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.image, err)
		}
		spec, tensor, err := loader.Load(data, o.load)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.image, err)
		}
		return npy(&spec, tensor)
	}
	return nil, fmt.Errorf("%s is not one image file", o.image)
}

func npy(spec *preprocess.Spec, tensor []byte) ([]byte, error) {
	shape := []int{1}
	for _, d := range spec.Shape() {
		shape = append(shape, int(d))
	}
	var b bytes.Buffer
	err := preprocess.WriteNPY(&b, spec.Type, shape, tensor)
	return b.Bytes(), err
}
