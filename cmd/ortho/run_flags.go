package main

import (
	"github.com/urfave/cli/v2"

	"ortho/models/classify"
	"ortho/runner"
)

const categoryRun = "How it runs"

// runFlags say how a model runs over many images, whatever is made of its answers.
func runFlags() []cli.Flag {
	return append(sessionFlags(), &cli.IntFlag{Name: "batch", Category: categoryRun, DefaultText: "by provider; cpu: 1", Usage: "images of one run"})
}

// sessionFlags are those of runFlags that don't depend on what a run takes.
func sessionFlags() []cli.Flag {
	const run = categoryRun
	return []cli.Flag{
		&cli.StringFlag{Name: "settings", Category: run, Usage: "`FILE` of bench run --save-settings: its provider, threads, batch and concurrency, where no flag says otherwise"},
		&cli.StringFlag{Name: "provider", Aliases: []string{"p"}, Value: runner.CPU, Category: run, Usage: "execution `PROVIDERS`, in order of preference, such as cuda,cpu; no other is used"},
		&cli.StringSliceFlag{Name: "provider-option", Category: run, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=1, tensorrt.trt_fp16_enable=1 or openvino.device_type=GPU: keys of ONNX Runtime's own (docs/providers.md has the usual ones); may be repeated"},
		&cli.IntFlag{Name: "threads", Category: run, DefaultText: "by provider; cpu: 1", Usage: "intra-op threads of one run"},
		&cli.IntFlag{Name: "concurrency", Category: run, DefaultText: "by provider; cpu: one for each core", Usage: "runs in flight"},
		libraryFlag(),
	}
}

// imageFlags say how images are read.
func imageFlags() []cli.Flag { return []cli.Flag{maxPixelsFlag(), decodeFlag(), failFastFlag()} }

func maxPixelsFlag() cli.Flag {
	return &cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Category: "Input", Usage: "refuse images of more than `N` pixels before decoding them"}
}

func failFastFlag() cli.Flag {
	return &cli.BoolFlag{Name: "fail-fast", Category: "Input", Usage: "stop at the first image that fails"}
}

func progressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Value: "auto", Category: "Output", Usage: "`WHEN` progress is shown: auto (on a terminal), always or never (and no summary at the end)"}
}

// runnerOptions reads sessionFlags, and checks --batch and --max-pixels.
func runnerOptions(c *cli.Context) (runner.Options, error) {
	if err := applySettings(c); err != nil {
		return runner.Options{}, err
	}
	for _, name := range []string{"threads", "concurrency", "batch"} {
		if n := c.Int(name); n < 0 || n > 4096 {
			return runner.Options{}, usagef("--%s %d: from 1 to 4096, or 0 for the default", name, n)
		}
	}
	if c.IsSet("max-pixels") && c.Int64("max-pixels") < 1 {
		return runner.Options{}, usagef("--max-pixels %d: at least 1", c.Int64("max-pixels"))
	}
	providers, err := runner.ParseProviders(c.String("provider"), c.StringSlice("provider-option"))
	if err != nil {
		return runner.Options{}, usageError{err}
	}
	return runner.Options{Library: c.String("onnxruntime"), Providers: providers, Threads: c.Int("threads")}, nil
}

// runOptions reads runFlags and imageFlags.
func runOptions(c *cli.Context) (classify.Options, error) {
	options, err := runnerOptions(c)
	if err != nil {
		return classify.Options{}, err
	}
	scaled, err := scaledDecoding(c)
	if err != nil {
		return classify.Options{}, err
	}
	return classify.Options{
		Scaled:      scaled,
		Runner:      options,
		Batch:       c.Int("batch"),
		Concurrency: c.Int("concurrency"),
		MaxPixels:   c.Int64("max-pixels"),
	}, nil
}
