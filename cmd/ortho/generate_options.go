package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
)

// tiling says how large images are cut.
type tiling struct {
	text          string
	tile, overlap int // in pixels; 0: as the model says
}

func (t *tiling) Flags() []cli.Flag {
	const run = flags.CategoryRun
	return []cli.Flag{
		&cli.StringFlag{Name: "tile", Destination: &t.text, Category: run, DefaultText: "as the model says", Usage: "large images run in tiles of `N`xN pixels, which bounds memory; -1: never"},
		&cli.IntFlag{Name: "tile-overlap", Destination: &t.overlap, Category: run, DefaultText: "as the model says", Usage: "`N` pixels that neighbouring tiles share, and are blended over"},
	}
}

func (t *tiling) Read(c *flags.Call) (err error) {
	if c.Given("tile") {
		if t.tile, err = strconv.Atoi(t.text); err != nil || t.tile < -1 || t.tile == 0 || t.tile > 1<<16 {
			return commandline.Usagef("--tile %q: pixels, up to 65536, or -1 to never cut images", t.text)
		}
	}
	if t.overlap < 0 || t.overlap > 1<<15 {
		return commandline.Usagef("--tile-overlap %d: from 0 to 32768 pixels", t.overlap)
	}
	return nil
}

// sampleOptions say what is made without an image.
type sampleOptions struct {
	words, names []string // of --text and --class
	file         string   // of --texts
	between      string   // of --interpolate

	texts, classes []string
	seed           *uint64 // nil: drawn
	count          int
	truncation     float64
	latents        string     // a file; "": the seeds'
	ends           *[2]uint64 // of --interpolate
	frames         int

	givenSeed uint64
}

func (o *sampleOptions) Flags() []cli.Flag {
	const made = "What is made without an image"
	return []cli.Flag{
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "text", Category: made, Usage: "`WORDS` that the image is made from; may be repeated"}, Values: &o.words},
		&cli.StringFlag{Name: "texts", Destination: &o.file, Category: made, Usage: "a `FILE` with a text a line; - is standard input"},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "class", Category: made, Usage: "a class by its `INDEX` or label; may be repeated"}, Values: &o.names},
		&cli.Uint64Flag{Name: "seed", Destination: &o.givenSeed, Category: made, DefaultText: "drawn, and told", Usage: "`NUMBER` that all chance follows from: image i of a text or class has the seed + i, and is the same on every run"},
		&cli.IntFlag{Name: "count", Destination: &o.count, Aliases: []string{"n"}, Value: 1, Category: made, Usage: "images of each text or class"},
		&cli.Float64Flag{Name: "truncation", Destination: &o.truncation, Category: made, DefaultText: "none", Usage: "`T` (0 to 1): less variety, and fewer failures: latents beyond 2 are drawn anew, then multiplied by T"},
		&cli.StringFlag{Name: "latents", Destination: &o.latents, Category: made, Usage: "an .npy `FILE` with the latents of an image a row, in place of the seed's"},
		&cli.StringFlag{Name: "interpolate", Destination: &o.between, Category: made, Usage: "`A,B`: go from the latents of seed A to those of seed B (of --latents: from row A to row B), in --frames steps"},
		&cli.IntFlag{Name: "frames", Destination: &o.frames, Value: 24, Category: made, Usage: "images of --interpolate, both ends among them"},
	}
}

// Read takes arguments as texts (a pipeline's).
func (o *sampleOptions) Read(c *flags.Call) error {
	o.texts, o.classes = append(c.Args[:len(c.Args):len(c.Args)], o.words...), o.names
	if c.Given("seed") {
		o.seed = &o.givenSeed
	}
	if err := o.check(c); err != nil {
		return err
	}
	if c.Given("interpolate") {
		a, b, two := strings.Cut(o.between, ",")
		from, errA := strconv.ParseUint(strings.TrimSpace(a), 10, 64)
		to, errB := strconv.ParseUint(strings.TrimSpace(b), 10, 64)
		if !two || errA != nil || errB != nil {
			return commandline.Usagef("--interpolate %q: write A,B, two seeds or rows of --latents, such as 1,2", o.between)
		}
		o.ends = &[2]uint64{from, to}
	}
	if c.Given("texts") {
		more, err := c.Lines(o.file)
		if err != nil {
			return fmt.Errorf("%s: %w", flags.TextsName(o.file), err)
		}
		o.texts = append(o.texts, more...)
	}
	for i, t := range o.texts {
		if err := checkWords(fmt.Sprintf("text %d", i+1), t); err != nil {
			return err
		}
	}
	return nil
}

