package diffusion

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ortho/runner"
	"ortho/runner/npz"
)

// An image's parts are listed in the order of their use, with as many runs as all its steps
// take and the inputs of one.
func TestTrace(t *testing.T) {
	m, err := ReadFolder(filepath.Join("testdata", "sd"))
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]string{}
	keep := func(part string, arrays []npz.Array) error {
		for _, a := range arrays {
			inputs[part] += fmt.Sprintf("%s%v ", a.Name, a.Shape)
		}
		return nil
	}
	request := Request{Prompt: "a red fox", Width: 64, Height: 64, Steps: 8}
	one := runner.Options{Threads: 1}
	got, err := Trace(t.Context(), m, request, TraceOptions{Runner: one, Inputs: keep})
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, p := range got.Parts {
		parts = append(parts, fmt.Sprintf("%s:%d:%d", p.Name, p.Runs, len(p.Outputs)))
		if p.TookMS <= 0 || inputs[p.Name] == "" {
			t.Errorf("%+v, inputs %q", p, inputs[p.Name])
		}
	}
	// PNDM runs the UNet once more than there are steps; the prompt and what it leads away
	// from are two texts.
	if got := strings.Join(parts, " "); got != "text_encoder:2:1 unet:9:1 vae_decoder:1:1" {
		t.Errorf("parts %s", got)
	}
	if !strings.Contains(inputs["unet"], "sample[2 4 ") { // guidance
		t.Errorf("the UNet's inputs are %s", inputs["unet"])
	}
	if got.Request.Scheduler != "pndm" || got.Request.Prompt != "a red fox" || got.Provider != runner.CPU || got.Threads != 1 {
		t.Errorf("%+v by %s, %d threads", got.Request, got.Provider, got.Threads)
	}
	images := len(got.WallMS)
	if !got.Whole || got.Steps != got.Of || images == 0 || images > mostImages || len(got.OwnMS) != images || len(got.StepMS) != images*(got.Of-1) {
		t.Errorf("%d images of %d of %d steps: %v, %d times of steps", images, got.Steps, got.Of, got.Whole, len(got.StepMS))
	}
	for i, own := range got.OwnMS {
		if own <= 0 || own >= got.WallMS[i] {
			t.Errorf("Go took %v ms of %v", own, got.WallMS[i])
		}
	}

	cut, err := Trace(t.Context(), m, request, TraceOptions{Runner: one, Limit: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if cut.Whole || cut.Steps != 2 || cut.Of != got.Of || len(cut.WallMS) != 0 || len(cut.StepMS) != 1 || cut.Parts[1].Runs != got.Parts[1].Runs {
		t.Errorf("an image that was cut: %+v", cut)
	}

	full := errors.New("the disk is full")
	for want, opt := range map[string]TraceOptions{
		full.Error():      {Runner: one, Inputs: func(string, []npz.Array) error { return full }},
		"euler-ancestral": {Runner: one},
	} {
		r := request
		if want != full.Error() {
			r.Scheduler = "none"
		}
		if _, err := Trace(t.Context(), m, r, opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
