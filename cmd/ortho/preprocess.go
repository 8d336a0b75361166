package main

import (
	"bytes"
	"context"
	"fmt"

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

func preprocessAction(c *cli.Context) error {
	name, image := c.String("output"), c.Args().First()
	switch {
	case c.NArg() != 1 || name == "":
		return usagef("give one image, and -o FILE.npy (or -o -)")
	case c.Int64("max-pixels") < 1:
		return usagef("--max-pixels %d: at least 1", c.Int64("max-pixels"))
	case name == "-" && term.IsTerminal(c.App.Writer):
		return usagef("a tensor is no text for a terminal: give -o FILE.npy, or redirect standard output")
	}
	reads, err := protect(c, imagesRead(c))
	if err != nil {
		return err
	}
	if err := fits("output", name, output.NPY); err != nil {
		return err
	}
	load := func(context.Context) ([]byte, error) { return imageTensor(c, image) }
	if name == "-" {
		tensor, err := runner.Await(c.Context, load)
		if err != nil {
			return err
		}
		_, err = c.App.Writer.Write(tensor)
		return err
	}
	file, err := reads.Create(name, c.Bool("overwrite"))
	if err != nil {
		return err
	}
	tensor, err := runner.Await(c.Context, load)
	if err == nil {
		_, err = file.Write(tensor)
	}
	if err != nil {
		file.Discard()
		return err
	}
	return file.Commit()
}

// imageTensor reads one image and returns the .npy of the model's input.
func imageTensor(c *cli.Context, image string) ([]byte, error) {
	scaled, err := scaledDecoding(c)
	if err != nil {
		return nil, err
	}
	model, err := openForInput(c, c.String("model"))
	if err != nil {
		return nil, err
	}
	loader, err := model.ImageLoader()
	if err != nil {
		return nil, err
	}
	for item := range source.Items([]string{image}, source.Options{Stdin: c.App.Reader}) {
		if item.Name != image {
			break // out of a folder, a list or a glob
		}
		data, err := item.Read(c.Context)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		spec, tensor, err := loader.Load(data, models.ImageOptions{MaxPixels: c.Int64("max-pixels"), Scaled: scaled})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		return npy(&spec, tensor)
	}
	return nil, fmt.Errorf("%s is not one image file", image)
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