// check refuses numbers out of range, and flags that don't go together.
func (o *sampleOptions) check(c *flags.Call) error {
	switch {
	case o.count < 1 || o.count > 1_000_000:
		return commandline.Usagef("--count %d: from 1 to 1000000", o.count)
	case o.frames < 2 || o.frames > 10_000:
		return commandline.Usagef("--frames %d: from 2 to 10000", o.frames)
	case c.Given("truncation") && !(o.truncation > 0 && o.truncation <= 1):
		return commandline.Usagef("--truncation %v: above 0, and 1 at most", o.truncation)
	case c.Given("count") && (o.latents != "" || c.Given("interpolate")):
		return commandline.Usagef("--count is of seeds: --latents has an image a row, and --interpolate --frames of them")
	case c.Given("frames") && !c.Given("interpolate"):
		return commandline.Usagef("--frames is for --interpolate")
	case c.Given("truncation") && (o.latents != "" || c.Given("interpolate")):
		return commandline.Usagef("--truncation is for latents that are drawn, and not for --latents or --interpolate")
	case c.Given("seed") && c.Given("interpolate"):
		return commandline.Usagef("--interpolate A,B names the seeds: leave --seed out")
	case c.Given("keep-size") || c.Given("strip") || c.Given("first-frame") || c.Given("background") || c.Given("tile") || c.Given("tile-overlap"):
		return commandline.Usagef("--keep-size, --strip, --first-frame, --background, --tile and --tile-overlap are for images: name them")
	case c.Given("shard") || c.Given("shard-by"):
		return commandline.Usagef("--shard is for images: name them (texts and seeds can be given in parts)")
	}
	return nil
}

// alone reports whether one picture is made, as far as is known before the model is
// opened.
func (o *sampleOptions) alone() bool {
	return len(o.texts) <= 1 && len(o.classes) <= 1 && o.count == 1 && o.ends == nil
}

// sheetOptions say how pictures that are made without an image are shown together.
type sheetOptions struct {
	grid           *string // a file; nil: there is no sheet
	columns, scale int     // 0: as suits
	fps            int

	file string
}

func (s *sheetOptions) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "grid", Destination: &s.file, Category: out, Usage: "also show what was made without an image on one sheet, the image `FILE`"},
		&cli.IntFlag{Name: "columns", Destination: &s.columns, Category: out, DefaultText: "a row for each text or class, else a square", Usage: "columns of --grid"},
		&cli.IntFlag{Name: "scale", Destination: &s.scale, Category: out, DefaultText: "so that small images are about 112 pixels", Usage: "enlarge the pixels of --grid `N` times"},
		&cli.IntFlag{Name: "fps", Destination: &s.fps, Value: 12, Category: out, Usage: "images a second of an animation (1 to 50)"},
	}
}

func (s *sheetOptions) Read(c *flags.Call) error {
	if c.Given("grid") {
		s.grid = &s.file
	}
	switch {
	case s.fps < 1 || s.fps > 50:
		return commandline.Usagef("--fps %d: from 1 to 50", s.fps)
	case s.columns < 0 || s.columns > 10_000:
		return commandline.Usagef("--columns %d: from 1 to 10000", s.columns)
	case s.scale < 0 || s.scale > 64:
		return commandline.Usagef("--scale %d: from 1 to 64", s.scale)
	case s.grid == nil && (c.Given("columns") || c.Given("scale")):
		return commandline.Usagef("--columns and --scale are for --grid")
	}
	return nil
}

// given is what p points to; the zero value where it is nil.
func given[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
