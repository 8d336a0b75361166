package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/runner/bench"
)

// benchImage says which image of a pipeline is timed, and how it is drawn.
type benchImage struct {
	asked     bench.Image // by the flags that say it as it is
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

// Read leaves all to request: a graph has no use for any of the flags, which comes first.
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

// checkPipeline refuses what of the command line is for a graph.
func (o *benchRunOptions) checkPipeline(call *flags.Call) error {
	const read, chosen, images = "its files say how it is read", "settings are chosen by the time of an image", "it is of images for a classifier"
	no := map[string]string{
		"batch": "a run has what an image needs", "concurrency": "a pipeline makes one image at a time",
		"input": "the parts are fed what an image gives them", "dim": "an image's --size settles the shapes",
		"objective": chosen, "max-p99-ms": chosen, "max-rss-mib": chosen,
		"rerun":         "measure a part of it again: -m DIR/PART/model.onnx --input RESULTS/PART.npz",
		"save-settings": "generate takes the flags that are printed",
		"decode":        images, "fail-fast": images,
	}
	for name := range call.GivenIn(&o.read) {
		no[name] = read
	}
	for _, name := range slices.Sorted(maps.Keys(no)) {
		if call.Given(name) {
			return commandline.Usagef("--%s is not for a pipeline: %s", name, no[name])
		}
	}
	return nil
}
