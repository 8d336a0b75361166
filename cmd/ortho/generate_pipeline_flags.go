package main

import (
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/diffusion"
	"ortho/models/scheduler"
	"ortho/preprocess"
)

// pipelineFlags say what a pipeline makes, beside its texts, seeds and latents.
func pipelineFlags() []cli.Flag {
	const made = "What a pipeline makes"
	asItSays := "as the pipeline says"
	return []cli.Flag{
		&cli.StringFlag{Name: "negative", Category: made, Usage: "`WORDS` for what the image is to be far from"},
		&cli.IntFlag{Name: "steps", Category: made, DefaultText: asItSays, Usage: "steps from noise to the image"},
		&cli.Float64Flag{Name: "guidance", Category: made, DefaultText: asItSays, Usage: "`SCALE`: how closely the text is followed; up to 1 the image is made without guidance, in half the time"},
		&cli.StringFlag{Name: "scheduler", Category: made, DefaultText: asItSays, Usage: "how a step is made: " + strings.Join(scheduler.Names(), ", ")},
		&cli.StringFlag{Name: "size", Category: made, DefaultText: asItSays + "; that of --image, unless it is far larger", Usage: "`WxH` in pixels, the width first, or one number for a square; multiples of 64 suit all pipelines"},
		&cli.StringFlag{Name: "image", Category: made, Usage: "start from the image `FILE`"},
		&cli.Float64Flag{Name: "strength", Category: made, DefaultText: "as diffusers has it", Usage: "`S` (above 0, to 1): how much of --image is replaced by noise"},
		&cli.StringFlag{Name: "mask", Category: made, Usage: "an image `FILE` of --image's size: what is white in it is made anew, what is black is kept"},
		&cli.IntFlag{Name: "preview", Category: made, DefaultText: "never", Usage: "every `K` steps, have the picture as it would be then in OUT.preview.png (in a folder: OUT/ortho.preview.png), until the run ends"},
		&cli.BoolFlag{Name: "low-memory", Category: categoryRun, Usage: "hold one graph of a pipeline at a time; it takes longer, and --preview opens two graphs anew for each"},
	}
}

// notOfPipelines are the flags that pipelines have no use for, and why.
func notOfPipelines() map[string]string {
	why := map[string]string{
		"class": "it takes texts", "truncation": "its latents are not truncated", "interpolate": "give seeds by --seed, or latents by --latents",
		"frames": "it is for --interpolate", "keep-size": "--size gives its images' size", "background": "its images have no alpha",
		"tile": "its images are not cut", "tile-overlap": "its images are not cut", "stdin-paths": "it takes texts: --texts - reads them from standard input",
		"0": "it takes texts", "shard": "it takes texts, which --texts can give in parts", "settings": "they are measured with models of one graph",
		"concurrency": "it makes one image at a time, and its runs have --threads", "invert": "its files say how it is read",
	}
	for _, s := range settings {
		why[s.name] = "its files say how it is read"
	}
	return why
}

// checkPipelineFlags refuses flags of models of one graph where a pipeline is named.
func checkPipelineFlags(c *cli.Context) error {
	why := notOfPipelines()
	for _, f := range c.Command.Flags {
		if name := f.Names()[0]; c.IsSet(name) && why[name] != "" {
			return usagef("--%s is not for a pipeline such as %s: %s", name, c.String("model"), why[name])
		}
	}
	return nil
}

// checkGraphFlags refuses flags of pipelines where none is named.
func checkGraphFlags(c *cli.Context) error {
	for _, f := range pipelineFlags() {
		if name := f.Names()[0]; c.IsSet(name) && c.IsSet("model") {
			return usagef("--%s is for pipelines such as Stable Diffusion's, folders with a model_index.json, and %s is none", name, c.String("model"))
		} else if c.IsSet(name) {
			return usagef("--%s is for pipelines such as Stable Diffusion's: name the folder of one with -m", name)
		}
	}
	return nil
}

// promptOptions are what the flags ask of every image of a pipeline.
type promptOptions struct {
	request                 diffusion.Request // without its prompt, seed and latents
	negative                string            // as given
	imageSHA256, maskSHA256 string            // of the files
	lowMemory               bool
}

