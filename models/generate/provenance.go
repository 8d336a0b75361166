package generate

import "ortho/models/provenance"

// Provenance is what the sample's image was made of. The seed is left out where latents
// were given.
func (s Sample) Provenance() provenance.Image {
	r := s.Request
	made := provenance.Image{Text: r.Text, Class: r.Class, Label: r.Label, Truncation: r.Truncation, Latents: r.Origin}
	if r.Latents == nil {
		made.Seed = &r.Seed
	}
	if s.Class != nil { // it may have been drawn
		made.Class = s.Class
	}
	return made
}
