package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/runner/bench"
)

const categoryPipeline = "Of a pipeline"

// pipelineBenchFlags say which image's time is told.
func pipelineBenchFlags() []cli.Flag {
	const of = categoryPipeline
	return []cli.Flag{
		&cli.StringFlag{Name: "text", Category: of, Value: "a red fox in snow", Usage: "`WORDS` that the image is made from; they change nothing of its time"},
		&cli.StringFlag{Name: "size", Category: of, DefaultText: "the pipeline's", Usage: "`WxH` of the image in pixels, or one number for a square"},
		&cli.IntFlag{Name: "steps", Category: of, DefaultText: "the pipeline's", Usage: "`N` steps"},
		&cli.Float64Flag{Name: "guidance", Category: of, DefaultText: "the pipeline's", Usage: "how much the text counts: `G`; up to 1 none, which halves the work"},
		&cli.StringFlag{Name: "scheduler", Category: of, DefaultText: "the pipeline's", Usage: "`NAME` of another scheduler"},
		&cli.StringFlag{Name: "image", Category: of, Usage: "start from the image in `FILE`"},
		&cli.StringFlag{Name: "mask", Category: of, Usage: "make anew what is white in the image `FILE` only"},
		&cli.Float64Flag{Name: "strength", Category: of, DefaultText: "the pipeline's", Usage: "how much of --image is made anew: `S`, above 0 to 1"},
		&cli.BoolFlag{Name: "low-memory", Category: of, Usage: "hold one part at a time where images are drawn; each is measured alone in any case"},
	}
}

// pipelineBudget is that of a pipeline where none is given: its parts are several, and large.
const pipelineBudget = 10 * time.Minute

// pipelinePlan is what the flags ask for of every part.
func pipelinePlan(c *cli.Context) (bench.Plan, error) {
	no := map[string]string{
		"batch": "a run has what an image needs", "concurrency": "a pipeline makes one image at a time",
		"input": "the parts are fed what an image gives them", "dim": "an image's --size settles the shapes",
		"objective": "settings are chosen by the time of an image", "max-p99-ms": "settings are chosen by the time of an image",
		"max-rss-mib":   "settings are chosen by the time of an image",
		"rerun":         "measure a part of it again: -m DIR/PART/model.onnx --input RESULTS/PART.npz",
		"save-settings": "generate takes the flags that are printed",
	}
	for _, s := range settings {
		no[s.name] = "its files say how it is read"
	}
	no["invert"], no["decode"], no["fail-fast"] = "its files say how it is read", "it is of images for a classifier", "it is of images for a classifier"
	for _, name := range slices.Sorted(maps.Keys(no)) {
		if reason := no[name]; c.IsSet(name) {
			return bench.Plan{}, usagef("--%s is not for a pipeline: %s", name, reason)
		}
	}
	p, err := benchPlan(c, 1)
	if err != nil {
		return p, err
	}
	p.Concurrency, p.Objective = []int{1}, bench.ObjectiveLatency
	if !c.IsSet("budget") && p.BudgetS > 0 {
		p.BudgetS = pipelineBudget.Seconds()
	}
	return p, nil
}

// pipelineImage is the image whose time is asked for.
func pipelineImage(c *cli.Context) (i bench.Image, err error) {
	i = bench.Image{Prompt: c.String("text"), Seed: c.Uint64("seed"), Steps: c.Int("steps"), Scheduler: c.String("scheduler"), Strength: c.Float64("strength")}
	switch n := c.NArg(); {
	case n > 1:
		return i, usagef("%d texts for one image: quote the words, as in \"a red fox in snow\"", n)
	case n == 1 && c.IsSet("text"):
		return i, usagef("the text is given twice: %q and with --text", c.Args().First())
	case n == 1:
		i.Prompt = c.Args().First()
	case c.IsSet("steps") && i.Steps < 1:
		return i, usagef("--steps %d: at least 1", i.Steps)
	}
	if c.IsSet("guidance") {
		i.Guidance = new(c.Float64("guidance"))
	}
	if c.IsSet("size") {
		if i.Width, i.Height, err = widthAndHeight(c.String("size")); err != nil {
			return i, err
		}
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"image", &i.Image}, {"mask", &i.Mask}} {
		if name := c.String(f.name); name != "" {
			if *f.to, err = filepath.Abs(name); err != nil {
				return i, err
			}
			if _, err := os.Stat(*f.to); err != nil {
				return i, fmt.Errorf("--%s: %w", f.name, err)
			}
		}
	}
	return i, nil
}
