package provenance

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// TestImage: the same in a row and in a file, each in its order, without what does not apply.
func TestImage(t *testing.T) {
	diffusion := &Diffusion{Negative: "blurry", Steps: 3, Guidance: 7.5, Scheduler: "ddim", Fit: "crop", Strength: 0.6, ImageSHA256: "1f", MaskSHA256: "2f", InvertMask: true}
	for _, c := range []struct {
		image  Image
		row    string
		chunks string
	}{
		{Image{}, `{}`, "[]"},
		{Image{Seed: new(uint64(0)), Text: "a\x00b"}, `{"seed":0,"text":"a\u0000b"}`, "[[ortho:seed 0] [ortho:text a\uFFFDb]]"},
		{Image{Seed: new(uint64(1<<64 - 1)), Class: new(0), Label: "zero", Truncation: 0.5}, `{"seed":18446744073709551615,"class":0,"label":"zero","truncation":0.5}`,
			"[[ortho:seed 18446744073709551615] [ortho:class 0] [ortho:label zero] [ortho:truncation 0.5]]"},
		{Image{Latents: &Latents{From: 2, SHA256: "ab"}}, `{"latents":{"from":2}}`, "[[ortho:latents-sha256 ab] [ortho:latents-row 2]]"},
		{Image{Latents: &Latents{From: 2, To: new(uint64(5)), At: new(0.25)}}, `{"latents":{"from":2,"to":5,"at":0.25}}`, "[[ortho:interpolate 2,5,0.25]]"},
		{Image{Seed: new(uint64(7)), Text: "a fox", Latents: &Latents{SHA256: "ab"}, Diffusion: diffusion},
			`{"seed":7,"text":"a fox","latents":{"from":0},"negative":"blurry","steps":3,"guidance":7.5,"scheduler":"ddim","fit":"crop","strength":0.6,"image_sha256":"1f","mask_sha256":"2f","mask_invert":true}`,
			"[[ortho:seed 7] [ortho:text a fox] [ortho:negative blurry] [ortho:steps 3] [ortho:guidance 7.5] [ortho:scheduler ddim] [ortho:fit crop] [ortho:strength 0.6] " +
				"[ortho:image-sha256 1f] [ortho:mask-sha256 2f] [ortho:mask-invert true] [ortho:latents-sha256 ab] [ortho:latents-row 0]]"},
		{Image{Diffusion: &Diffusion{ControlSHA256: []string{"3f", "4f"}, ControlScale: []float64{1, 0.5}, ControlStart: []float64{0, 0.2}, ControlEnd: []float64{1, 1}, ControlGuess: true}},
			`{"steps":0,"guidance":0,"scheduler":"","control_sha256":["3f","4f"],"control_scale":[1,0.5],"control_start":[0,0.2],"control_end":[1,1],"control_guess":true}`,
			"[[ortho:steps 0] [ortho:guidance 0] [ortho:control-sha256 3f 4f] [ortho:control-scale 1 0.5] [ortho:control-start 0 0.2] [ortho:control-end 1 1] [ortho:control-guess true]]"},
		{Image{Diffusion: &Diffusion{}}, `{"steps":0,"guidance":0,"scheduler":""}`, "[[ortho:steps 0] [ortho:guidance 0]]"},
	} {
		row, err := json.Marshal(c.image)
		if err != nil || string(row) != c.row {
			t.Errorf("%s, %v; want %s", row, err, c.row)
		}
		if got := fmt.Sprint(c.image.Chunks()); got != c.chunks {
			t.Errorf("%s; want %s", got, c.chunks)
		}
		var back Image
		if err := json.Unmarshal(row, &back); err != nil {
			t.Fatal(err)
		}
		if c.image.Latents != nil {
			c.image.Latents.SHA256 = ""
		}
		if !reflect.DeepEqual(back, c.image) {
			t.Errorf("%s was read back as %+v", row, back)
		}
	}
}
