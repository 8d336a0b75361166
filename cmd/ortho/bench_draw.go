package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/diffusion"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/child"
	"ortho/runner/machine"
	"ortho/runner/npz"
	"ortho/runner/regular"
	"ortho/runner/stats"
)

// newBenchDrawCommand is what bench run starts for a pipeline before its parts are measured.
func newBenchDrawCommand() *cli.Command {
	return flags.Command(cli.Command{
		Name:   "draw",
		Hidden: true,
		Usage:  "draws images of a pipeline; speaks JSON lines",
	}, func(ctx context.Context, call *flags.Call) error {
		return bench.ServeDrawing(child.WithWording(ctx, remedy.Text), call.In, call.Out, drawPipeline)
	})
}

// drawPipeline makes the image that is asked for, and writes the parts' inputs to the
// request's folder.
func drawPipeline(ctx context.Context, r bench.DrawRequest) (*bench.DrawAnswer, error) {
	request, err := diffusionRequest(r.Image, r.MaxPixels)
	if err != nil {
		return nil, err
	}
	m, err := diffusion.ReadFolder(r.Pipeline)
	if err != nil {
		return nil, err
	}
	t, err := diffusion.Trace(ctx, m, request, diffusion.TraceOptions{
		Runner:    runner.Options{Library: r.Library, Providers: r.Providers, Threads: r.Threads},
		LowMemory: r.LowMemory,
		Limit:     time.Duration(r.LimitS * float64(time.Second)),
		Inputs: func(part string, arrays []npz.Array) error {
			return npz.WriteFile(bench.PartInputs(r.Folder, part), arrays)
		},
	})
	if err != nil {
		return nil, err
	}
	d := &bench.DrawAnswer{Image: r.Image, Work: workOf(t, r.LowMemory)}
	d.Image.Width, d.Image.Height, d.Image.Steps = t.Request.Width, t.Request.Height, t.Request.Steps
	d.Image.Guidance, d.Image.Scheduler, d.Image.Strength = t.Request.Guidance, t.Request.Scheduler, t.Request.Strength
	for _, p := range t.Parts {
		d.Parts = append(d.Parts, bench.PartUse(p))
	}
	return d, nil
}

func diffusionRequest(i bench.Image, maxPixels int64) (q diffusion.Request, err error) {
	q = diffusion.Request{Prompt: i.Prompt, Seed: i.Seed, Width: i.Width, Height: i.Height, Steps: i.Steps, Guidance: i.Guidance, Scheduler: i.Scheduler, Strength: i.Strength}
	for _, f := range []struct {
		name string
		to   **preprocess.Picture
	}{{i.Image, &q.Image}, {i.Mask, &q.Mask}} {
		if f.name == "" {
			continue
		}
		data, err := regular.ReadFile(f.name, source.MaxFile)
		if err != nil {
			return q, err
		}
		if *f.to, err = preprocess.DecodePicture(data, preprocess.DecodeOptions{MaxPixels: maxPixels}); err != nil {
			return q, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return q, nil
}

// workOf is the time of Go's own work around the graphs.
func workOf(t *diffusion.Traced, lowMemory bool) bench.Work {
	w := bench.Work{Provider: t.Provider, Threads: t.Threads, LowMemory: lowMemory, Steps: t.Steps, Of: t.Of}
	if peak := machine.Memory().Peak; peak != nil {
		w.PeakBytes = new(int64(*peak))
	}
	if len(t.StepMS) > 0 {
		w.StepMS = new(stats.Summarize(t.StepMS))
	}
	switch {
	case !t.Whole:
		w.Reason = fmt.Sprintf("the image was drawn for %d of %d steps only, to leave time for the parts", t.Steps, t.Of)
	case lowMemory:
		w.Reason = "with one graph in memory at a time, it can't be told from opening them"
	default:
		w.WallMS, w.ImageMS = new(stats.Quantile(t.WallMS, 0.5)), new(stats.Quantile(t.OwnMS, 0.5))
	}
	return w
}
