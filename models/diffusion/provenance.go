package diffusion

import "ortho/models/provenance"

// Provenance describes the image of a request whose open fields are filled in. Where its latents,
// its image and its mask come from, the caller, who has read them, adds.
func (r Request) Provenance() provenance.Image {
	d := &provenance.Diffusion{Steps: r.Steps, Scheduler: r.Scheduler, Strength: r.Strength, Eta: r.Eta, Rescale: r.Rescale, ClipSkip: r.ClipSkip}
	if r.Image != nil || len(r.Control) > 0 {
		d.Fit = string(r.Fit)
	}
	part := false
	for _, c := range r.Control {
		d.ControlScale = append(d.ControlScale, *c.Scale)
		d.ControlStart, d.ControlEnd = append(d.ControlStart, c.Start), append(d.ControlEnd, c.End)
		part = part || c.Start > 0 || c.End < 1
	}
	if !part {
		d.ControlStart, d.ControlEnd = nil, nil
	}
	d.ControlGuess = r.Guess
	if r.Negative != nil {
		d.Negative = *r.Negative
	}
	if r.Guidance != nil {
		d.Guidance = *r.Guidance
	}
	return provenance.Image{Seed: &r.Seed, Text: r.Prompt, Diffusion: d}
}
