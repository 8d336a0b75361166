package grounding

import (
	"context"
	"strings"

	"ortho/models/describe"
	"ortho/models/witness"
)

// Settle asks the describer about what is ambiguous, each with the part of the image that its box is of, in the
// order of the names and at most so many of them; the others stay as they are. img.Read is called once for
// each. An answer of "yes" makes it found, "no" not found. One that does not come leaves it ambiguous, with the
// reason: what was described is not lost by it. The error is ctx's.
func Settle(ctx context.Context, d *describe.Describer, img describe.Image, sight witness.Sight, mentions []Mention, most int) (describe.Usage, error) {
	var usage describe.Usage
	for i := range mentions {
		m := &mentions[i]
		if m.Status != Ambiguous || m.Box == nil {
			continue
		}
		if most--; most < 0 {
			break
		}
		part := img
		part.Candidates, part.Sight = nil, witness.Sight{}
		part.Part = &describe.Part{Box: *m.Box, Orientation: sight.Orientation}
		got, err := d.Confirm(ctx, part, m.Name)
		if err != nil {
			if ctx.Err() != nil && context.Cause(ctx) == ctx.Err() { // and not the image's deadline
				return usage, ctx.Err()
			}
			m.Asked = &Asked{Error: strings.ToValidUTF8(err.Error(), "\uFFFD")}
			continue
		}
		usage.Add(got.Usage)
		m.Asked = &Asked{Answer: got.Answer, Reason: got.Reason, Model: got.Model, Cached: got.Cached}
		switch got.Answer {
		case describe.Yes:
			m.Status = Found
		case describe.No:
			m.Status = NotFound
		}
	}
	return usage, nil
}
