package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/bundled"
	"ortho/models/diffusion"
	"ortho/models/scheduler"
	"ortho/preprocess"
)

// promptOptions are a pipeline's options besides texts, seeds and latents.
type promptOptions struct {
	request                 diffusion.Request // without its prompt, seed and latents
	negative                string            // as given
	size                    string            // as given
	image, mask             *string           // files; nil: there is none
	imageSHA256, maskSHA256 string            // of the files
	maskRead                diffusion.Mask
	invertMask              bool
	maskDeep                bool // its file has 16 bits a value
	lowMemory               bool
	control                 controlOptions

	fit                 string
	guidance            float64
	imageFile, maskFile string
}

func (p *promptOptions) Flags() []cli.Flag {
	const made = "What a pipeline makes"
	asItSays := "as the pipeline says"
	r := &p.request
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "negative", Destination: &p.negative, Category: made, Usage: "`WORDS` for what the image is to be far from"},
		&cli.IntFlag{Name: "steps", Destination: &r.Steps, Category: made, DefaultText: asItSays, Usage: "steps from noise to the image"},
		&cli.Float64Flag{Name: "guidance", Destination: &p.guidance, Category: made, DefaultText: asItSays, Usage: "`SCALE`: how closely the text is followed; up to 1 the image is made without guidance, in half the time"},
		&cli.Float64Flag{Name: "guidance-rescale", Destination: &r.Rescale, Category: made, Usage: "`F` (0 to 1): how far what --guidance made brighter is brought back; 0.7 suits models with zero terminal SNR"},
		&cli.StringFlag{Name: "scheduler", Destination: &r.Scheduler, Category: made, DefaultText: asItSays, Usage: "how a step is made: " + strings.Join(scheduler.Names(), ", ") + "; or the name of diffusers' class"},
		&cli.Float64Flag{Name: "eta", Destination: &r.Eta, Category: made, Usage: "`F` (0 to 1): how much noise --scheduler ddim and tcd add at each step; others have no such number"},
		&cli.IntFlag{Name: "clip-skip", Destination: &r.ClipSkip, Category: made, Usage: "leave out the last `N` layers of the text encoder for the text, not for --negative; diffusers' number: 1 where other programs say 2"},
		&cli.StringFlag{Name: "size", Destination: &p.size, Category: made, DefaultText: asItSays + "; that of --image or the first --control, unless it is far larger", Usage: "`WxH` in pixels, the width first, or one number for a square; multiples of 64 suit all pipelines"},
		&cli.StringFlag{Name: "image", Destination: &p.imageFile, Category: made, Usage: "start from the image `FILE`"},
		&cli.StringFlag{Name: "fit", Destination: &p.fit, Category: made, DefaultText: string(diffusion.FitCrop), Usage: "how --image and --control are brought to a size of other proportions: crop (its edges are cut off), pad (its reflection is added, and cut off what is made), or squash"},
		&cli.Float64Flag{Name: "strength", Destination: &r.Strength, Category: made, DefaultText: "as diffusers has it", Usage: "`S` (above 0, to 1): how much of --image is replaced by noise"},
		&cli.StringFlag{Name: "mask", Destination: &p.maskFile, Category: made, Usage: "an image `FILE` of the proportions of --image, or of SRC: what is white in it is made anew, what is black is kept; or what is transparent, where its colours don't say"},
		&cli.BoolFlag{Name: "mask-invert", Destination: &p.invertMask, Category: made, Usage: "keep what --mask would have made anew, and make the rest anew"},
	}, p.control.flags(made), []cli.Flag{
		&cli.IntFlag{Name: "preview", Destination: &r.PreviewEvery, Category: made, DefaultText: "never", Usage: "every `K` steps, have the picture as it would be then in OUT.preview.png (in a folder: OUT/ortho.preview.png), until the run ends"},
		&cli.BoolFlag{Name: "low-memory", Destination: &p.lowMemory, Category: flags.CategoryRun, Usage: "hold one graph of a pipeline at a time; it takes longer, and --preview opens two graphs anew for each"},
	})
}

