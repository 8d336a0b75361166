package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/bundled"
	"ortho/runner/bench"
)

// benchQuality has quality measured beside speed: by `ortho eval` under the recommended settings.
type benchQuality struct {
	data, images, truth, against string
	common                       bool
	limit                        int
}

func (q *benchQuality) Flags() []cli.Flag {
	const quality = "Quality beside speed"
	return []cli.Flag{
		&cli.StringFlag{Name: "data", Destination: &q.data, Category: quality, Usage: "then also measure how good the model is under the recommended settings, on images of which the truth is known: `PATH`, as of ortho eval"},
		&cli.StringFlag{Name: "against", Destination: &q.against, Category: quality, Usage: "and what it costs or gains against another `MODEL` on the same images and settings, and how much faster it is"},
		&cli.StringFlag{Name: "images", Destination: &q.images, Category: quality, DefaultText: "beside the truth", Usage: "the `FOLDER` of the images that COCO's .json or labels name"},
		&cli.StringFlag{Name: "truth", Destination: &q.truth, Category: quality, DefaultText: "auto", Usage: "what the data's names of classes are: `KIND`, as of ortho eval"},
		&cli.BoolFlag{Name: "common", Destination: &q.common, Category: quality, Usage: "judge only classes that both the data and the model have"},
		&cli.IntFlag{Name: "limit", Destination: &q.limit, Category: quality, Usage: "take `N` of the images, evenly spread over all"},
	}
}

func (q *benchQuality) Read(call *flags.Call) error {
	for _, name := range []string{"against", "images", "truth", "common", "limit"} {
		if call.Given(name) && q.data == "" {
			return commandline.Usagef("--%s says how quality is measured: it goes with --data", name)
		}
	}
	if call.Given("data") && q.data == "" {
		return commandline.Usagef("--data names nothing")
	}
	if _, err := os.Stat(q.data); q.data != "" && err != nil { // before minutes of measuring
		return fmt.Errorf("--data: %w", err)
	}
	if _, err := os.Stat(q.against); q.against != "" && err != nil && !slices.Contains(bundled.Names(), q.against) {
		return fmt.Errorf("--against: %w", err)
	}
	return nil
}

// evaluate runs ortho eval on a model under settings that were recommended; nil: none were.
func (q *benchQuality) evaluate(ctx context.Context, call *flags.Call, o *benchRunOptions, settings *bench.Settings) error {
	if q.data == "" {
		return nil
	}
	if settings == nil {
		call.Warn("no settings are recommended: the quality is not measured")
		return nil
	}
	words := []string{"ortho", "eval", "-m", o.model.Name, "--data", q.data}
	for _, f := range [][2]string{{"images", q.images}, {"truth", q.truth}, {"against", q.against}} {
		if f[1] != "" {
			words = append(words, "--"+f[0], f[1])
		}
	}
	if q.common {
		words = append(words, "--common")
	}
	if q.limit != 0 {
		words = append(words, "--limit", strconv.Itoa(q.limit))
	}
	for name, value := range settings.Values() {
		words = append(words, "--"+name, value)
	}
	for name, value := range call.GivenIn(&o.read) {
		words = append(words, "--"+name+"="+value)
	}
	fmt.Fprintf(call.Out, "\n%s\n", term.Clean(term.CommandLine(words...)))
	app := commandline.New("ortho", "", "", newEvalCommand())
	app.Reader, app.Writer, app.ErrWriter = call.In, call.Out, call.Err
	return app.RunContext(ctx, words)
}
