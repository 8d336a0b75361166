package pages

import (
	"fmt"

	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/term"
)

// Gallery is a page that shows images with their results.
type Gallery struct {
	Title, By     string
	Cards         []report.Card // the first of the output's rows
	Total, Failed int64         // rows of the output
}

// Page lays the gallery out.
func (g *Gallery) Page() (*report.Page, error) {
	p := &report.Page{Title: term.Clean(g.Title), Subtitle: fmt.Sprintf("%s, %d failed", count(int(g.Total), "image"), g.Failed), By: g.By}
	var blocks []report.Block
	if shown := int64(len(g.Cards)); shown < g.Total {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: fmt.Sprintf("The first %d of %d images.", shown, g.Total), Text: "A page of all of them would be too large; the output has their rows."})
	}
	html, err := report.Cards(g.Cards)
	p.Sections = []report.Section{{Title: "Images", Blocks: append(blocks, html)}}
	return p, err
}
