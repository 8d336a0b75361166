package diffusion

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/machine"
	"ortho/runner/npz"
)

func ptr[T any](v T) *T { return &v }

// one makes an image of a request.
func one(t testing.TB, p *Pipeline, r Request) Sample {
	t.Helper()
	for s := range p.Samples(t.Context(), slices.Values([]Request{r})) {
		return s
	}
	t.Fatal("no sample")
	return Sample{}
}

func TestFill(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	inpaint := pipeline(t, "inpaint", Options{})
	photo, mask := picture(t, "picture.png"), picture(t, "mask.png")
	tiny := &preprocess.Picture{Image: preprocess.Resample(photo.Image, 60000, 1, preprocess.Bicubic)}
	for name, c := range map[string]struct {
		p    *Pipeline
		r    Request
		want []string // nil: no error
	}{
		"nothing but a prompt": {p, Request{Prompt: "a fox"}, nil},
		"an empty prompt":      {p, Request{}, nil},
		"all":                  {p, Request{Prompt: "a fox", Steps: 3, Guidance: ptr(0.0), Scheduler: "ddim", Width: 128, Height: 64}, nil},
		"width":                {p, Request{Width: 100, Height: 64}, []string{"100x64", "multiples of 16", "96x64"}},
		"height":               {p, Request{Width: 64, Height: 3}, []string{"64x3", "multiples of 16", "64x16"}},
		"huge":                 {p, Request{Width: 1 << 20, Height: 64}, []string{"to 16384"}},
		"negative size":        {p, Request{Width: -16, Height: 64}, []string{"-16x64"}},
		"halves":               {p, Request{Width: 72, Height: 64}, []string{"72x64", "multiples of 16"}},
		"narrow image":         {p, Request{Image: tiny}, []string{"60000x1", "can't be fitted"}},
		"one edge":             {p, Request{Width: 64}, []string{"64x0"}},
		"steps":                {p, Request{Steps: 1001}, []string{"1001 steps", "1000"}},
		"negative steps":       {p, Request{Steps: -1}, []string{"-1 steps"}},
		"guidance":             {p, Request{Guidance: ptr(-1.0)}, []string{"guidance of -1"}},
		"guidance NaN":         {p, Request{Guidance: ptr(math.NaN())}, []string{"guidance of NaN"}},
		"scheduler":            {p, Request{Scheduler: "sasolver"}, []string{`"sasolver"`, "euler-ancestral", "pndm"}},
		"latents":              {p, Request{Latents: make([]float32, 5)}, []string{"5 latents", "256", "[4,8,8]"}},
		"mask alone":           {p, Request{Mask: mask}, []string{"mask", "image"}},
		"strength alone":       {p, Request{Strength: 0.5}, []string{"strength", "image"}},
		"strength":             {p, Request{Image: photo, Strength: 1.5}, []string{"strength of 1.5"}},
		"too weak":             {p, Request{Image: photo, Strength: 0.1, Steps: 5}, []string{"strength of 0.1", "5 steps"}},
		"preview":              {p, Request{PreviewEvery: -1}, []string{"preview"}},
		"no image to inpaint":  {inpaint, Request{Prompt: "a fox"}, []string{"inpainting", "mask"}},
		"no mask to inpaint":   {inpaint, Request{Image: photo}, []string{"inpainting", "mask"}},
		"inpainting":           {inpaint, Request{Image: photo, Mask: mask}, nil},
	} {
		_, err := c.p.Fill(c.r)
		if c.want == nil && err != nil || c.want != nil && models.StageOf(err) != "input" {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want it to say %q", name, err, want)
			}
		}
		if s := one(t, c.p, c.r); c.want != nil && (s.Err == nil || s.Err.Error() != err.Error() || s.Image != nil) {
			t.Errorf("%s: Samples has %v", name, s.Err)
		}
	}
}

func TestWithoutEncoder(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	spec := *p.spec
	spec.Encoder = nil
	p.spec = &spec
	if _, err := p.Fill(Request{Image: picture(t, "picture.png")}); err == nil || !strings.Contains(err.Error(), "vae_encoder") {
		t.Error(err)
	}
}

