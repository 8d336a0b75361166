package report

import (
	"fmt"
	"html/template"
	"strings"
)

// Text is a paragraph.
type Text string

// List are paragraphs of a list.
type List []string

// Mark says how a notice, a row or a cell is meant; it has a colour, and never the
// colour alone: texts say it too.
type Mark string

// The marks. Best is the one to take, Good is in order, Weak is to be read with care,
// Bad is an error, Dim is ruled out or unknown.
const (
	Plain Mark = ""
	Best  Mark = "best"
	Good  Mark = "good"
	Weak  Mark = "weak"
	Bad   Mark = "bad"
	Dim   Mark = "dim"
)

// Notice is a paragraph that stands out.
type Notice struct {
	Mark  Mark
	Title string // in bold, before the text; may be empty
	Text  string
}

// Command is text to copy, verbatim: a command line.
type Command string

// Facts are names with their values.
type Facts []Fact

// Fact is a name and its value. Hint, if any, is shown small beside it.
type Fact struct{ Name, Value, Hint string }

// Table is a table that a click on a column's head sorts. Numbers are right-aligned;
// one column has one unit, so that they sort by the number that the text begins with.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
}

// Column is the head of a column. Hint explains it.
type Column struct {
	Name, Hint string
	Number     bool
}

// Row is a row of a table, with as many cells as there are columns.
type Row struct {
	Mark  Mark
	Cells []Cell
}

// Cell is a text of a table. Note is shown small below it, Hint where the mouse rests.
type Cell struct {
	Text, Note, Hint string
	Mark             Mark
}

// Cells makes cells of plain texts.
func Cells(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}

// Fold holds what only some readers want to see.
type Fold struct {
	Title  string
	Blocks []Block
}

// HTML is a block of a report's own, made by a template. Markdown leaves it out.
type HTML template.HTML

func (t Text) html() (template.HTML, error)    { return render("text", t) }
func (l List) html() (template.HTML, error)    { return render("list", l) }
func (n Notice) html() (template.HTML, error)  { return render("notice", n) }
func (c Command) html() (template.HTML, error) { return render("command", c) }
func (f Facts) html() (template.HTML, error)   { return render("facts", f) }
func (t Table) html() (template.HTML, error)   { return render("table", t) }
func (f Fold) html() (template.HTML, error)    { return render("fold", f) }
func (h HTML) html() (template.HTML, error)    { return template.HTML(h), nil }

func (t Text) markdown(b *strings.Builder) { fmt.Fprintf(b, "%s\n\n", markdown(string(t))) }

func (l List) markdown(b *strings.Builder) {
	for _, text := range l {
		fmt.Fprintf(b, "- %s\n", markdown(text))
	}
	b.WriteString("\n")
}

func (n Notice) markdown(b *strings.Builder) {
	if n.Title != "" {
		fmt.Fprintf(b, "> **%s** ", markdown(n.Title))
	} else {
		b.WriteString("> ")
	}
	fmt.Fprintf(b, "%s\n\n", markdown(n.Text))
}

func (c Command) markdown(b *strings.Builder) {
	fence := "```"
	for strings.Contains(string(c), fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "%s\n%s\n%s\n\n", fence, strings.TrimRight(string(c), "\n"), fence)
}

func (f Facts) markdown(b *strings.Builder) {
	for _, fact := range f {
		fmt.Fprintf(b, "- %s: %s", markdown(fact.Name), markdown(fact.Value))
		if fact.Hint != "" {
			fmt.Fprintf(b, "; %s", markdown(fact.Hint))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

func (t Table) markdown(b *strings.Builder) {
	if t.Caption != "" {
		fmt.Fprintf(b, "%s\n\n", markdown(t.Caption))
	}
	rule := ""
	for _, c := range t.Columns {
		fmt.Fprintf(b, "| %s ", markdown(c.Name))
		if c.Number {
			rule += "| ---: "
		} else {
			rule += "| --- "
		}
	}
	fmt.Fprintf(b, "|\n%s|\n", rule)
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			text := markdown(c.Text)
			if c.Mark == Best && text != "" || r.Mark == Best && text != "" {
				text = "**" + text + "**"
			}
			if c.Note != "" {
				text += " (" + markdown(c.Note) + ")"
			}
			fmt.Fprintf(b, "| %s ", text)
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
}

func (f Fold) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "**%s**\n\n", markdown(f.Title))
	for _, block := range f.Blocks {
		block.markdown(b)
	}
}

func (HTML) markdown(*strings.Builder) {}

// markdown escapes text for one line of Markdown, a table's cell among them.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "|", `\|`, "#", `\#`, "~", `\~`,
	"\r\n", " ", "\n", " ", "\r", " ")

func markdown(s string) string { return markdownEscapes.Replace(s) }
