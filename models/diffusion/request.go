package diffusion

import (
	"context"
	"math"
	"slices"
	"strings"

	"ortho/models"
	"ortho/models/noise"
	"ortho/models/scheduler"
	"ortho/preprocess"
)

// sampling is the state of one sample on its way through the pipeline.
type sampling struct {
	*Pipeline
	Request
	schedule *scheduler.Scheduler
	from, to int // calls of the model by the schedule
	guided   bool
	normal   func([]float32) // draws standard normal numbers
	entropy  func() uint64   // draws a seed

	positive, negative *embedding
	start              *start // of Image
	grays              []byte // of a soft mask, [height, width]: how far the picture is what is made; nil: it is not soft
	latents            []float32
	image              *preprocess.Image
	err                error
}

// Fill fills in what a request leaves open, without running anything. The error says what does
// not suit the pipeline.
func (p *Pipeline) Fill(r Request) (Request, error) {
	d := &sampling{Pipeline: p, Request: r}
	err := d.begin(context.Background())
	return d.Request, err
}

// begin fills in what a request leaves open, and checks it.
func (d *sampling) begin(context.Context) error {
	d.fill()
	draws := noise.New(d.Seed)
	d.normal, d.entropy = draws.Normal, draws.Entropy
	if d.inject != nil {
		d.normal = d.inject
	}
	for _, check := range []func() error{d.checkNumbers, d.checkImages, d.checkControl, d.checkSize, d.checkLayers, d.plan} {
		if err := check(); err != nil {
			return err
		}
	}
	if n := d.spec.Denoiser.Latents * d.rows() * d.columns(); d.Latents != nil && len(d.Latents) != n {
		return inputError("%d latents, and an image of %dx%d has %d (shape [%d,%d,%d])", len(d.Latents), d.Width, d.Height, n, d.spec.Denoiser.Latents, d.rows(), d.columns())
	}
	return nil
}

// rows and columns are the height and the width of the latents.
func (d *sampling) rows() int    { return d.Height / d.spec.Scale }
func (d *sampling) columns() int { return d.Width / d.spec.Scale }

func (d *sampling) fill() {
	s := d.spec
	if d.Steps == 0 {
		d.Steps = s.Steps
	}
	if d.Guidance == nil {
		guidance := s.Guidance
		d.Guidance = &guidance
	}
	if d.Negative == nil && s.Negative != "" {
		d.Negative = &s.Negative
	}
	if d.Scheduler == "" && s.Unscheduled == nil {
		d.Scheduler = s.Schedule.Name()
	}
	if d.Fit == "" {
		d.Fit = FitCrop
	}
	if d.Width == 0 && d.Height == 0 {
		if d.Width, d.Height = s.Width, s.Height; d.original() != nil && !s.Fixed {
			d.Width, d.Height = d.sizeOf(d.original().Image)
		}
	}
	if d.Strength == 0 && d.Image != nil {
		d.Strength = defaultStrength(s.XL, d.Mask != nil)
	}
	d.fillControl()
	// An embedded guidance takes the place of a second row.
	d.guided = *d.Guidance > 1 && s.Denoiser.GuidanceCond == "" && !s.Consistency
}

// sizeOf is the size of what is made from an image: its own, as near as the pipeline can
// make it, or the next larger where it is padded. A photograph that is far larger than what the pipeline is made for would take
// more memory than there is: it is shrunk to as many pixels.
func (d *sampling) sizeOf(img *preprocess.Image) (width, height int) {
	s := d.spec
	shrink := 1.0
	if own, all := float64(s.Width)*float64(s.Height), float64(img.Width)*float64(img.Height); all > 4*own {
		shrink = math.Sqrt(own / all)
	}
	nearest := func(n int) int {
		units := float64(n) * shrink / float64(s.Multiple)
		if d.Fit == FitPad {
			return int(math.Ceil(units)) * s.Multiple
		}
		return max(1, int(math.Round(units))) * s.Multiple
	}
	return nearest(img.Width), nearest(img.Height)
}

// defaultStrength is that of diffusers' pipelines.
func defaultStrength(xl, masked bool) float64 {
	switch {
	case xl && masked:
		return 0.9999
	case xl:
		return 0.3
	case masked:
		return 1
	}
	return 0.8
}

func (d *sampling) checkNumbers() error {
	switch s := d.spec; {
	case d.Steps < 1 || d.Steps > MaxSteps:
		return inputError("%d steps: from 1 to %d", d.Steps, MaxSteps)
	case !(*d.Guidance >= 0 && *d.Guidance <= MaxGuidance):
		return inputError("a guidance of %v: from 0 to %d", *d.Guidance, MaxGuidance)
	case d.Scheduler == "":
		return models.StageInput.Wrap(s.Unscheduled)
	case !scheduler.Known(d.Scheduler):
		return inputError("no scheduler is called %q: there are %s", d.Scheduler, strings.Join(scheduler.Names(), ", "))
	case !(d.Eta >= 0 && d.Eta <= 1):
		return inputError("an eta of %v: from 0 to 1", d.Eta)
	case !(d.Rescale >= 0 && d.Rescale <= 1):
		return inputError("a guidance rescale of %v: from 0 to 1", d.Rescale)
	case d.Rescale > 0 && !d.guided:
		return inputError("a guidance rescale of %v, and there is no guidance: it must be above 1, and a consistency model has none", d.Rescale)
	case d.ClipSkip < 0:
		return inputError("a clip skip of %d layers: from 0", d.ClipSkip)
	case d.PreviewEvery < 0:
		return inputError("a preview every %d steps: from 1", d.PreviewEvery)
	}
	return nil
}

