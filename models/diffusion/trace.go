package diffusion

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/npz"
)

// TraceOptions say how [Trace] draws.
type TraceOptions struct {
	Runner    runner.Options
	LowMemory bool          // as in [Options]
	Limit     time.Duration // an image that would take longer is cut short; 0: no limit
	// Inputs, where not nil, is given the inputs of a run of each part, by the graph's names,
	// before images are timed. Of the UNet and its ControlNets it is a run in the middle of the steps.
	Inputs func(part string, arrays []npz.Array) error
}

// Traced is how an image uses the parts of a pipeline, and what time Go takes around them.
// Times are in milliseconds.
type Traced struct {
	Request   Request      // with all that was left open filled in
	Parts     []TracedPart // in the order of their use
	Provider  string       // that the first part ran on,
	Threads   int          // and its threads
	Steps, Of int          // of the last image that was timed: those that were drawn, and all
	Whole     bool         // the timed images were drawn to their ends
	StepMS    []float64    // Go's work in each step of them, but an image's first
	WallMS    []float64    // the wall clock of each that was drawn to its end
	OwnMS     []float64    // of the same images without the graphs' runs
}

// TracedPart is a part as an image uses it.
type TracedPart struct {
	Name    string
	Runs    int      // of an image
	TookMS  float64  // the last run
	Outputs []string // that are computed
	Fixed   bool     // its session is made for its inputs' sizes
}

const (
	shortSteps = 4 // enough for a step that is neither the first nor the last
	mostImages = 9 // images that are timed: more would not make their median more certain
)

// Trace first makes an image of a few steps, which shows how the parts are used and with what
// inputs, independent of how fast the machine is, and warms up the graphs. Then it times an
// image of all steps, or several where one takes little time. Of control that is not given the images are black: they change
// nothing of its time.
func Trace(ctx context.Context, m *Folder, r Request, opt TraceOptions) (*Traced, error) {
	t := &tracer{inputs: map[string][]npz.Array{}}
	p, err := Open(ctx, m, Options{Runner: opt.Runner, LowMemory: opt.LowMemory, Ran: t.ran})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if n := p.spec.ControlNets(); len(r.Control) == 0 && n > 0 {
		black := &preprocess.Image{Width: p.spec.Width, Height: p.spec.Height, Channels: 3, Pix: make([]byte, 3*p.spec.Width*p.spec.Height)}
		r.Control = slices.Repeat([]ControlImage{{Image: &preprocess.Picture{Image: black}}}, n)
	}
	if t.Request, err = p.Fill(r); err != nil {
		return nil, err
	}
	if _, err := t.draw(ctx, p, p.shortened(t.Request), 0); err != nil {
		return nil, err
	}
	for part, arrays := range t.inputs {
		if opt.Inputs == nil {
			break
		}
		if err := opt.Inputs(part, arrays); err != nil {
			return nil, fmt.Errorf("keep inputs of %s: %w", part, err)
		}
	}
	short, all := p.calls(p.shortened(t.Request)), p.calls(t.Request)
	t.inputs = nil
	t.Whole = true
	for start, n := time.Now(), 0; n == 0 || n < mostImages && t.Whole && time.Since(start) < time.Second; n++ {
		if t.Whole, err = t.draw(ctx, p, t.Request, opt.Limit); err != nil {
			return nil, err
		}
	}
	t.Steps, t.Of = t.image.done, t.image.of
	for i := range t.Parts {
		if part := &t.Parts[i]; stepped(part.Name) { // a call may take several runs
			part.Runs = part.Runs * all / max(1, short)
		}
	}
	t.Provider, t.Threads = p.Session().Provider, p.Session().Threads
	return &t.Traced, nil
}

// shortened is a filled-in request of few steps, and of another text, since the pipeline caches
// the embeddings of texts that it has seen.
func (p *Pipeline) shortened(r Request) Request {
	short := r
	short.Prompt += "."
	short.Steps = shortSteps
	if short.Image != nil { // only as many as the strength leaves are done
		short.Steps = int(math.Ceil(shortSteps / r.Strength))
	}
	short.Steps = min(short.Steps, r.Steps)
	if _, err := p.Fill(short); err != nil { // some schedulers want more
		short.Steps = r.Steps
	}
	return short
}

// calls is how often the schedule of a filled-in request calls the model.
func (p *Pipeline) calls(r Request) int {
	d := &sampling{Pipeline: p, Request: r}
	if err := d.begin(context.Background()); err != nil {
		return 0
	}
	return d.to - d.from
}

// tracer measures while images are made.
type tracer struct {
	Traced
	inputs map[string][]npz.Array // of each part; nil: the images are timed
	image  progress
}

// progress is that of the image being made.
type progress struct {
	done, of int           // steps
	spent    time.Duration // in graphs, and in the tracer
	stepEnd  time.Duration // of the last step: the clock,
	stepHad  time.Duration // and what was spent then
	cut      bool
}

// draw makes an image. One that would take longer than limit (0: none) is cut short, which is no
// error; whole reports whether it was not.
func (t *tracer) draw(ctx context.Context, p *Pipeline, r Request, limit time.Duration) (whole bool, err error) {
	t.image = progress{}
	drawing, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	r.Step = func(s Step) {
		if t.step(s, time.Since(start), limit); t.image.cut {
			cancel()
		}
	}
	var sample *Sample
	for s := range p.Samples(drawing, slices.Values([]Request{r})) {
		sample = &s
	}
	wall := time.Since(start)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case t.image.cut:
		return false, nil
	case sample == nil:
		return false, errors.New("draw an image: the pipeline made none")
	case sample.Err != nil:
		return false, fmt.Errorf("draw an image: %w", sample.Err)
	}
	if t.inputs == nil {
		t.WallMS, t.OwnMS = append(t.WallMS, milliseconds(wall)), append(t.OwnMS, milliseconds(wall-t.image.spent))
	}
	return true, nil
}

// step notes that a step ended now, by the image's clock.
func (t *tracer) step(s Step, now, limit time.Duration) {
	i := &t.image
	if i.done > 0 && t.inputs == nil {
		t.StepMS = append(t.StepMS, milliseconds(now-i.stepEnd-(i.spent-i.stepHad)))
		end := now + time.Duration(s.Of-s.Done)*(now-i.stepEnd)
		i.cut = i.cut || limit > 0 && s.Done < s.Of && end > limit
	}
	i.done, i.of, i.stepEnd, i.stepHad = s.Done, s.Of, now, i.spent
}

// ran counts a run, and keeps its inputs: those of the first, and of the UNet those of the
// step in the middle.
func (t *tracer) ran(r Run) {
	start := time.Now()
	t.image.spent += r.Took
	if t.inputs == nil {
		return
	}
	i := slices.IndexFunc(t.Parts, func(p TracedPart) bool { return p.Name == r.Part })
	if i < 0 {
		i = len(t.Parts)
		t.Parts = append(t.Parts, TracedPart{Name: r.Part, Fixed: r.Session.Fixed})
		for _, v := range r.Session.Outputs {
			t.Parts[i].Outputs = append(t.Parts[i].Outputs, v.Name)
		}
	}
	part := &t.Parts[i]
	part.Runs++
	part.TookMS = milliseconds(r.Took)
	if part.Runs == 1 || stepped(r.Part) && t.image.done > 0 && t.image.done == t.image.of/2 {
		var arrays []npz.Array
		for k, in := range r.Inputs {
			arrays = append(arrays, in.Array(r.Session.Inputs[k].Name))
		}
		t.inputs[r.Part] = arrays
	}
	t.image.spent += time.Since(start)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
