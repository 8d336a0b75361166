package pages

import (
	"fmt"
	"strings"

	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models/imagine"
	"ortho/models/witness"
)

// maxSeen is how many boxes, segments or labels of a list a page shows.
const maxSeen = 10

// seenBlocks show what further models see in the image.
func (i *Imagined) seenBlocks(s *witness.Sight) (blocks []report.Block, err error) {
	card := report.Card{Name: "boxes"}
	if i.Boxes != nil {
		card.Picture = *i.Boxes
	}
	for _, d := range s.Detections[:min(len(s.Detections), maxSeen)] {
		card.Bars = append(card.Bars, report.Bar{Label: witness.NameOf(d.Label, d.Index), Probability: float64(d.Score)})
	}
	if more := len(s.Detections) - len(card.Bars); more > 0 {
		card.Note = fmt.Sprintf("the first %d of %d boxes", len(card.Bars), len(s.Detections))
	}
	if len(s.Detections) > 0 {
		html, err := report.Cards([]report.Card{card})
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, html)
	}
	for _, t := range seenTables(s) {
		blocks = append(blocks, t)
	}
	if len(blocks) == 0 {
		blocks = append(blocks, report.Text("Nothing."))
	}
	return blocks, nil
}

func seenTables(s *witness.Sight) (all []report.Table) {
	if len(s.Segments) > 0 {
		t := report.Table{Caption: "What the segmenter sees", Columns: []report.Column{{Name: "class"}, {Name: "share", Number: true}}}
		for _, p := range s.Segments[:min(len(s.Segments), maxSeen)] {
			t.Rows = append(t.Rows, report.Row{Cells: report.Cells(witness.NameOf(p.Label, p.Index), percentOf(p.Share))})
		}
		all = append(all, t)
	}
	for _, l := range s.Lists {
		t := report.Table{Caption: "Of " + l.Name, Columns: []report.Column{{Name: "label"}, {Name: "probability", Number: true}}}
		for _, p := range l.Predictions[:min(len(l.Predictions), maxSeen)] {
			t.Rows = append(t.Rows, report.Row{Cells: report.Cells(labelOf(p), percentOf(p.Probability))})
		}
		all = append(all, t)
	}
	return all
}

// sidesTable shows what the boxes say of each side's class.
func sidesTable(sides []imagine.Side) report.Table {
	t := report.Table{Caption: "Each side's class, and the detector's boxes", Columns: []report.Column{{Name: "side"}, {Name: "class"}, {Name: "boxes"}}}
	for _, s := range sides {
		t.Rows = append(t.Rows, report.Row{Cells: report.Cells(s.By, s.Name, rows.MentionText(s.Mention))})
	}
	return t
}

// seenText is a sight in a line.
func seenText(s *witness.Sight) string {
	var parts []string
	for _, d := range s.Detections[:min(len(s.Detections), maxSeen)] {
		parts = append(parts, fmt.Sprintf("%s %.2f", witness.NameOf(d.Label, d.Index), d.Score))
	}
	for _, p := range s.Segments[:min(len(s.Segments), 3)] {
		parts = append(parts, fmt.Sprintf("%.0f %% %s", 100*p.Share, witness.NameOf(p.Label, p.Index)))
	}
	for _, l := range s.Lists {
		if len(l.Predictions) > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s", l.Name, labelOf(l.Predictions[0])))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