// readPrompt reads pipelineFlags.
func readPrompt(c *cli.Context) (*promptOptions, error) {
	p := &promptOptions{negative: c.String("negative"), lowMemory: c.Bool("low-memory")}
	r := &p.request
	r.Steps, r.Scheduler, r.Strength, r.PreviewEvery = c.Int("steps"), c.String("scheduler"), c.Float64("strength"), c.Int("preview")
	if c.IsSet("negative") {
		r.Negative = new(c.String("negative"))
	}
	if c.IsSet("guidance") {
		r.Guidance = new(c.Float64("guidance"))
	}
	switch {
	case c.IsSet("steps") && r.Steps < 1:
		return nil, usagef("--steps %d: at least 1", r.Steps)
	case c.IsSet("guidance") && !(*r.Guidance >= 0 && !math.IsInf(*r.Guidance, 0)):
		return nil, usagef("--guidance %v: a number from 0 on", *r.Guidance)
	case c.IsSet("scheduler") && !slices.Contains(scheduler.Names(), r.Scheduler):
		return nil, usagef("--scheduler %q is not one of %s", r.Scheduler, strings.Join(scheduler.Names(), ", "))
	case c.IsSet("mask") && !c.IsSet("image"):
		return nil, usagef("--mask says what of --image is made anew: give --image, too")
	case c.IsSet("strength") && !c.IsSet("image"):
		return nil, usagef("--strength says how much of --image is replaced: give --image, too")
	case c.IsSet("strength") && !(r.Strength > 0 && r.Strength <= 1):
		return nil, usagef("--strength %v: above 0, and 1 at most", r.Strength)
	case c.IsSet("preview") && r.PreviewEvery < 1:
		return nil, usagef("--preview %d: every so many steps, at least 1", r.PreviewEvery)
	case c.IsSet("preview") && (!c.IsSet("output") || c.String("output") == "-"):
		return nil, usagef("--preview stands beside what -o names: give -o a folder or a file")
	}
	if err := checkWords("--negative", p.negative); err != nil {
		return nil, err
	}
	var err error
	if c.IsSet("size") {
		if r.Width, r.Height, err = widthAndHeight(c.String("size")); err != nil {
			return nil, err
		}
	}
	if r.Image, p.imageSHA256, err = readPicture(c, "image"); err != nil {
		return nil, err
	}
	r.Mask, p.maskSHA256, err = readPicture(c, "mask")
	return p, err
}

// widthAndHeight reads --size.
func widthAndHeight(size string) (width, height int, err error) {
	w, h, both := strings.Cut(strings.ToLower(size), "x")
	if !both {
		h = w
	}
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if errW != nil || errH != nil || width < 1 || height < 1 {
		return 0, 0, usagef("--size %q: write WIDTHxHEIGHT in pixels, such as 768x512, or one number for a square", size)
	}
	return width, height, nil
}

// readPicture reads the image that a flag names, if it is given, upright as its EXIF
// orientation says.
func readPicture(c *cli.Context, flag string) (*preprocess.Picture, string, error) {
	if !c.IsSet(flag) {
		return nil, "", nil
	}
	name := c.String(flag)
	data, err := source.File(name).Read(c.Context)
	if err != nil {
		return nil, "", fmt.Errorf("--%s %s: %w", flag, name, err)
	}
	img, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: preprocess.ApplyOrientation, MaxPixels: c.Int64("max-pixels")})
	if err != nil {
		return nil, "", fmt.Errorf("--%s %s: %w", flag, name, err)
	}
	return img, fmt.Sprintf("%x", sha256.Sum256(data)), nil
}

// checkPrompt has the command line name a text, and no file in its place.
func checkPrompt(c *cli.Context) error {
	args := c.Args().Slice()
	switch {
	case len(args) > 1:
		return usagef("a pipeline takes one text as an argument, and there are %d: put it in quotes, as in \"%s ...\", or give each by --text", len(args), args[0])
	case len(args) == 0 && !c.IsSet("text") && !c.IsSet("texts"):
		return usagef("nothing says what the image is to show: write it in quotes, as in \"a red fox in snow\" (or --text, --texts FILE)")
	case len(args) == 1 && args[0] == "-":
		return usagef("the text - is read by --texts -")
	case len(args) == 1:
		if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
			return usagef("%s is a file, and a pipeline takes a text: --image %s starts from an image, --texts reads texts", args[0], args[0])
		}
	}
	return nil
}

// settings are those that change the images, with what is in effect where none is given.
func (p *promptOptions) settings() record.Settings {
	r, made := p.request, p.request.Provenance()
	s := record.Settings{
		{Key: "negative", Value: made.Negative}, {Key: "steps", Value: strconv.Itoa(made.Steps)}, {Key: "guidance", Value: term.Decimal(made.Guidance)},
		{Key: "scheduler", Value: made.Scheduler}, {Key: "size", Value: fmt.Sprintf("%dx%d", r.Width, r.Height)},
		{Key: "image's SHA-256", Value: p.imageSHA256}, {Key: "mask's SHA-256", Value: p.maskSHA256},
	}
	if made.Strength > 0 {
		s = append(s, record.Setting{Key: "strength", Value: term.Decimal(made.Strength)})
	}
	return s
}

// valueOf is what p points to; the zero value where it is nil.
func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
