package main

import (
	"github.com/urfave/cli/v2"

	"ortho/models/classify"
	"ortho/runner"
)

// runFlags say how a model runs over many images, whatever is made of its answers.
func runFlags() []cli.Flag {
	const run = "How it runs"
	return []cli.Flag{
		&cli.StringFlag{Name: "settings", Category: run, Usage: "`FILE` of bench run --save-settings: its provider, threads, batch and concurrency, where no flag says otherwise"},
		&cli.StringFlag{Name: "provider", Aliases: []string{"p"}, Value: runner.CPU, Category: run, Usage: "execution `PROVIDERS`, in order of preference, such as cuda,cpu; no other is used"},
		&cli.StringSliceFlag{Name: "provider-option", Category: run, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=1, tensorrt.trt_fp16_enable=1 or openvino.device_type=GPU: keys of ONNX Runtime's own (docs/providers.md has the usual ones); may be repeated"},
		&cli.IntFlag{Name: "threads", Category: run, DefaultText: "by provider; cpu: 1", Usage: "intra-op threads of one run"},
		&cli.IntFlag{Name: "concurrency", Category: run, DefaultText: "by provider; cpu: one for each core", Usage: "runs in flight"},
		&cli.IntFlag{Name: "batch", Category: run, DefaultText: "by provider; cpu: 1", Usage: "images of one run"},
		libraryFlag(),
	}
}

// imageFlags say how images are read.
func imageFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Category: "Input", Usage: "refuse images of more than `N` pixels before decoding them"},
		decodeFlag(),
		&cli.BoolFlag{Name: "fail-fast", Category: "Input", Usage: "stop at the first image that fails"},
	}
}

func progressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Value: "auto", Category: "Output", Usage: "`WHEN` progress is shown: auto (on a terminal), always or never (and no summary at the end)"}
}

// runOptions reads runFlags and imageFlags.
func runOptions(c *cli.Context) (classify.Options, error) {
	if err := applySettings(c); err != nil {
		return classify.Options{}, err
	}
	for _, name := range []string{"threads", "concurrency", "batch"} {
		if n := c.Int(name); n < 0 || n > 4096 {
			return classify.Options{}, usagef("--%s %d: from 1 to 4096, or 0 for the default", name, n)
		}
	}
	if c.Int64("max-pixels") < 1 {
		return classify.Options{}, usagef("--max-pixels %d: at least 1", c.Int64("max-pixels"))
	}
	providers, err := runner.ParseProviders(c.String("provider"), c.StringSlice("provider-option"))
	if err != nil {
		return classify.Options{}, usageError{err}
	}
	scaled, err := scaledDecoding(c)
	if err != nil {
		return classify.Options{}, err
	}
	return classify.Options{
		Scaled:      scaled,
		Runner:      runner.Options{Library: c.String("onnxruntime"), Providers: providers, Threads: c.Int("threads")},
		Batch:       c.Int("batch"),
		Concurrency: c.Int("concurrency"),
		MaxPixels:   c.Int64("max-pixels"),
	}, nil
}