// Read also refuses a command line without a text.
func (p *promptOptions) Read(c *flags.Call) error {
	if err := checkPrompt(c); err != nil {
		return err
	}
	r := &p.request
	if c.Given("negative") {
		r.Negative = &p.negative
	}
	if c.Given("guidance") {
		r.Guidance = &p.guidance
	}
	if c.Given("image") {
		p.image = &p.imageFile
	}
	if c.Given("mask") {
		p.mask = &p.maskFile
	}
	switch {
	case c.Given("steps") && r.Steps < 1:
		return commandline.Usagef("--steps %d: at least 1", r.Steps)
	case c.Given("guidance") && !(p.guidance >= 0 && !math.IsInf(p.guidance, 0)):
		return commandline.Usagef("--guidance %v: a number from 0 on", p.guidance)
	case !(r.Rescale >= 0 && r.Rescale <= 1):
		return commandline.Usagef("--guidance-rescale %v: from 0 to 1", r.Rescale)
	case !(r.Eta >= 0 && r.Eta <= 1):
		return commandline.Usagef("--eta %v: from 0 to 1", r.Eta)
	case r.ClipSkip < 0:
		return commandline.Usagef("--clip-skip %d: from 0", r.ClipSkip)
	case c.Given("scheduler") && !scheduler.Known(r.Scheduler):
		return commandline.OneOf("scheduler", r.Scheduler, scheduler.Names()...)
	case c.Given("mask") && !c.Given("image"):
		return commandline.Usagef("--mask says what of --image is made anew: give --image, too")
	case c.Given("mask-invert") && !c.Given("mask"):
		return commandline.Usagef("--mask-invert is of --mask: give that, too")
	case c.Given("fit") && !c.Given("image") && !c.Given("control"):
		return commandline.Usagef("--fit says how --image and --control are brought to a size: give one of them, too")
	case c.Given("fit") && !slices.Contains(diffusion.Fits, diffusion.Fit(p.fit)):
		return commandline.OneOf("fit", p.fit, "crop", "pad", "squash")
	case c.Given("strength") && !c.Given("image"):
		return commandline.Usagef("--strength says how much of --image is replaced: give --image, too")
	case c.Given("strength") && !(r.Strength > 0 && r.Strength <= 1):
		return commandline.Usagef("--strength %v: above 0, and 1 at most", r.Strength)
	case c.Given("preview") && r.PreviewEvery < 1:
		return commandline.Usagef("--preview %d: every so many steps, at least 1", r.PreviewEvery)
	}
	r.Fit = diffusion.Fit(p.fit)
	if err := p.control.read(c, r); err != nil {
		return err
	}
	if err := checkWords("--negative", p.negative); err != nil {
		return err
	}
	var err error
	if c.Given("size") {
		r.Width, r.Height, err = widthAndHeight(p.size)
	}
	return err
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
		return 0, 0, commandline.Usagef("--size %q: write WIDTHxHEIGHT in pixels, such as 768x512, or one number for a square", size)
	}
	return width, height, nil
}

// readPictures reads the images that flags name, upright as their EXIF orientation says.
func (p *promptOptions) readPictures(ctx context.Context, maxPixels int64) error {
	for _, of := range []struct {
		flag   string
		file   *string
		to     **preprocess.Picture
		digest *string
	}{{"image", p.image, &p.request.Image, &p.imageSHA256}, {"mask", p.mask, &p.request.Mask, &p.maskSHA256}} {
		if of.file == nil {
			continue
		}
		data, img, digest, err := readPicture(ctx, of.flag, *of.file, maxPixels)
		if err != nil {
			return err
		}
		if of.flag == "mask" {
			p.maskDeep = isDeep(data)
		}
		*of.to, *of.digest = img, digest
	}
	if err := p.control.readPictures(ctx, &p.request, maxPixels); err != nil {
		return err
	}
	if p.mask != nil {
		p.maskRead = diffusion.MaskOf(p.request.Mask, p.invertMask)
		p.request.Mask, p.request.Soft = p.maskRead.Picture, p.maskRead.Soft
	}
	return nil
}

// isDeep reports whether a PNG has 16 bits a value.
func isDeep(data []byte) bool {
	const depth = 24 // where IHDR has it
	return len(data) > depth && bytes.HasPrefix(data, []byte("\x89PNG")) && data[depth] == 16
}

// checkPrompt refuses a command line without a text, or with a file in its place.
func checkPrompt(c *flags.Call) error {
	args := c.Args
	switch {
	case len(args) > 1:
		return commandline.Usagef("a pipeline takes one text as an argument, and there are %d: put it in quotes, as in \"%s ...\", or give each by --text", len(args), args[0])
	case len(args) == 0 && !c.Given("text") && !c.Given("texts"):
		return commandline.Usagef("nothing says what the image is to show: write it in quotes, as in \"a red fox in snow\" (or --text, --texts FILE)")
	case len(args) == 1 && args[0] == "-":
		return commandline.Usagef("the text - is read by --texts -")
	case len(args) == 1:
		if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
			return commandline.Usagef("%s is a file, and a pipeline takes a text: --image %s starts from an image, --texts reads texts", args[0], args[0])
		}
	}
	return nil
}

// settings are those that change the images, with the defaults where none is given.
func (p *promptOptions) settings() record.Settings {
	r, made := p.request, p.request.Provenance()
	s := record.Settings{
		{Key: "negative", Value: made.Negative}, {Key: "steps", Value: strconv.Itoa(made.Steps)}, {Key: "guidance", Value: term.Decimal(made.Guidance)},
		{Key: "scheduler", Value: made.Scheduler}, {Key: "size", Value: fmt.Sprintf("%dx%d", r.Width, r.Height)},
		{Key: "image's SHA-256", Value: p.imageSHA256}, {Key: "mask's SHA-256", Value: p.maskSHA256},
	}
	if r.Image != nil || len(r.Control) > 0 {
		s = append(s, record.Setting{Key: "fit", Value: string(r.Fit)})
	}
	if p.invertMask {
		s = append(s, record.Setting{Key: "mask-invert", Value: "true"})
	}
	s = append(s, p.control.settings(r)...)
	for _, more := range []struct {
		key   string
		value float64
	}{{"strength", made.Strength}, {"eta", made.Eta}, {"guidance rescale", made.Rescale}, {"clip skip", float64(made.ClipSkip)}} {
		if more.value > 0 {
			s = append(s, record.Setting{Key: more.key, Value: term.Decimal(more.value)})
		}
	}
	return s
}

// isPipeline reports whether a model's name is that of a pipeline's folder.
func isPipeline(name string) bool {
	return !slices.Contains(bundled.Names(), name) && diffusion.IsFolder(name)
}
