package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/runner/bench"
)

// benchImage says which image of a pipeline is timed, and how it is drawn.
type benchImage struct {
	asked     bench.Image // by the flags that state it directly
	size      string
	guidance  float64
	lowMemory bool
}

func (i *benchImage) Flags() []cli.Flag {
	const of = "Of a pipeline"
	a := &i.asked
	return []cli.Flag{
		&cli.StringFlag{Name: "text", Destination: &a.Prompt, Category: of, Value: "a red fox in snow", Usage: "`WORDS` that the image is made from; they change nothing of its time"},
		&cli.StringFlag{Name: "size", Destination: &i.size, Category: of, DefaultText: "the pipeline's", Usage: "`WxH` of the image in pixels, or one number for a square"},
		&cli.IntFlag{Name: "steps", Destination: &a.Steps, Category: of, DefaultText: "the pipeline's", Usage: "`N` steps"},
		&cli.Float64Flag{Name: "guidance", Destination: &i.guidance, Category: of, DefaultText: "the pipeline's", Usage: "how much the text counts: `G`; up to 1 none, which halves the work"},
		&cli.StringFlag{Name: "scheduler", Destination: &a.Scheduler, Category: of, DefaultText: "the pipeline's", Usage: "`NAME` of another scheduler"},
		&cli.StringFlag{Name: "image", Destination: &a.Image, Category: of, Usage: "start from the image in `FILE`"},
		&cli.StringFlag{Name: "mask", Destination: &a.Mask, Category: of, Usage: "make anew what is white in the image `FILE` only"},
		&cli.Float64Flag{Name: "strength", Destination: &a.Strength, Category: of, DefaultText: "the pipeline's", Usage: "how much of --image is made anew: `S`, above 0 to 1"},
		&cli.BoolFlag{Name: "low-memory", Destination: &i.lowMemory, Category: of, Usage: "hold one part at a time where images are drawn; each is measured alone in any case"},
	}
}

// Read leaves all checks to request: for a graph, the flags are refused before.
func (*benchImage) Read(*flags.Call) error { return nil }

// request is the image whose time is asked for.
func (i *benchImage) request(call *flags.Call, seed uint64) (bench.Image, error) {
	r := i.asked
	r.Seed = seed
	switch n := len(call.Args); {
	case n > 1:
		return r, commandline.Usagef("%d texts for one image: quote the words, as in \"a red fox in snow\"", n)
	case n == 1 && call.Given("text"):
		return r, commandline.Usagef("the text is given twice: %q and with --text", call.Args[0])
	case n == 1:
		r.Prompt = call.Args[0]
	case call.Given("steps") && r.Steps < 1:
		return r, commandline.Usagef("--steps %d: at least 1", r.Steps)
	}
	if call.Given("guidance") {
		r.Guidance = new(i.guidance)
	}
	var err error
	if call.Given("size") {
		if r.Width, r.Height, err = widthAndHeight(i.size); err != nil {
			return r, err
		}
	}
	for _, f := range []struct {
		flag string
		name *string
	}{{"image", &r.Image}, {"mask", &r.Mask}} {
		if *f.name == "" {
			continue
		}
		if *f.name, err = filepath.Abs(*f.name); err != nil {
			return r, err
		}
		if _, err := os.Stat(*f.name); err != nil {
			return r, fmt.Errorf("--%s: %w", f.flag, err)
		}
	}
	return r, nil
}
