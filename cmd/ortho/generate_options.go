package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/models/generate"
)

// generateOptions are the flags of generate. What was not given, and has no default, is nil.
type generateOptions struct {
	args      []string
	model     string // "": what suits what is asked for
	asTask    bool   // --task says what the model is for
	overrides []override
	settings  *string // the file of bench run
	run       generate.Options
	maxPixels int64

	images  *imageOptions  // what images are made of
	samples *sampleOptions // what is made without an image
	prompt  *promptOptions // what a pipeline is asked for, beside that

	output                         string
	html, grid                     *string
	columns, scale                 *int
	fps                            int
	overwrite, resume, retryFailed bool

	reporting
}

// imageOptions say which images pictures are made of.
type imageOptions struct{ from source.Options }

// sampleOptions say what is made without an image.
type sampleOptions struct {
	texts, classes []string
	seed           *uint64 // nil: drawn
	count          int
	truncation     float64
	latents        string     // a file; "": the seeds'
	ends           *[2]uint64 // of --interpolate
	frames         int
}

// readGeneral reads the flags that all of generate has.
func readGeneral(c *cli.Context) (o generateOptions, err error) {
	if o.run, err = readRun(c); err != nil {
		return o, err
	}
	o.args, o.model, o.asTask, o.overrides, o.settings, o.maxPixels = c.Args().Slice(), c.String("model"), c.IsSet("task"), overridesOf(c), givenText(c, "settings"), c.Int64("max-pixels")
	o.output, o.html, o.grid, o.fps = c.String("output"), givenText(c, "html"), givenText(c, "grid"), c.Int("fps")
	if c.IsSet("columns") {
		o.columns = new(c.Int("columns"))
	}
	if c.IsSet("scale") {
		o.scale = new(c.Int("scale"))
	}
	o.overwrite, o.resume, o.retryFailed = c.Bool("overwrite"), c.Bool("resume"), c.Bool("retry-failed")
	o.reporting = reportingOf(c)
	return o, nil
}

// readRun reads how the model runs.
func readRun(c *cli.Context) (o generate.Options, err error) {
	if o.Runner, err = runnerOptions(c); err != nil {
		return o, err
	}
	if c.IsSet("tile") {
		if o.Tile, err = strconv.Atoi(c.String("tile")); err != nil || o.Tile < -1 || o.Tile == 0 || o.Tile > 1<<16 {
			return o, usagef("--tile %q: pixels, up to 65536, or -1 to never cut images", c.String("tile"))
		}
	}
	if o.Overlap = c.Int("tile-overlap"); o.Overlap < 0 || o.Overlap > 1<<15 {
		return o, usagef("--tile-overlap %d: from 0 to 32768 pixels", o.Overlap)
	}
	if q := c.Int("quality"); c.IsSet("quality") && (q < 1 || q > 100) {
		return o, usagef("--quality %d: from 1 to 100", q)
	}
	o.Concurrency, o.KeepSize = c.Int("concurrency"), c.Bool("keep-size")
	return o, nil
}

// ofSamples are the flags for what is made without an image.
var ofSamples = []string{"text", "texts", "class", "seed", "count", "truncation", "latents", "interpolate", "frames", "grid", "columns", "scale", "fps"}

// readImages reads which images pictures are made of.
func readImages(c *cli.Context) (*imageOptions, error) {
	for _, name := range ofSamples {
		if c.IsSet(name) && name == "scale" && c.String(name) == "2" && !c.IsSet("model") {
			return nil, usagef("--scale is of --grid, and how far images are enlarged is the model's: -m span-x2 does it twice, %s four times", defaultUpscaler)
		} else if c.IsSet(name) {
			return nil, usagef("--%s is for what is made without an image, and images are named", name)
		}
	}
	from, err := sources(c)
	return &imageOptions{from}, err
}

// What is asked for at most.
const (
	maxTexts   = 1 << 20
	maxText    = 1 << 16
	maxSamples = 100_000_000
)

// readSamples reads what is made without an image; arguments are texts (a pipeline's).
func readSamples(c *cli.Context) (*sampleOptions, error) {
	o := &sampleOptions{texts: append(c.Args().Slice(), c.StringSlice("text")...), classes: c.StringSlice("class"),
		count: c.Int("count"), truncation: c.Float64("truncation"), latents: c.String("latents"), frames: c.Int("frames")}
	if c.IsSet("seed") {
		o.seed = new(c.Uint64("seed"))
	}
	if err := o.check(c); err != nil {
		return nil, err
	}
	if c.IsSet("interpolate") {
		a, b, two := strings.Cut(c.String("interpolate"), ",")
		from, errA := strconv.ParseUint(strings.TrimSpace(a), 10, 64)
		to, errB := strconv.ParseUint(strings.TrimSpace(b), 10, 64)
		if !two || errA != nil || errB != nil {
			return nil, usagef("--interpolate %q: write A,B, two seeds or rows of --latents, such as 1,2", c.String("interpolate"))
		}
		o.ends = &[2]uint64{from, to}
	}
	if name := c.String("texts"); c.IsSet("texts") {
		more, err := readTexts(name, c.App.Reader)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", textsName(name), err)
		}
		o.texts = append(o.texts, more...)
	}
	for i, t := range o.texts {
		if err := checkWords(fmt.Sprintf("text %d", i+1), t); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// check refuses numbers out of range, and flags that don't go together.
func (o *sampleOptions) check(c *cli.Context) error {
	switch {
	case o.count < 1 || o.count > 1_000_000:
		return usagef("--count %d: from 1 to 1000000", o.count)
	case o.frames < 2 || o.frames > 10_000:
		return usagef("--frames %d: from 2 to 10000", o.frames)
	case c.IsSet("truncation") && !(o.truncation > 0 && o.truncation <= 1):
		return usagef("--truncation %v: above 0, and 1 at most", o.truncation)
	case c.IsSet("count") && (o.latents != "" || c.IsSet("interpolate")):
		return usagef("--count is of seeds: --latents has an image a row, and --interpolate --frames of them")
	case c.IsSet("frames") && !c.IsSet("interpolate"):
		return usagef("--frames is for --interpolate")
	case c.IsSet("truncation") && (o.latents != "" || c.IsSet("interpolate")):
		return usagef("--truncation is for latents that are drawn, and not for --latents or --interpolate")
	case c.IsSet("seed") && c.IsSet("interpolate"):
		return usagef("--interpolate A,B names the seeds: leave --seed out")
	case c.IsSet("fps") && !strings.EqualFold(filepath.Ext(c.String("output")), ".gif"):
		return usagef("--fps is for animations: give -o FILE.gif")
	case c.Int("fps") < 1 || c.Int("fps") > 50:
		return usagef("--fps %d: from 1 to 50", c.Int("fps"))
	case c.Bool("keep-size") || c.IsSet("background") || c.IsSet("tile") || c.IsSet("tile-overlap"):
		return usagef("--keep-size, --background, --tile and --tile-overlap are for images: name them")
	case c.IsSet("shard"):
		return usagef("--shard is for images: name them (texts and seeds can be given in parts)")
	}
	return nil
}

// alone reports whether one picture is made, as far as can be told before the model is
// there.
func (o *sampleOptions) alone() bool {
	return len(o.texts) <= 1 && len(o.classes) <= 1 && o.count == 1 && o.ends == nil
}
