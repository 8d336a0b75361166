package diffusion

import "ortho/models/provenance"

// Provenance is what an image of the request is made of, if all that a request leaves open
// is filled in. Where its latents, its image and its mask come from, only those who have
// read them can add.
func (r Request) Provenance() provenance.Image {
	d := &provenance.Diffusion{Steps: r.Steps, Scheduler: r.Scheduler, Strength: r.Strength}
	if r.Negative != nil {
		d.Negative = *r.Negative
	}
	if r.Guidance != nil {
		d.Guidance = *r.Guidance
	}
	return provenance.Image{Seed: &r.Seed, Text: r.Prompt, Diffusion: d}
}
