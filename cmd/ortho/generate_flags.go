package main

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/models"
	"ortho/models/generate"
)

// generateOptions is what the flags of generate say. They are one group: which of them apply
// follows from what the images are made of.
type generateOptions struct {
	of      material
	model   string        // "": what suits what is asked for
	typed   [][2]string   // the flags of read that were given, with their values
	asTask  bool          // one of them says what the model is for
	tiling  tiling        // of images
	restore faceOptions   // faces in images
	prompt  promptOptions // of a pipeline
	made    sampleOptions // without an image
	sheet   sheetOptions  // of what is made without an image
	read    flags.Overrides

	images    flags.Images
	maxPixels flags.MaxPixels
	failFast  flags.FailFast
	to        flags.Destination
	page      flags.Page
	progress  flags.Progress
	session   flags.Session
}

// material is what images are made of.
type material int

const (
	ofChance  material = iota // by a model of one graph, with texts and classes
	ofImages                  // by a model of one graph
	ofPrompts                 // by a pipeline
)

// The models that are used where none is named.
const defaultUpscaler, defaultDrawer = "span-x4", "glyphs"

func (o *generateOptions) Flags() []cli.Flag {
	model := &cli.StringFlag{Name: "model", Destination: &o.model, Aliases: []string{"m"}, Category: flags.CategoryModel,
		DefaultText: defaultUpscaler + " for images, " + defaultDrawer + " for texts and classes", Usage: "a bundled `NAME`, a model folder, a pipeline's folder, or an .onnx file"}
	var all []cli.Flag
	for _, g := range []flags.Group{&o.images, &o.maxPixels, &o.failFast, &o.made, &o.to, &o.sheet, &o.page, &o.progress, &o.tiling, &o.restore,
		flags.Own{model}, &o.prompt, &o.session, &o.read} {
		all = append(all, g.Flags()...)
	}
	return all
}

// Files yields the images; a pipeline's argument is a text.
func (o *generateOptions) Files(c *flags.Call) iter.Seq[string] {
	if isPipeline(o.model) {
		return flags.NoFiles
	}
	return o.images.Files(c)
}

// Outputs are those with other names than the flags' values.
func (o *generateOptions) Outputs(c *flags.Call) []string { return o.to.Outputs(c) }

// Read reads the flags of a run, and refuses those that don't apply.
func (o *generateOptions) Read(c *flags.Call) error {
	for name, value := range o.read.Typed(c) {
		if o.typed = append(o.typed, [2]string{name, value}); name == "task" && value != string(models.Generate) {
			return commandline.Usagef("--task %s: ortho generate runs generators only; for classifiers there is ortho classify", value)
		}
	}
	o.asTask = c.Given("task")
	if isPipeline(o.model) {
		o.of = ofPrompts
	} else if flags.GivesImages(c) {
		o.of = ofImages
	}
	if err := o.checkKind(c); err != nil {
		return err
	}
	groups := []flags.Group{&o.session, &o.maxPixels, &o.tiling, &o.restore, &o.failFast, &o.progress, &o.page, &o.to}
	switch o.of {
	case ofImages:
		groups = append(groups, &o.images)
	case ofPrompts:
		groups = append(groups, &o.prompt, &o.made, &o.sheet)
	default:
		groups = append(groups, &o.made, &o.sheet)
	}
	for _, g := range append(groups, &o.read) {
		if err := g.Read(c); err != nil {
			return err
		}
	}
	return o.settle(c)
}

// checkKind refuses flags that are for images made of something else. Where they only follow from a
// model that can't be opened, or an image that is not there, it says that.
func (o *generateOptions) checkKind(c *flags.Call) error {
	if o.of == ofPrompts {
		return o.checkPipeline(c)
	}
	if c.Given("model") {
		if err := flags.CheckIndex(o.model); err != nil {
			return err
		}
	}
	refused := o.otherKind(c)
	if refused == nil {
		return nil
	}
	if c.Given("model") {
		if err := flags.CheckModel(o.model); err != nil {
			return err
		}
	}
	for _, arg := range c.Args {
		if _, err := os.Stat(arg); errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(arg, "*?[{@") && arg != "-" {
			return commandline.Usagef("%.60q is no file here, and images are read from files; a text is for a pipeline, whose folder -m names, or for --text", arg)
		}
	}
	return refused
}

