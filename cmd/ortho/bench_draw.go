package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/models/diffusion"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/child"
	"ortho/runner/machine"
	"ortho/runner/npz"
	"ortho/runner/stats"
)

// drawRequest has a process draw images, so that it is seen how a pipeline uses its parts.
type drawRequest struct {
	Pipeline  string            `json:"pipeline"` // its folder
	Image     bench.Image       `json:"image"`
	MaxPixels int64             `json:"max_pixels"` // of files of images
	Library   string            `json:"library"`
	Providers []runner.Provider `json:"providers"`
	Threads   int               `json:"threads"`
	LowMemory bool              `json:"low_memory"`
	LimitS    float64           `json:"limit_s"` // an image that would take longer is not drawn to its end; 0: none
	Folder    string            `json:"folder"`  // for inputs
}

// drawn is what drawing showed.
type drawn struct {
	Image bench.Image `json:"image"` // with what was left to the pipeline
	Parts []drawnPart `json:"parts"` // in the order of their use
	Work  bench.Work  `json:"work"`
}

// drawnPart is a part as an image uses it. Its inputs are in the folder.
type drawnPart struct {
	Name    string   `json:"name"`
	Runs    int      `json:"runs"` // of an image
	TookMS  float64  `json:"took_ms"`
	Outputs []string `json:"outputs"` // that are computed
	Fixed   bool     `json:"fixed"`   // its session is made for its inputs' sizes
}

func partInputs(folder, part string) string { return filepath.Join(folder, part+".npz") }

// newBenchDrawCommand is what bench run starts for a pipeline before its parts are measured.
func newBenchDrawCommand() *cli.Command {
	return &cli.Command{
		Name:   "draw",
		Hidden: true,
		Usage:  "draws images of a pipeline; speaks JSON lines",
		Action: func(c *cli.Context) error {
			return child.Serve(c.Context, os.Stdin, os.Stdout, func(ctx context.Context, r drawRequest) (any, error) { return r.draw(ctx) })
		},
	}
}

// shortSteps are enough for a step that is neither the first nor the last.
const shortSteps = 4

// mostImages are timed: more tell no more of their median.
const mostImages = 9

// draw draws an image of a few steps, which gives each part's inputs: they must not follow
// from how fast the machine is. It leaves the graphs warm. The next, of all steps, is timed;
// where that takes no time, several are.
func (r drawRequest) draw(ctx context.Context) (*drawn, error) {
	request, err := r.request()
	if err != nil {
		return nil, err
	}
	m, err := diffusion.ReadFolder(r.Pipeline)
	if err != nil {
		return nil, err
	}
	w := &watch{inputs: map[string][]npz.Array{}}
	p, err := diffusion.Open(ctx, m, diffusion.Options{
		Runner:    runner.Options{Library: r.Library, Providers: r.Providers, Threads: r.Threads},
		LowMemory: r.LowMemory,
		Ran:       w.ran,
	})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if request, err = p.Fill(request); err != nil {
		return nil, err
	}
	short := request
	short.Prompt += "." // the embeddings of one that was seen are kept
	short.Steps = shortSteps
	if short.Image != nil { // only as many as the strength leaves are done
		short.Steps = int(math.Ceil(shortSteps / request.Strength))
	}
	short.Steps = min(short.Steps, request.Steps)
	if _, err := p.Fill(short); err != nil { // some schedulers want more
		short.Steps = request.Steps
	}
	if _, err := w.draw(ctx, p, short, 0); err != nil {
		return nil, err
	}
	for part, arrays := range w.inputs {
		if err := npz.WriteFile(partInputs(r.Folder, part), arrays); err != nil {
			return nil, fmt.Errorf("keep inputs of %s: %w", part, err)
		}
	}
	d := &drawn{Image: r.Image, Parts: w.parts}
	filled, shortOf := request, w.of
	w.inputs = nil
	start, sample := time.Now(), (*diffusion.Sample)(nil)
	for n := 0; n == 0 || n < mostImages && sample != nil && time.Since(start) < time.Second; n++ {
		if sample, err = w.draw(ctx, p, request, r.LimitS); err != nil {
			return nil, err
		}
	}
	d.Image.Width, d.Image.Height, d.Image.Steps = filled.Width, filled.Height, filled.Steps
	d.Image.Guidance, d.Image.Scheduler, d.Image.Strength = filled.Guidance, filled.Scheduler, filled.Strength
	for i := range d.Parts {
		if part := &d.Parts[i]; part.Name == diffusion.UNet { // a step may take several runs
			part.Runs = part.Runs * w.of / max(1, shortOf)
		}
	}
	d.Work = w.work(sample != nil, r.LowMemory)
	d.Work.Provider, d.Work.Threads = p.Session().Provider, p.Session().Threads
	return d, nil
}

