package pages

import (
	"fmt"
	"strings"

	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/imagine"
)

// Summary is the run for a terminal, a line a step.
func (i *Imagined) Summary() string {
	d := i.Story
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, term.Clean(fmt.Sprintf(format, args...)))
	}
	opinions := func(all []classify.Prediction) string {
		var parts []string
		for _, p := range all {
			parts = append(parts, fmt.Sprintf("%s %.1f %%", labelOf(p), 100*p.Probability))
		}
		return strings.Join(parts, ", ")
	}
	if d.Image != nil {
		line("image", "%s", opinions(d.Image.Predictions))
	}
	if d.Seen != nil {
		line("seen", "%s", seenText(d.Seen))
	}
	line("description", "%s (%s)", d.Description.Sentence, authorOf(&d.Description))
	switch {
	case d.Text == nil:
	case d.Text.Doubt != "":
		line("text", "no answer: %s", d.Text.Doubt)
	default:
		line("text", "%s", opinions(d.Text.Predictions))
	}
	if d.Fusion != nil {
		line("fused", "%s", opinions(d.Fusion.Predictions))
	} else if d.NotFused != "" {
		line("not fused", "%s", d.NotFused)
	}
	if d.Disagreement != nil {
		line("disagree", "%s", disagreementOf(d.Disagreement))
	}
	if len(d.Description.Checked) > 0 {
		line("objects", "%s", rows.ObjectsOf(&rows.Description{Objects: d.Description.Objects, Checked: d.Description.Checked}))
	}
	for _, s := range d.Sides {
		line("boxes", "%s (%s): %s", s.Name, s.By, rows.MentionText(s.Mention))
	}
	if d.Decision != nil {
		line("decision", "%s (%s)", d.Decision.Label, d.Decision.By)
	}
	for _, f := range d.Generation.Files {
		line("drawn", "%s", f)
	}
	if d.Generation.None != "" {
		line("not drawn", "%s", d.Generation.None)
	}
	if d.Usage.Requests > 0 {
		line("tokens", "%s", costOf(&d.Usage))
	}
	return b.String()
}

func labelOf(p classify.Prediction) string {
	if p.Label == "" {
		return fmt.Sprintf("class %d", p.Index)
	}
	return p.Label
}

// authorOf says whose words a description is.
func authorOf(d *imagine.Description) string {
	switch {
	case d.StandIn:
		return "a stand-in, made of the image model's classes"
	case d.By != "chat":
		return "by " + d.By
	case d.Cached:
		return fmt.Sprintf("by %s of %s, kept from earlier", d.Model, d.Host)
	}
	return fmt.Sprintf("by %s of %s", d.Model, d.Host)
}

func disagreementOf(d *imagine.Disagreement) string {
	s := fmt.Sprintf("the image says %s, the description %s", d.Image.Label, d.Text.Label)
	if d.Error != "" {
		return s + "; asked once more, no answer: " + d.Error
	}
	return s + "; asked once more: " + d.Reason
}

func costOf(u *describe.Usage) string {
	return fmt.Sprintf("%d of prompts (%d cached), %d of answers (%d reasoning), in %s", u.Prompt, u.Cached, u.Completion, u.Reasoning, term.Counted(int64(u.Requests), "request"))
}
