package main

import (
	"context"
	"fmt"
	"math"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/diffusion"
)

// controlOptions are the images that a pipeline with ControlNets follows.
type controlOptions struct {
	nets               []string // that lie outside of the pipeline's folder
	files              []string
	scales, start, end cli.Float64Slice
	guess              bool
	sha256             []string // of the files
}

func (o *controlOptions) flags(category string) []cli.Flag {
	return []cli.Flag{
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "controlnet", Category: category, DefaultText: "those in the pipeline's folder", Usage: "`PATH` of a ControlNet's .onnx file, or of its folder, that lies outside of the pipeline's; may be repeated"}, Values: &o.nets},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "control", Category: category, Usage: "an image `FILE` that the picture is to follow, such as edges or a pose, of a pipeline with a ControlNet; of several one for each, in their order"}, Values: &o.files},
		&cli.Float64SliceFlag{Name: "control-scale", Destination: &o.scales, Category: category, DefaultText: "as diffusers has it", Usage: "`S`: how much --control counts; 0 not at all; of several one for all, or one for each"},
		&cli.Float64SliceFlag{Name: "control-start", Destination: &o.start, Category: category, DefaultText: "0", Usage: "`P` (0 to 1): the part of the steps after which --control counts; of several as --control-scale"},
		&cli.Float64SliceFlag{Name: "control-end", Destination: &o.end, Category: category, DefaultText: "1", Usage: "`P` (0 to 1): the part of the steps until which --control counts; of several as --control-scale"},
		&cli.BoolFlag{Name: "control-guess", Destination: &o.guess, Category: category, Usage: "follow --control also where the text says nothing of it (diffusers' guess_mode); a --guidance of 3 to 5 suits it"},
	}
}

// read checks the numbers, and settles what the request is given, but for the images.
func (o *controlOptions) read(c *flags.Call, r *diffusion.Request) error {
	n := len(o.files)
	for _, f := range []struct {
		name   string
		values []float64
		most   float64
	}{{"control-scale", o.scales.Value(), math.MaxFloat64}, {"control-start", o.start.Value(), 1}, {"control-end", o.end.Value(), 1}} {
		switch {
		case len(f.values) > 0 && n == 0:
			return commandline.Usagef("--%s is of --control: give that, too", f.name)
		case len(f.values) > 1 && len(f.values) != n:
			return commandline.Usagef("--%s is given %d times, and --control %d times: give it once for all, or once for each", f.name, len(f.values), n)
		}
		for _, v := range f.values {
			if !(v >= 0 && v <= f.most) {
				if f.most == 1 {
					return commandline.Usagef("--%s %v: from 0 to 1", f.name, v)
				}
				return commandline.Usagef("--%s %v: a number from 0 on", f.name, v)
			}
		}
	}
	if o.guess && n == 0 {
		return commandline.Usagef("--control-guess is of --control: give that, too")
	}
	r.Guess = o.guess
	for k := range n {
		image := diffusion.ControlImage{Start: of(o.start, k, 0), End: of(o.end, k, 1)}
		if len(o.scales.Value()) > 0 {
			image.Scale = new(of(o.scales, k, 1))
		}
		if image.Start >= image.End {
			return commandline.Usagef("--control-start %v and --control-end %v leave no step between them", image.Start, image.End)
		}
		r.Control = append(r.Control, image)
	}
	return nil
}

// of is the number for an image: its own, or that of all.
func of(values cli.Float64Slice, k int, otherwise float64) float64 {
	all := values.Value()
	if len(all) == 0 {
		return otherwise
	}
	return all[min(k, len(all)-1)]
}

// readPictures reads the images.
func (o *controlOptions) readPictures(ctx context.Context, r *diffusion.Request, maxPixels int64) error {
	for k, file := range o.files {
		_, img, digest, err := readPicture(ctx, "control", file, maxPixels)
		if err != nil {
			return err
		}
		r.Control[k].Image = img
		o.sha256 = append(o.sha256, digest)
	}
	return nil
}

// settings are those that change the images.
func (o *controlOptions) settings(r diffusion.Request) (s record.Settings) {
	for k, c := range r.Control {
		number := ""
		if k > 0 {
			number = fmt.Sprintf(" %d", k+1)
		}
		s = append(s, record.Setting{Key: "control's SHA-256" + number, Value: o.sha256[k]},
			record.Setting{Key: "control" + number, Value: controlWords(c)})
	}
	if r.Guess {
		s = append(s, record.Setting{Key: "control-guess", Value: "true"})
	}
	return s
}

// controlWords say how much an image counts, and when.
func controlWords(c diffusion.ControlImage) string {
	words := "scale " + term.Decimal(*c.Scale)
	if c.Start > 0 || c.End < 1 {
		words += fmt.Sprintf(", from %s to %s of the steps", term.Decimal(c.Start), term.Decimal(c.End))
	}
	return words
}
