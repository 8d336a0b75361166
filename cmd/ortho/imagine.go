package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/describe"
	"ortho/runner"
)

func newImagineCommand() *cli.Command {
	const in, steps, out = "Input", "The steps", "Output"
	flags := []cli.Flag{
		&cli.StringFlag{Name: "text", Category: in, Usage: "a description in `WORDS`, in place of an image"},
		maxPixelsFlag(),
		&cli.StringFlag{Name: "text-model", Value: defaultReader, Category: steps, Usage: "reads the description: a bundled `NAME`, a model folder, or an .onnx file"},
		&cli.Float64Flag{Name: "text-weight", Value: 1, Category: steps, Usage: "`W`: how much the description counts beside the image, from 0 (not at all)"},
		&cli.StringFlag{Name: "generator", Aliases: []string{"g"}, Category: steps, DefaultText: defaultDrawer + ", where the class is a digit", Usage: "draws the class, or the description: a bundled `NAME`, a model folder, a pipeline's folder, or an .onnx file"},
		&cli.Uint64Flag{Name: "seed", Category: steps, DefaultText: "drawn, and told", Usage: "`NUMBER` that all chance follows from: picture i has the seed + i"},
		&cli.IntFlag{Name: "count", Aliases: []string{"n"}, Value: 1, Category: steps, Usage: "pictures"},
		&cli.BoolFlag{Name: "strict", Category: steps, Usage: "fail where there is no description, rather than have a sentence stand in"},
		&cli.IntFlag{Name: "top", Aliases: []string{"k"}, Value: 5, Category: out, Usage: "the `N` most probable classes of each step"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "`OUT`: the picture's file, or a folder"},
		&cli.StringFlag{Name: "html", Category: out, Usage: "a page of every step, which needs no network, to `FILE`"},
		&cli.StringFlag{Name: "json", Category: out, DefaultText: "standard output; on a terminal a text", Usage: "every step as JSON to `FILE`"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace existing files"},
		modelFlag("efficientnet-lite0"),
	}
	return &cli.Command{
		Name:      "imagine",
		Usage:     "describe an image, settle what it shows, and draw that",
		ArgsUsage: "[IMG]",
		Description: "  ortho imagine photo.jpg --html steps.html\n" +
			"  ortho imagine -m mnist.onnx --input-range 0,255 --invert digit.png -o drawn.png --seed 1\n" +
			"  ortho imagine --text \"a bold slanted seven\" -o seven.png\n\n" +
			"The steps: the image model (-m) gives its probabilities. ChatGPT, or another server, describes the image and\n" +
			"chooses a class; the model's most probable classes go along. The text model classifies the description. Where\n" +
			"both models have the same labels, their probabilities are multiplied (product of experts) and scaled to a sum\n" +
			"of 1; classes that the text model was not trained on keep the image's. With other labels, the server's choice\n" +
			"stands beside the image's. Where the two sides name different classes, the server is asked once more, with\n" +
			"these two to choose from, and its answer decides. A generator draws the class: " + defaultDrawer + " where it is a digit, or\n" +
			"that of -g, which must have a label like the class's or take texts: then it gets the description. The folder of a\n" +
			"Stable Diffusion pipeline takes texts, and draws as its files say. Without a generator that fits, the run ends\n" +
			"after the fusion; with -o, its exit code is then 3.\n\n" +
			"The key is read from " + envKey + ", another server's address from " + envBaseURL + ". Without a key, where --offline\n" +
			"finds no earlier answer, or where the server fails, a sentence made of the image model's classes stands in. The\n" +
			"output says so, and such a sentence decides nothing. --strict fails instead.\n\n" +
			"A digit is asked for as \"a bold upright seven\": with those attributes of the description that the generator knows,\n" +
			"and regular and upright where it says nothing of weight and slant.\n\n" +
			"With --text, the text model alone chooses the class. A text of which " + defaultDrawer + " knows all words, with one digit\n" +
			"among them, is drawn as it is.\n\n" +
			"A model of 10 gray classes without labels is taken to be one of digits. The flags of how a model is read are\n" +
			"the image model's. OUT is a file that ends with .png, .jpg, .webp or .tif, or else a folder, in which pictures\n" +
			"are called 0000-seven.png. PNG files tell how they were made, as those of generate do.",
		Flags:  slices.Concat(flags, chatFlags(), sessionFlags(), settingFlags(models.Classify)),
		Action: imagineAction,
	}
}

// imagination is a run of imagine. What the run has no use for is nil.
type imagination struct {
	c         *cli.Context
	runner    runner.Options
	to        destination
	reads     *output.Reads
	page      *gallery[rows.Pictures]
	item      source.Item // the image
	data      []byte
	describer *describe.Describer
	image     *imageExpert
	text      *textExpert
	artist    *artist
	fused     []float64 // the probabilities of both sides together; nil: not fused
	doc       imagined
}

func imagineAction(c *cli.Context) error {
	im := &imagination{c: c}
	if err := im.check(); err != nil {
		return err
	}
	defer im.close()
	if err := im.open(); err != nil {
		return err
	}
	if err := im.settle(c.Context); err != nil {
		return im.ended(err)
	}
	made, err := im.draw(c.Context)
	if err != nil {
		return im.ended(err)
	}
	if err := im.write(made); err != nil {
		return err
	}
	if c.IsSet("output") && len(made) == 0 {
		return errItems // the reason is told, and in the output
	}
	return nil
}

// ended tells where a signal has ended the run: nothing is left behind.
func (im *imagination) ended(err error) error {
	if im.c.Context.Err() != nil {
		slog.Warn("interrupted: nothing is written")
		return im.c.Context.Err()
	}
	return err
}

// check refuses, before any work, what can't be done.
func (im *imagination) check() (err error) {
	c := im.c
	args := c.Args().Slice()
	w := c.Float64("text-weight")
	switch {
	case len(args) == 0 && !c.IsSet("text"):
		return usagef("no image named: give IMG (- is standard input), or --text with a description")
	case len(args) > 0 && c.IsSet("text"):
		return usagef("--text stands in place of an image, and one is named")
	case len(args) > 1 || len(args) == 1 && !source.Single(args, source.Options{}):
		return usagef("imagine takes one image")
	case c.Int("top") < 1:
		return usagef("--top %d: at least 1", c.Int("top"))
	case !(w >= 0) || math.IsInf(w, 0):
		return usagef("--text-weight %v: a number from 0 on", w)
	case c.Int("count") < 1 || c.Int("count") > maxImagined:
		return usagef("--count %d: from 1 to %d", c.Int("count"), maxImagined)
	case c.String("json") != "" && (c.String("json") == c.String("output") || c.String("json") == c.String("html")):
		return usagef("--json and another flag name one file")
	}
	if c.IsSet("text") {
		if _, err := checkedText(c.String("text")); err != nil {
			return usagef("--text: %w", err)
		}
	}
	if im.runner, err = runnerOptions(c); err != nil {
		return err
	}
	if im.reads, err = protect(c, imagesRead(c)); err != nil {
		return err
	}
	if c.IsSet("output") {
		if im.to, err = destinationOf(c, im.reads, c.Int("count") == 1, false); err != nil {
			return err
		}
		if im.to.file == "-" {
			return usagef("standard output takes the JSON: give -o a file or a folder")
		}
	}
	if im.page, err = openGallery[rows.Pictures](c, im.reads); err != nil {
		return err
	}
	if name := c.String("json"); name != "" && name != "-" {
		if err := fits("json", name, output.JSON); err != nil {
			return err
		}
		if _, err := im.reads.Check(name, c.Bool("overwrite")); err != nil {
			return err
		}
	}
	if len(args) == 0 {
		return nil
	}
	if err := checkImages(c); err != nil {
		return err
	}
	if err := source.Check(args); err != nil {
		return err
	}
	im.describer, err = describerOf(c)
	return err
}

// maxImagined is how many pictures of one class are made at most.
const maxImagined = 1000

// open reads the image and opens the models, before anything is sent.
func (im *imagination) open() (err error) {
	c := im.c
	im.doc = imagined{Kind: imaginedKind, Ortho: build.Version(), Notes: []string{}}
	if im.describer != nil {
		if im.item, im.data, err = readOne(c); err != nil {
			return err
		}
		im.doc.Input = text(im.item.Name)
		if im.image, err = openImageExpert(c, im.runner); err != nil {
			return err
		}
	}
	if im.artist, err = openArtist(c, im.runner); err != nil {
		return err
	}
	if im.image != nil {
		if note := im.artist.nameClasses(im.image); note != "" {
			im.warn(note)
		}
	}
	var note string
	if im.text, note, err = openTextExpert(c, im.runner, im.image); note != "" {
		im.note(note)
	}
	return err
}

// readOne reads the image that is named.
func readOne(c *cli.Context) (source.Item, []byte, error) {
	for item := range source.Items(c.Args().Slice(), source.Options{Stdin: c.App.Reader}) {
		data, err := runner.Await(c.Context, item.Read)
		if err != nil {
			return item, nil, fmt.Errorf("%s: %w", item.Name, err)
		}
		return item, data, nil
	}
	return source.Item{}, nil, usagef("no image named")
}

func (im *imagination) close() {
	if im.describer != nil {
		im.describer.Close()
	}
	var err error
	if im.image != nil {
		err = errors.Join(err, im.image.classifier.Close())
	}
	if im.text != nil {
		err = errors.Join(err, im.text.classifier.Close())
	}
	if im.artist != nil {
		err = errors.Join(err, im.artist.Close())
	}
	if err != nil {
		slog.Warn(err.Error())
	}
}

// note is something to know about the result; warn also tells it at once.
func (im *imagination) note(s string) { im.doc.Notes = append(im.doc.Notes, text(s)) }

func (im *imagination) warn(s string) {
	im.note(s)
	slog.Warn(s)
}

// describe has the image described, or a sentence stand in.
func (im *imagination) describe(ctx context.Context) error {
	c := im.c
	d := &im.doc.Description
	if im.describer == nil {
		d.Sentence, d.By = c.String("text"), "the command line"
		return nil
	}
	tellHost(im.describer, c.Bool("offline"))
	got, err := im.describer.Describe(ctx, im.asked())
	if err == nil {
		*d = described{Sentence: got.Sentence, Objects: got.Objects, Scene: got.Scene, Attributes: got.Attributes,
			Class: &chosen{Index: im.image.indexOf(got.Class), Label: got.Class.Name}, By: "chat", Prompt: c.String("prompt"), Host: im.describer.Host().Name, Model: got.Model, Cached: got.Cached}
		return nil
	}
	if ctx.Err() != nil || c.Bool("strict") {
		return err
	}
	*d = described{Sentence: im.image.standIn(), StandIn: true, By: "stand-in", Why: text(err.Error()), WhyKind: describe.ErrorKind(err)}
	im.warn(fmt.Sprintf("no description: %v; a sentence made of %s's classes stands in, and decides nothing: %q", err, im.image.model.Name, d.Sentence))
	return nil
}

// candidates is how many classes the server chooses from.
const candidates = 10

// asked is the image as the server gets it.
func (im *imagination) asked() describe.Image {
	img := describe.Image{Name: im.item.Name, Read: func(context.Context) ([]byte, error) { return im.data, nil }}
	for _, p := range im.image.predictions[:min(candidates, len(im.image.predictions))] {
		img.Candidates = append(img.Candidates, im.image.candidate(p.Index))
	}
	return img
}