func (r drawRequest) request() (q diffusion.Request, err error) {
	i := r.Image
	q = diffusion.Request{Prompt: i.Prompt, Seed: i.Seed, Width: i.Width, Height: i.Height, Steps: i.Steps, Guidance: i.Guidance, Scheduler: i.Scheduler, Strength: i.Strength}
	for _, f := range []struct {
		name string
		to   **preprocess.Picture
	}{{i.Image, &q.Image}, {i.Mask, &q.Mask}} {
		if f.name == "" {
			continue
		}
		data, err := os.ReadFile(f.name)
		if err != nil {
			return q, err
		}
		if *f.to, err = preprocess.DecodePicture(data, preprocess.DecodeOptions{MaxPixels: r.MaxPixels}); err != nil {
			return q, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return q, nil
}

// watch looks on while images are drawn.
type watch struct {
	inputs map[string][]npz.Array // of each part; nil: the images are timed
	parts  []drawnPart            // of the first image
	underway
	steps []float64 // of timed images: Go's work in ms in each step, but the first
	walls []float64 // of timed images: the wall clock in ms
	owns  []float64 // of timed images: Go's work in ms
}

// underway is the image that is being drawn.
type underway struct {
	done, of int
	spent    time.Duration // in graphs, and in looking on
	at, then time.Duration // of the last step's end: the clock, and what was spent
	cut      bool
}

// draw draws an image. One that would take longer than limitS is cut, and nil.
func (w *watch) draw(ctx context.Context, p *diffusion.Pipeline, r diffusion.Request, limitS float64) (*diffusion.Sample, error) {
	w.underway = underway{}
	drawing, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	r.Step = func(s diffusion.Step) {
		now := time.Since(start)
		if w.done > 0 && w.inputs == nil {
			w.steps = append(w.steps, milliseconds(now-w.at-(w.spent-w.then)))
			if end := now + time.Duration(s.Of-s.Done)*(now-w.at); limitS > 0 && s.Done < s.Of && end.Seconds() > limitS {
				w.cut = true
				cancel()
			}
		}
		w.done, w.of, w.at, w.then = s.Done, s.Of, now, w.spent
	}
	var sample *diffusion.Sample
	for s := range p.Samples(drawing, slices.Values([]diffusion.Request{r})) {
		sample = &s
	}
	wall := time.Since(start)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case w.cut:
		return nil, nil
	case sample == nil:
		return nil, errors.New("draw an image: the pipeline made none")
	case sample.Err != nil:
		return nil, fmt.Errorf("draw an image: %w", sample.Err)
	}
	if w.inputs == nil {
		w.walls, w.owns = append(w.walls, milliseconds(wall)), append(w.owns, milliseconds(wall-w.spent))
	}
	return sample, nil
}

// ran counts a run, and keeps its inputs: those of the first, and of the UNet those of the
// step in the middle.
func (w *watch) ran(r diffusion.Run) {
	start := time.Now()
	w.spent += r.Took
	if w.inputs == nil {
		return
	}
	i := slices.IndexFunc(w.parts, func(p drawnPart) bool { return p.Name == r.Part })
	if i < 0 {
		i = len(w.parts)
		w.parts = append(w.parts, drawnPart{Name: r.Part, Fixed: r.Session.Fixed})
		for _, v := range r.Session.Outputs {
			w.parts[i].Outputs = append(w.parts[i].Outputs, v.Name)
		}
	}
	part := &w.parts[i]
	part.Runs++
	part.TookMS = milliseconds(r.Took)
	if part.Runs == 1 || r.Part == diffusion.UNet && w.done > 0 && w.done == w.of/2 {
		var arrays []npz.Array
		for k, t := range r.Inputs {
			arrays = append(arrays, t.Array(r.Session.Inputs[k].Name))
		}
		w.inputs[r.Part] = arrays
	}
	w.spent += time.Since(start)
}

// work is what Go did around the graphs.
func (w *watch) work(whole, lowMemory bool) bench.Work {
	b := bench.Work{LowMemory: lowMemory, Steps: w.done, Of: w.of}
	if peak := machine.Memory().Peak; peak != nil {
		b.PeakBytes = new(int64(*peak))
	}
	if len(w.steps) > 0 {
		b.StepMS = new(stats.Summarize(w.steps))
	}
	switch {
	case !whole:
		b.Reason = fmt.Sprintf("the image was drawn for %d of %d steps only, to leave time for the parts", w.done, w.of)
	case lowMemory:
		b.Reason = "with one graph in memory at a time, it can't be told from opening them"
	default:
		b.WallMS, b.ImageMS = new(stats.Quantile(w.walls, 0.5)), new(stats.Quantile(w.owns, 0.5))
	}
	return b
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
