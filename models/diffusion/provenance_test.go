package diffusion

import (
	"fmt"
	"testing"
)

func TestProvenance(t *testing.T) {
	for want, r := range map[string]Request{
		"[[ortho:seed 0] [ortho:steps 0] [ortho:guidance 0]]": {},
		"[[ortho:seed 3] [ortho:text a fox] [ortho:negative wolf] [ortho:steps 4] [ortho:guidance 1.5] [ortho:scheduler lcm] [ortho:strength 0.5]]": {
			Prompt: "a fox", Negative: new("wolf"), Seed: 3, Steps: 4, Guidance: new(1.5), Scheduler: "lcm", Strength: 0.5},
	} {
		if got := fmt.Sprint(r.Provenance().Chunks()); got != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
}
