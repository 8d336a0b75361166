package flags

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
	"ortho/preprocess"
	"ortho/runner/machine"
)

// MaxPixels bounds the images that are decoded, and what decoders take.
type MaxPixels struct{ Pixels int64 }

func (*MaxPixels) Flags() []cli.Flag {
	return []cli.Flag{
		&cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Category: "Input", Usage: "refuse images of more than `N` pixels before decoding them"},
		&cli.Int64Flag{Name: "max-memory", Category: "Input",
			Usage:       "let decoders of images take `MB` megabytes together, and refuse images that take more alone",
			DefaultText: "256 together; a quarter of the machine's memory alone, and less of small files that claim much"},
	}
}

func (m *MaxPixels) Read(c *Call) error {
	m.Pixels = c.line.Int64("max-pixels")
	if c.Given("max-pixels") && m.Pixels < 1 {
		return commandline.Usagef("--max-pixels %d: at least 1", m.Pixels)
	}
	most := c.line.Int64("max-memory")
	if c.Given("max-memory") && (most < 1 || most > math.MaxInt64>>20) {
		return commandline.Usagef("--max-memory %d: megabytes, at least 1", most)
	}
	preprocess.BoundMemory(memoryBounds(most<<20, int64(min(machine.Limit(), math.MaxInt64))))
	return nil
}

// memoryBounds are those that are asked for, in bytes, or else those of a machine with so many; 0: not known.
func memoryBounds(asked, machine int64) preprocess.MemoryBounds {
	b := preprocess.DefaultMemory
	switch {
	case asked > 0:
		return preprocess.MemoryBounds{Together: asked, Each: asked}
	case machine > 0:
		b.Together, b.Each = min(b.Together, machine/8), machine/4
	}
	return b
}

// FailFast says what items that fail do to a run: it stops at the first, or it ends with an exit code of its own
// where there are too many.
type FailFast struct {
	Unit     string // what an item is called; "": image
	Uncapped bool   // there is no --max-failed: how many fail has no code of its own
	Ends     bool   // there is no --fail-fast: all has been done before
	Stop     bool
	Most     float64 // of all, that may fail: 0 to 1
}

// TooMany reports whether more of all items have failed than may: of nil none.
func (f *FailFast) TooMany(failed, all int64) bool {
	return failed > 0 && (f == nil || float64(failed) > f.Most*float64(all))
}

// Stops reports whether the first item that fails ends the run; nil does not.
func (f *FailFast) Stops() bool { return f != nil && f.Stop }

func (f *FailFast) Flags() []cli.Flag {
	unit := cmp.Or(f.Unit, "image")
	var all []cli.Flag
	if !f.Ends {
		all = append(all, &cli.BoolFlag{Name: "fail-fast", Category: "Input", Usage: "stop at the first " + unit + " that fails"})
	}
	if !f.Uncapped {
		all = append(all, &cli.Float64Flag{Name: "max-failed", Category: "Input", DefaultText: "0", Usage: "end with exit code 3 only where more than `RATE` (0 to 1) of the " + unit + "s have failed; 1: never, since their rows tell"})
	}
	return all
}

func (f *FailFast) Read(c *Call) error {
	f.Stop = !f.Ends && c.line.Bool("fail-fast")
	if f.Uncapped {
		return nil
	}
	if f.Most = c.line.Float64("max-failed"); !(f.Most >= 0 && f.Most <= 1) {
		return commandline.Usagef("--max-failed %v: from 0 to 1", f.Most)
	}
	if f.Stop && c.Given("max-failed") {
		return commandline.Usagef("--fail-fast stops at the first that fails, and --max-failed lets some: give one of them")
	}
	return nil
}

// Timeout bounds the time that an image takes until it is decoded.
type Timeout struct{ PerImage time.Duration }

func (*Timeout) Flags() []cli.Flag {
	return []cli.Flag{&cli.DurationFlag{Name: "timeout-per-image", Category: "Input", Usage: "give an image up that is not read and decoded within `DURATION`, such as 30s", DefaultText: "no limit"}}
}

func (t *Timeout) Read(c *Call) error {
	t.PerImage = c.line.Duration("timeout-per-image")
	if c.Given("timeout-per-image") && t.PerImage <= 0 {
		return commandline.Usagef("--timeout-per-image %v: more than 0", t.PerImage)
	}
	return nil
}

// JPEGs says how JPEGs are decoded.
type JPEGs struct{ Scaled bool } // they come smaller from the decoder, where that leaves enough

func (*JPEGs) Flags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{Name: "decode", Value: "exact", Category: "Input",
		Usage: "`HOW` JPEGs are decoded: exact, or scaled (by libjpeg-turbo, 2, 4 or 8 times smaller where that leaves twice the resized size; faster)"}}
}

// Read fails, before any work, where libjpeg-turbo can't be used as it was asked for.
func (j *JPEGs) Read(c *Call) error {
	how := c.line.String("decode")
	if err := commandline.OneOf("decode", how, "exact", "scaled"); err != nil {
		return err
	}
	j.Scaled = how == "scaled"
	switch d := preprocess.JPEGDecoder(); {
	case d.Name == "none":
		return errors.New(d.Error)
	case d.Name == "go" && j.Scaled:
		c.Warn("--decode scaled has no effect: " + d.Error)
	case d.Name == "go":
		TellJPEGs(c.Info)
	}
	return nil
}

// TellJPEGs says it where Go decodes JPEGs.
func TellJPEGs(info func(string)) {
	if d := preprocess.JPEGDecoder(); d.Name == "go" {
		info("JPEGs are decoded by Go's decoder, whose pixels differ from Pillow's by rounding: " + d.Error + " (`ortho runtime install --missing` brings libjpeg-turbo)")
	}
}

// Decoding says how images are decoded, and whether a run goes on where one can't be.
type Decoding struct {
	MaxPixels
	JPEGs
	FailFast
}

func (d *Decoding) Flags() []cli.Flag {
	return slices.Concat(d.MaxPixels.Flags(), d.JPEGs.Flags(), d.FailFast.Flags())
}

func (d *Decoding) Read(c *Call) error {
	for _, g := range []Group{&d.MaxPixels, &d.JPEGs, &d.FailFast} {
		if err := g.Read(c); err != nil {
			return err
		}
	}
	return nil
}

// Settings are those of the options that change what a model answers.
func (d *Decoding) Settings() record.Settings {
	how := "exact"
	if d.Scaled {
		how = "scaled"
	}
	return record.Settings{
		{Key: "max-pixels", Value: strconv.FormatInt(d.Pixels, 10)},
		{Key: "decode", Value: how},
		{Key: "JPEG decoder", Value: preprocess.JPEGDecoder().Name},
	}
}