// TestFilledIn: a sample's request holds the values that were used.
func TestFilledIn(t *testing.T) {
	p := pipeline(t, "lcm", Options{})
	s := one(t, p, Request{Prompt: "a fox", Seed: 3})
	if r := s.Request; s.Err != nil || r.Steps != 4 || *r.Guidance != 8.5 || r.Scheduler != "lcm" || r.Width != 64 || r.Height != 64 {
		t.Errorf("%+v", s)
	}
	sd := pipeline(t, "sd", Options{})
	photo := &preprocess.Picture{Image: preprocess.Resample(picture(t, "picture.png").Image, 1600, 800, preprocess.Bicubic)}
	if r, err := sd.Fill(Request{Image: photo}); err != nil || r.Width != 96 || r.Height != 48 { // 64x64 pixels in its proportions
		t.Errorf("of a large photograph: %dx%d, %v", r.Width, r.Height, err)
	}
	wide := &preprocess.Picture{Image: preprocess.Resample(picture(t, "picture.png").Image, 133, 81, preprocess.Bicubic)}
	s = one(t, sd, Request{Image: wide, Steps: 2})
	if r := s.Request; s.Err != nil || r.Width != 128 || r.Height != 80 || r.Strength != 0.8 || s.Image.Width != 128 || s.Image.Height != 80 {
		t.Errorf("%+v", s)
	}
}

// TestLowMemory: one graph at a time makes the same images, also with previews in between.
func TestLowMemory(t *testing.T) {
	most := 0
	var low *Pipeline
	low = pipeline(t, "sdxl", Options{LowMemory: true, Ran: func(Run) { most = max(most, len(low.open)) }})
	held := pipeline(t, "sdxl", Options{})
	previews := 0
	var requests []Request
	for i := range uint64(group + 2) {
		r := Request{Prompt: "a red fox in snow", Seed: i, Steps: 3}
		if i == 1 {
			r.PreviewEvery = 1
			r.Step = func(s Step) {
				if s.Preview != nil {
					previews++
				}
			}
		}
		requests = append(requests, r)
	}
	n := 0
	for s := range low.Samples(t.Context(), slices.Values(requests)) {
		want := one(t, held, Request{Prompt: s.Request.Prompt, Seed: uint64(n), Steps: 3})
		if s.Err != nil || want.Err != nil || !bytes.Equal(s.Image.Pix, want.Image.Pix) {
			t.Errorf("image %d: %v, %v, or another than with all graphs held", n, s.Err, want.Err)
		}
		n++
	}
	if n != len(requests) || most != 1 || previews != 2 {
		t.Errorf("%d images of %d, %d graphs at a time, %d previews", n, len(requests), most, previews)
	}
}

// TestBatches: what a graph fixes as its batch does not change the image.
func TestBatches(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	r := Request{Prompt: "a fox", Seed: 5, Steps: 3}
	want := one(t, p, r)
	for _, batch := range []int{1, 2, 3} {
		spec := *p.spec
		spec.Denoiser.Batch = batch
		p.spec = &spec
		got := one(t, p, r)
		if got.Err != nil {
			t.Errorf("a batch of %d: %v", batch, got.Err)
		} else if err := within(got.Image, npz.Array{Shape: []int64{64, 64, 3}, Data: want.Image.Pix}, 1); err != nil {
			t.Errorf("a batch of %d: %v", batch, err)
		}
	}
}

func TestCancel(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	ctx, cancel := context.WithCancel(t.Context())
	steps, images := 0, 0
	requests := []Request{{Steps: 2}, {Steps: 20, Step: func(s Step) {
		if steps = s.Done; steps == 3 {
			cancel()
		}
	}}, {Steps: 2}}
	for s := range p.Samples(ctx, slices.Values(requests)) {
		if s.Err != nil {
			t.Error(s.Err)
		}
		images++
	}
	if images != 1 || steps != 3 {
		t.Errorf("%d images, and %d steps of the one that was cancelled", images, steps)
	}
}