// otherKind refuses flags of pipelines, and those of what is made without an image where one is named.
func (o *generateOptions) otherKind(c *flags.Call) error {
	for _, f := range o.prompt.Flags() {
		if name := f.Names()[0]; (name == "mask" || name == "mask-invert") && o.of == ofImages && c.Given("model") {
			continue // a graph may take a mask
		} else if c.Given(name) && c.Given("model") {
			return commandline.Usagef("--%s is for pipelines such as Stable Diffusion's, folders with a model_index.json, and %s is none", name, o.model)
		} else if c.Given(name) {
			return commandline.Usagef("--%s is for pipelines such as Stable Diffusion's: name the folder of one with -m", name)
		}
	}
	if o.of != ofImages {
		if o.restore.detector != "" {
			return commandline.Usagef("--face-detector restores faces in images, and none is named")
		}
		return nil
	}
	for _, f := range slices.Concat(o.made.Flags(), o.sheet.Flags()) {
		switch name := f.Names()[0]; {
		case c.Given(name) && name == "scale" && o.sheet.scale == 2 && !c.Given("model"):
			return commandline.Usagef("--scale is of --grid, and how far images are enlarged is the model's: -m span-x2 does it twice, %s four times", defaultUpscaler)
		case c.Given(name):
			return commandline.Usagef("--%s is for what is made without an image, and images are named", name)
		}
	}
	return nil
}

// settle decides where pictures go.
func (o *generateOptions) settle(c *flags.Call) error {
	switch {
	case o.of != ofImages && c.Given("fps") && !strings.EqualFold(filepath.Ext(o.to.Name), ".gif"):
		return commandline.Usagef("--fps is for animations: give -o FILE.gif")
	case o.of == ofPrompts && c.Given("preview") && (o.to.Name == "" || o.to.Name == "-"):
		return commandline.Usagef("--preview stands beside what -o names: give -o a folder or a file")
	case o.of == ofImages:
		if err := o.to.Settle(o.images.Single(), "GIF is for what is made without an image"); err != nil {
			return err
		}
		if err := o.to.Outside(&o.images); err != nil {
			return err
		}
	case c.Given("output"):
		if err := o.to.Settle(o.made.alone(), ""); err != nil {
			return err
		}
	case o.sheet.grid == nil && o.of == ofPrompts:
		return commandline.Usagef("nothing says where the images go: give -o OUT, or --grid FILE for a sheet of them")
	case o.sheet.grid == nil:
		return commandline.Usagef("nothing says where the images go: give -o OUT, or --grid FILE for a sheet of them (and SRC, if they are to be made of images)")
	}
	if o.to.Folder == "" && o.to.Rows().Resumes() {
		return commandline.Usagef("only a folder can be resumed, or brought up to date: name it with -o FOLDER")
	}
	return nil
}

// checkPipeline refuses flags of models of one graph where a pipeline is named.
func (o *generateOptions) checkPipeline(c *flags.Call) error {
	why := map[string]string{
		"class": "it takes texts", "truncation": "its latents are not truncated", "interpolate": "give seeds by --seed, or latents by --latents",
		"frames": "it is for --interpolate", "keep-size": "--size gives its images' size", "background": "its images have no alpha", "strip": "its images have no metadata of others", "first-frame": "it makes one image of each",
		"face-detector": "it restores faces in images: with a graph such as GFPGAN, of what this makes", "upscale": "it is for faces in images", "fidelity": "it is for faces in images",
		"tile": "its images are not cut", "tile-overlap": "its images are not cut", "stdin-tar": "it takes texts: --texts - reads them from standard input", "stdin-paths": "it takes texts: --texts - reads them from standard input",
		"0": "it takes texts", "shard-by": "it takes texts", "shard": "it takes texts, which --texts can give in parts", "settings": "they are measured with models of one graph",
		"concurrency": "it makes one image at a time, and its runs have --threads",
	}
	for _, f := range o.read.Flags() {
		why[f.Names()[0]] = "its files say how it is read"
	}
	for _, f := range o.Flags() {
		if name := f.Names()[0]; c.Given(name) && why[name] != "" {
			return commandline.Usagef("--%s is not for a pipeline such as %s: %s", name, o.model, why[name])
		}
	}
	return nil
}

// options say how a model of one graph runs.
func (o *generateOptions) options() generate.Options {
	opt := generate.Options{Runner: o.session.Runner, Concurrency: o.session.Concurrency,
		Tile: o.tiling.tile, Overlap: o.tiling.overlap, KeepSize: o.to.KeepSize}
	if o.restore.detector != "" {
		opt.Tile, opt.KeepSize = -1, false // a face is never cut
	}
	return opt
}
