package main

import (
	"iter"
	"math"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
)

// imagineOptions is what the flags of imagine say. They are one group: those about the image
// and its describer apply only where there is an image.
type imagineOptions struct {
	text        *string // in place of an image; nil: there is one
	textModel   string
	textWeight  float64
	namedReader bool    // textModel was given
	generator   *string // nil: what suits a digit
	seed        *uint64
	count       int
	strict      bool
	top         int
	json        string // a file; "" and "-": standard output
	overwrite   bool

	witnesses witnesses
	maxPixels flags.MaxPixels
	to        flags.Destination
	page      flags.Page
	model     flags.Model
	chat      flags.Chat
	session   flags.Session
	read      flags.Overrides

	givenText, givenGenerator string
	givenSeed                 uint64
}

func (o *imagineOptions) Flags() []cli.Flag {
	const in, steps, out = "Input", "The steps", "Output"
	var all []cli.Flag
	for _, g := range []flags.Group{
		flags.Own{&cli.StringFlag{Name: "text", Destination: &o.givenText, Category: in, Usage: "a description in `WORDS`, in place of an image"}},
		&o.maxPixels,
		flags.Own{
			&cli.StringFlag{Name: "text-model", Destination: &o.textModel, Value: defaultReader, Category: steps, Usage: "reads the description: a bundled `NAME`, a model folder, or an .onnx file"},
			&cli.Float64Flag{Name: "text-weight", Destination: &o.textWeight, Value: 1, Category: steps, Usage: "`W`: how much the description counts beside the image, from 0 (not at all)"},
			&cli.StringFlag{Name: "generator", Destination: &o.givenGenerator, Aliases: []string{"g"}, Category: steps, DefaultText: defaultDrawer + ", where the class is a digit", Usage: "draws the class, or the description: a bundled `NAME`, a model folder, a pipeline's folder, or an .onnx file"},
			&cli.Uint64Flag{Name: "seed", Destination: &o.givenSeed, Category: steps, DefaultText: "drawn, and told", Usage: "`NUMBER` that all chance follows from: picture i has the seed + i"},
			&cli.IntFlag{Name: "count", Destination: &o.count, Aliases: []string{"n"}, Value: 1, Category: steps, Usage: "pictures"},
			&cli.BoolFlag{Name: "strict", Destination: &o.strict, Category: steps, Usage: "fail where there is no description, rather than have a sentence stand in"},
			&cli.IntFlag{Name: "top", Destination: &o.top, Aliases: []string{"k"}, Value: 5, Category: out, Usage: "the `N` most probable classes of each step"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "`OUT`: the picture's file, or a folder"},
		},
		&o.witnesses,
		&o.page,
		flags.Own{
			&cli.StringFlag{Name: "json", Destination: &o.json, Category: out, DefaultText: "standard output; on a terminal a text", Usage: "every step as JSON to `FILE`"},
			&cli.BoolFlag{Name: "overwrite", Destination: &o.overwrite, Category: out, Usage: "replace existing files"},
		},
		&o.model, &o.chat, &o.session, &o.read,
	} {
		all = append(all, g.Flags()...)
	}
	return all
}

// Files yields the image's.
func (*imagineOptions) Files(c *flags.Call) iter.Seq[string] {
	return source.Files(c.Args, source.Options{})
}

// Read refuses, before any work, what can't be done.
func (o *imagineOptions) Read(c *flags.Call) error {
	if c.Given("text") {
		o.text = &o.givenText
	}
	if c.Given("generator") {
		o.generator = &o.givenGenerator
	}
	if c.Given("seed") {
		o.seed = &o.givenSeed
	}
	o.namedReader = c.Given("text-model")
	if err := o.check(c.Args); err != nil {
		return err
	}
	for _, g := range []flags.Group{&o.session, &o.maxPixels, &o.to} {
		if err := g.Read(c); err != nil {
			return err
		}
	}
	err := o.page.Read(c)
	if o.json != "" && (o.json == o.to.Name || o.json == o.page.File) { // whatever its ending
		return commandline.Usagef("--json and another flag name one file")
	}
	if err != nil {
		return err
	}
	if err := o.checkOutputs(c.Reads); err != nil || o.text != nil {
		return err
	}
	if err := c.CheckImages(); err != nil {
		return err
	}
	if err := source.Check(c.Args); err != nil {
		return err
	}
	if err := o.chat.Read(c); err != nil {
		return err
	}
	if err := o.witnesses.Read(c); err != nil {
		return err
	}
	if err := o.model.Read(c); err != nil {
		return err
	}
	return o.read.Read(c)
}

// check refuses numbers out of range, and arguments that don't go together.
func (o *imagineOptions) check(args []string) error {
	switch {
	case len(args) == 0 && o.text == nil:
		return commandline.Usagef("no image named: give IMG (- is standard input), or --text with a description")
	case len(args) > 0 && o.text != nil:
		return commandline.Usagef("--text stands in place of an image, and one is named")
	case len(args) > 1 || len(args) == 1 && !source.Single(args, source.Options{}):
		return commandline.Usagef("imagine takes one image")
	case o.top < 1:
		return commandline.Usagef("--top %d: at least 1", o.top)
	case !(o.textWeight >= 0) || math.IsInf(o.textWeight, 0):
		return commandline.Usagef("--text-weight %v: a number from 0 on", o.textWeight)
	case o.count < 1 || o.count > maxImagined:
		return commandline.Usagef("--count %d: from 1 to %d", o.count, maxImagined)
	}
	if o.text != nil {
		if _, err := source.CheckedText(*o.text); err != nil {
			return commandline.Usagef("--text: %w", err)
		}
	}
	return nil
}

// checkOutputs refuses files that can't be written.
func (o *imagineOptions) checkOutputs(reads *output.Reads) error {
	if o.to.Given() {
		if err := o.to.Settle(o.count == 1, "one picture is no animation"); err != nil {
			return err
		}
		if o.to.File == "-" {
			return commandline.Usagef("standard output takes the JSON: give -o a file or a folder")
		}
	}
	if o.page.File != "" {
		if _, err := reads.Check(o.page.File, o.overwrite); err != nil {
			return err
		}
	}
	if o.json == "" || o.json == "-" {
		return nil
	}
	if err := flags.Fits("json", o.json, output.JSON); err != nil {
		return err
	}
	_, err := reads.Check(o.json, o.overwrite)
	return err
}

// maxImagined is how many pictures of one class are made at most.
const maxImagined = 1000