// TestEach: items of the caller's come back with their own samples, also in groups, and of
// the last group.
func TestEach(t *testing.T) {
	for _, low := range []bool{false, true} {
		p := pipeline(t, "sd", Options{LowMemory: low})
		n := 0
		for r := range Each(t.Context(), p, slices.Values([]uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), func(seed uint64) Request {
			if seed == 3 {
				return Request{Seed: seed, Steps: -1}
			}
			return Request{Seed: seed, Steps: 1}
		}) {
			if failed := r.Item == 3; r.Item != uint64(n) || r.Value.Request.Seed != r.Item || failed != (r.Err != nil) || r.Err != r.Value.Err || failed != (r.Value.Image == nil) {
				t.Errorf("result %d: item %d, seed %d, %v", n, r.Item, r.Value.Request.Seed, r.Err)
			}
			n++
		}
		if n != 10 {
			t.Errorf("%d results of 10", n)
		}
	}
}

// TestFailures: one image that fails leaves the others alone.
func TestFailures(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	bad := make([]float32, 4*8*8)
	bad[7] = float32(math.NaN())
	spec := *p.spec
	spec.Multiple = 8
	p.spec = &spec
	requests := []Request{{Steps: 1, Latents: bad}, {Steps: 2, Width: 72, Height: 64}, {Steps: 1}}
	var kinds []string
	for s := range p.Samples(t.Context(), slices.Values(requests)) {
		kind := ""
		if s.Err != nil {
			kind = string(models.StageOf(s.Err))
		}
		if kind == "output" && (!strings.Contains(s.Err.Error(), "unet") || !strings.Contains(s.Err.Error(), "float16") || !strings.Contains(s.Err.Error(), "step 1 of")) {
			t.Error(s.Err)
		}
		kinds = append(kinds, kind)
	}
	if !slices.Equal(kinds, []string{"output", "run", ""}) {
		t.Errorf("%q", kinds)
	}
	p.Close()
	if s := one(t, p, Request{Steps: 1}); !errors.Is(s.Err, runner.ErrClosed) {
		t.Error(s.Err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestCloseDuringSample: an image under way is finished before the sessions are freed.
func TestCloseDuringSample(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	closed := make(chan error)
	s := one(t, p, Request{Steps: 2, Step: func(s Step) {
		if s.Done > 1 {
			return
		}
		go func() { closed <- p.Close() }()
		for p.gate.Enter("it") == nil { // until Close has begun
			p.gate.Leave()
		}
	}})
	if s.Err != nil || s.Image == nil {
		t.Error(s.Err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if s := one(t, p, Request{Steps: 1}); !errors.Is(s.Err, runner.ErrClosed) {
		t.Errorf("%v, want ErrClosed", s.Err)
	}
}

// TestRan: each run of a part is reported.
func TestRan(t *testing.T) {
	var parts []string
	p := pipeline(t, "sdxl", Options{Ran: func(r Run) {
		if r.Took <= 0 || len(r.Inputs) != len(r.Session.Inputs) || r.Outputs[0] == nil {
			t.Errorf("%+v", r)
		}
		parts = append(parts, r.Part)
	}})
	one(t, p, Request{Prompt: "a", Negative: ptr("b"), Steps: 2, Image: picture(t, "picture.png"), Strength: 1})
	one(t, p, Request{Prompt: "a", Steps: 1})
	want := []string{TextEncoder1, TextEncoder2, TextEncoder1, TextEncoder2, VAEEncoder,
		UNet, UNet, VAEDecoder, UNet, VAEDecoder}
	if !slices.Equal(parts, want) {
		t.Errorf("%q, want %q", parts, want)
	}
}

// TestMemory: what images leave behind does not grow.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("13 images, each with graphs opened anew: make test-long")
	}
	p := pipeline(t, "sd", Options{LowMemory: true})
	var before int64
	for i := range 13 {
		if s := one(t, p, Request{Prompt: "a fox", Seed: uint64(i), Steps: 2}); s.Err != nil {
			t.Fatal(s.Err)
		}
		m := machine.Memory()
		if m.RSS == nil {
			t.Skip("memory is not known here")
		}
		if i == 3 {
			before = int64(*m.RSS)
		} else if i == 12 {
			if grown := (int64(*m.RSS) - before) >> 20; grown > 40 {
				t.Errorf("9 images left %d MiB", grown)
			}
		}
	}
}
