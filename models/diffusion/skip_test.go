package diffusion

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// TestStepsOfTwoCalls: progress counts steps, of which all but the last call the model twice.
func TestStepsOfTwoCalls(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	for _, c := range []struct {
		scheduler string
		image     bool
		strength  float64
		want      []int // the steps done at each report
		calls     int
	}{
		{"euler", false, 0, []int{1, 2, 3, 4}, 4},
		{"heun", false, 0, []int{1, 2, 3, 4}, 7},
		{"kdpm2-ancestral", true, 0.5, []int{1, 2}, 3},
		{"HeunDiscreteScheduler", true, 0.25, []int{1}, 1},
		{"flow-heun", false, 0, []int{1, 2, 3, 4}, 7},
	} {
		var done []int
		r := Request{Prompt: "a fox", Steps: 4, Width: 32, Height: 32, Scheduler: c.scheduler, Strength: c.strength}
		r.Step = func(s Step) {
			if done = append(done, s.Done); s.Of != len(c.want) {
				t.Errorf("%s: of %d steps, want %d", c.scheduler, s.Of, len(c.want))
			}
		}
		if c.image {
			r.Image = picture(t, "option-48x32.png")
		}
		if calls := p.calls(r); calls != c.calls {
			t.Errorf("%s: %d calls, want %d", c.scheduler, calls, c.calls)
		}
		for s := range p.Samples(t.Context(), slices.Values([]Request{r})) {
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			if s.Request.Steps != 4 || strings.Contains(s.Request.Scheduler, "Discrete") {
				t.Errorf("%s: it was made in %d steps by %s", c.scheduler, s.Request.Steps, s.Request.Scheduler)
			}
		}
		if !slices.Equal(done, c.want) {
			t.Errorf("%s: steps %v, want %v", c.scheduler, done, c.want)
		}
	}
}

func TestOptionsRefused(t *testing.T) {
	p := pipeline(t, "sd", Options{})
	one := 1.0
	for want, r := range map[string]Request{
		"from 0 to 1":                {Prompt: "a fox", Eta: 1.5},
		"this scheduler has none":    {Prompt: "a fox", Eta: 0.5},
		"guidance rescale of 2":      {Prompt: "a fox", Rescale: 2},
		"there is no guidance":       {Prompt: "a fox", Rescale: 0.5, Guidance: &one},
		"clip skip of -1":            {Prompt: "a fox", ClipSkip: -1},
		"at most 1 can be left out":  {Prompt: "a fox", ClipSkip: 2},
		"no scheduler is called \"S": {Prompt: "a fox", Scheduler: "SASolverScheduler"},
	} {
		if _, err := p.Fill(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it to say %q", err, want)
		}
	}
	// SDXL's context is from before the last of its 2 layers.
	xl := pipeline(t, "sdxl", Options{})
	if _, err := xl.Fill(Request{Prompt: "a fox", ClipSkip: 2}); err == nil || !strings.Contains(err.Error(), "at most 1 can be left out") {
		t.Error(err)
	}
	// In float16 there are no values within the graph.
	if _, err := pipeline(t, "sd-fp16", Options{}).Fill(Request{Prompt: "a fox", ClipSkip: 1}); err == nil || !strings.Contains(err.Error(), "in float32") {
		t.Error(err)
	}
	if _, err := pipeline(t, "old", Options{}).Fill(Request{Prompt: "a fox", ClipSkip: 1}); err != nil {
		t.Error(err)
	}
}

func TestRescale(t *testing.T) {
	guided, text := []float32{2, -2, 4, -4}, []float32{1, -1, 2, -2}
	rescale(guided, text, 1)
	if !slices.Equal(guided, text) {
		t.Error(guided)
	}
	flat := []float32{3, 3}
	if rescale(flat, []float32{1, 2}, 0.7); flat[0] != 3 || math.IsNaN(float64(flat[1])) {
		t.Error(flat)
	}
}
