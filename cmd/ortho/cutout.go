package main

import (
	"context"
	"errors"
	"iter"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models"
)

// cutoutOptions is what the flags of cutout say. Of generate's options it has those that pictures of images
// have, since they go to the same places.
type cutoutOptions struct {
	generateOptions
	named      flags.Model
	timeout    flags.Timeout
	jpegs      flags.JPEGs
	background flags.Background
	maskOnly   bool
	feather    float64
}

// defaultCutter is the model that is used where none is named.
const defaultCutter = "selfie"

func newCutoutCommand() *cli.Command {
	o := &cutoutOptions{
		generateOptions: generateOptions{
			of:   ofImages,
			to:   flags.Destination{CutOut: true},
			page: flags.Page{Usage: "also write a page to `FILE`, which shows the first images (before and after) and needs no network"},
			read: flags.Overrides{Task: models.Cutout},
		},
		named: flags.Model{Default: defaultCutter},
	}
	return flags.Command(cli.Command{
		Name:        "cutout",
		Usage:       "remove the background of images",
		ArgsUsage:   "SRC...",
		Description: help("cutout"),
	}, o.run, o)
}

func (o *cutoutOptions) groups() []flags.Group {
	return []flags.Group{&o.images, &o.maxPixels, &o.jpegs, &o.failFast, &o.timeout, &o.to, &o.background, &o.page, &o.progress, &o.session, &o.named, &o.read}
}

func (o *cutoutOptions) Flags() []cli.Flag {
	const out = "Output"
	var all []cli.Flag
	for _, g := range o.groups() {
		all = append(all, g.Flags()...)
	}
	return append(all,
		&cli.BoolFlag{Name: "mask-only", Destination: &o.maskOnly, Category: out, Usage: "write the alpha alone, as a gray image: white is what is kept"},
		&cli.Float64Flag{Name: "feather", Destination: &o.feather, Category: out, Usage: "soften the edge by a Gaussian blur of `PIXELS`"})
}

// Files yields the images.
func (o *cutoutOptions) Files(c *flags.Call) iter.Seq[string] { return o.images.Files(c) }

func (o *cutoutOptions) Read(c *flags.Call) error {
	for _, g := range o.groups() {
		if err := g.Read(c); err != nil {
			return err
		}
	}
	o.model = o.named.Name
	o.typed = nil
	for name, value := range o.read.Typed(c) {
		o.typed = append(o.typed, [2]string{name, value})
	}
	switch {
	case !(o.feather >= 0 && o.feather <= 1000):
		return commandline.Usagef("--feather %v: from 0 to 1000 pixels", o.feather)
	case o.maskOnly && o.background.Given():
		return commandline.Usagef("--mask-only writes the alpha alone: nothing stands behind it")
	case !c.Given("output"):
		return commandline.Usagef("nothing says where the images go: give -o OUT, a folder or a file")
	}
	if err := o.to.Settle(o.images.Single(), "what is cut out of images is no animation"); err != nil {
		return err
	}
	if err := o.to.Outside(&o.images); err != nil {
		return err
	}
	switch {
	case o.alpha() && o.to.Format == "jpeg":
		return commandline.Usagef("JPEG has no alpha: give an OUT (or a --format) of png, webp or tiff, or --background")
	case o.to.Folder == "" && o.to.Rows().Resumes():
		return commandline.Usagef("only a folder can be resumed: name it with -o FOLDER")
	}
	return nil
}

// alpha reports whether pictures have alpha.
func (o *cutoutOptions) alpha() bool { return !o.maskOnly && !o.background.Given() }

func (o *cutoutOptions) run(ctx context.Context, call *flags.Call) error {
	g := &generation{generateOptions: &o.generateOptions, ui: call.UI, reads: call.Reads, replaces: o.to.Mode != record.Fresh}
	to := job.Output{UI: call.UI, Rows: o.to.Rows(), Page: &o.page, Progress: &o.progress, FailFast: &o.failFast, Reads: call.Reads,
		Folder: o.to.Folder, InMemory: o.to.Folder == "", AlwaysSummary: o.session.Chosen(), Images: &o.images}
	return job.Run(ctx, to, rows.PicturesCodec, func() (*job.Job[imageRequest, rows.Pictures], error) {
		r := &cutoutRun{picturesOfImages: g.ofImages(), cutoutOptions: o}
		made, err := r.open(ctx)
		if err != nil && r.cutter != nil {
			err = errors.Join(err, r.cutter.Close())
		}
		return made, err
	})
}
