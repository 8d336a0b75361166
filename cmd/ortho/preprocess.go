package main

import (
	"bytes"
	"fmt"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/preprocess"
)

func newPreprocessCommand() *cli.Command {
	return &cli.Command{
		Name:      "preprocess",
		Usage:     "write the tensor that a model would get of an image",
		ArgsUsage: "IMG",
		Description: "The tensor is written as NumPy's .npy, with a batch dimension of 1, to compare it with another pipeline:\n" +
			"numpy.load(\"x.npy\").",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`.npy; - is standard output"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace an existing output file"},
			&cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Usage: "refuse images of more than `N` pixels"},
		}, modelFlags()...),
		Action: preprocessAction,
	}
}

func preprocessAction(c *cli.Context) error {
	if c.NArg() != 1 || c.String("output") == "" {
		return usagef("give one image, and -o FILE.npy (or -o -)")
	}
	model, err := openModel(c)
	if err != nil {
		return err
	}
	spec, err := model.Classifier()
	if err != nil {
		return err
	}
	for item := range source.Items(c.Args().Slice(), source.Options{Stdin: c.App.Reader}) {
		data, err := item.Read()
		if err != nil {
			return err
		}
		tensor, err := tensorOf(&spec.Input, data, c.Int64("max-pixels"))
		if err != nil {
			return fmt.Errorf("%s: %w", item.Name, err)
		}
		return writeNPY(c, &spec.Input, tensor)
	}
	return fmt.Errorf("%s holds no image", c.Args().First())
}

func tensorOf(spec *preprocess.Spec, data []byte, maxPixels int64) ([]byte, error) {
	img, err := preprocess.Decode(data, preprocess.DecodeOptions{Channels: spec.Channels, Orientation: spec.Orientation, MaxPixels: maxPixels})
	if err != nil {
		return nil, err
	}
	tensor := make([]byte, spec.Bytes())
	return tensor, spec.Tensor(tensor, img)
}

func writeNPY(c *cli.Context, spec *preprocess.Spec, tensor []byte) error {
	shape := []int{1, spec.Channels, spec.Height, spec.Width}
	if spec.Layout == preprocess.NHWC {
		shape = []int{1, spec.Height, spec.Width, spec.Channels}
	}
	var npy bytes.Buffer
	if err := preprocess.WriteNPY(&npy, spec.Type, shape, tensor); err != nil {
		return err
	}
	if c.String("output") == "-" {
		_, err := c.App.Writer.Write(npy.Bytes())
		return err
	}
	file, err := output.Create(c.String("output"), c.Bool("overwrite"))
	if err != nil {
		return err
	}
	if _, err := file.Write(npy.Bytes()); err != nil {
		file.Discard()
		return fmt.Errorf("write output: %w", err)
	}
	return file.Commit()
}
