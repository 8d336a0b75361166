package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"ortho/cmd/ortho/internal/output"
)

// Page is a report.
type Page struct {
	Title    string
	Subtitle string // a line below the title
	By       string // what made it: "ortho 0.5.0, linux/amd64, 2026-05-04 12:30 UTC"
	Sections []Section
}

// Section is a part of a page with a headline of its own, to which the page links.
type Section struct {
	Title  string
	Blocks []Block
}

// Block is what a section is made of: Text, List, Notice, Command, Facts, Table, Figure,
// Fold or HTML.
type Block interface {
	html() (template.HTML, error)
	markdown(b *strings.Builder)
}

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var templates = template.Must(template.New("page").Funcs(template.FuncMap{
	"show":   func(b Block) (template.HTML, error) { return b.html() },
	"anchor": anchor,
	"style":  func() template.CSS { return template.CSS(pageStyle) },
	"script": func() template.JS { return template.JS(pageScript) },
	"policy": policy,
}).Parse(pageSource))

// policy is the page's Content-Security-Policy: nothing is fetched, and no script runs
// but its own, which sorts tables, moves sliders and finds
// images. Figures have style attributes.
func policy() string {
	digest := sha256.Sum256([]byte(pageScript))
	return "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(digest[:]) + "'"
}

// anchor is a headline as the fragment of a link.
func anchor(title string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}

// Add adds a section where it has something.
func (p *Page) Add(title string, blocks ...Block) {
	if len(blocks) > 0 {
		p.Sections = append(p.Sections, Section{title, blocks})
	}
}

// WriteHTML writes the page as one HTML file.
func (p *Page) WriteHTML(w io.Writer) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page", p); err != nil {
		return fmt.Errorf("render the report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Markdown is the page as GitHub shows it: without figures and HTML blocks.
func (p *Page) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", markdown(p.Title))
	if p.Subtitle != "" {
		fmt.Fprintf(&b, "%s\n\n", markdown(p.Subtitle))
	}
	for _, s := range p.Sections {
		var blocks strings.Builder
		for _, block := range s.Blocks {
			block.markdown(&blocks)
		}
		if blocks.Len() > 0 {
			fmt.Fprintf(&b, "## %s\n\n%s", markdown(s.Title), blocks.String())
		}
	}
	if p.By != "" {
		fmt.Fprintf(&b, "---\n%s\n", markdown(p.By))
	}
	return b.String()
}

// Save writes the page's HTML to a file that appears when it is complete. Without
// overwrite one that exists is refused, as is one that the run reads.
func (p *Page) Save(ctx context.Context, reads *output.Reads, name string, overwrite bool) error {
	f, err := reads.Create(ctx, name, overwrite)
	if err != nil {
		return err
	}
	if err := p.WriteHTML(f); err != nil {
		f.Discard()
		return err
	}
	return f.Commit()
}

// render executes a block's template.
func render(name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, data)
	return template.HTML(b.String()), err
}