func (d *sampling) checkImages() error {
	switch s := d.spec; {
	case d.Image != nil && s.Encoder == nil:
		return inputError("%s can't start from an image: it has no vae_encoder; copy that folder from where the pipeline was exported, or export it anew", d.name)
	case d.Mask != nil && d.Image == nil:
		return inputError("a mask is of an image: give that too")
	case s.Denoiser.Masked > 0 && d.Mask == nil:
		return inputError("%s is made for inpainting: give an image and a mask, white where it is to be made anew", d.name)
	case d.Strength != 0 && d.Image == nil:
		return inputError("a strength is for an image to start from: give that too")
	case !slices.Contains(Fits, d.Fit):
		return inputError("no fit is called %q: there are crop, pad and squash", d.Fit)
	case d.Image != nil && !(d.Strength > 0 && d.Strength <= 1):
		return inputError("a strength of %v: above 0, and 1 at most", d.Strength)
	}
	return nil
}

func (d *sampling) checkSize() error {
	m, s := d.spec.Multiple, d.spec
	switch {
	case s.Fixed && (d.Width != s.Width || d.Height != s.Height):
		return inputError("a size of %dx%d: the graph of this pipeline was exported for %dx%d alone", d.Width, d.Height, s.Width, s.Height)
	case d.Width%m != 0 || d.Height%m != 0:
		return inputError("a size of %dx%d: both must be multiples of %d, such as %dx%d", d.Width, d.Height, m,
			max(1, (d.Width+m/2)/m)*m, max(1, (d.Height+m/2)/m)*m)
	case d.Width < m || d.Height < m || d.Width > MaxEdge || d.Height > MaxEdge:
		return inputError("a size of %dx%d: from %d to %d", d.Width, d.Height, m, MaxEdge)
	}
	for _, img := range d.images() {
		if f := d.frame(img); f.width > maxFitted || f.height > maxFitted {
			return inputError("an image of %dx%d can't be fitted to %dx%d by %s: it would be %dx%d before it is cut; cut it, or have it squashed", img.Width, img.Height, d.Width, d.Height, d.Fit, f.width, f.height)
		}
	}
	return nil
}

// checkLayers refuses to leave out layers that the text encoders have not, or don't tell of.
func (d *sampling) checkLayers() error {
	for i := range d.spec.Texts {
		if e := &d.spec.Texts[i]; d.ClipSkip > 0 {
			if _, err := e.layer(d.ClipSkip); err != nil {
				return models.StageInput.Wrap(err)
			}
		}
	}
	return nil
}

// maxFitted bounds the edges of an image that is resized before it is cut.
const maxFitted = 4 * MaxEdge

// plan settles the steps.
func (d *sampling) plan() error {
	config := d.spec.Schedule
	var err error
	// As a pipeline of diffusers is loaded, and then given another scheduler by from_config.
	if !d.spec.XL && !d.spec.Consistency {
		config = config.StableDiffusion(d.Mask != nil)
	}
	if d.spec.Unscheduled != nil || d.Scheduler != config.Name() {
		if config, err = config.With(d.Scheduler); err != nil {
			return models.StageInput.Wrap(err)
		}
		if name := config.Name(); name != "" {
			d.Scheduler = name // of a class
		}
	}
	// A model of flows sees patches of 2x2 latents.
	plan := scheduler.Plan{Steps: d.Steps, Eta: d.Eta, Patches: d.rows() / 2 * (d.columns() / 2), Entropy: d.entropy}
	within := d.spec.Consistency && (d.Scheduler == "lcm" || d.Scheduler == "tcd") // then the schedule itself begins late
	if d.Image != nil && within {
		plan.Strength = d.Strength
	}
	if d.schedule, err = scheduler.New(config, plan); err != nil {
		return models.StageInput.Wrap(err)
	}
	if d.from, d.to = 0, len(d.schedule.Timesteps()); d.Image == nil || within && d.Mask == nil {
		return nil
	}
	first := max(0, d.Steps-min(int(float64(d.Steps)*d.Strength), d.Steps))
	d.from = first * d.schedule.Order()
	if d.from >= d.to || first == d.Steps {
		if d.Steps == 1 {
			return inputError("a strength of %v leaves none of 1 step: raise one of them", d.Strength)
		}
		return inputError("a strength of %v leaves none of %d steps: raise one of them", d.Strength, d.Steps)
	}
	d.schedule.Begin(d.from)
	return nil
}
