package report

import (
	"fmt"

	"ortho/cmd/ortho/internal/term"
)

// Gallery is a page that shows images with what was said of them.
type Gallery struct {
	Title, By     string
	Cards         []Card // the first of the output's rows
	Total, Failed int64  // rows of the output
}

// Page lays the gallery out.
func (g *Gallery) Page() (*Page, error) {
	p := &Page{Title: term.Clean(g.Title), Subtitle: fmt.Sprintf("%s, %d failed", count(int(g.Total), "image"), g.Failed), By: g.By}
	var blocks []Block
	if shown := int64(len(g.Cards)); shown < g.Total {
		blocks = append(blocks, Notice{Weak, fmt.Sprintf("The first %d of %d images.", shown, g.Total), "A page of all of them would be too large; the output has their rows."})
	}
	html, err := Cards(g.Cards)
	p.Sections = []Section{{"Images", append(blocks, html)}}
	return p, err
}
