package commandline

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/grid"
)

// detail says whether help is asked for, and how much of it.
type detail int

const (
	noHelp    detail = iota
	shortHelp        // -h: examples and the flags of every day
	longHelp         // --help: all
)

// narrow is the width below which the meaning of a flag stands under its name.
const narrow = 60

// writeHelp writes a page for the terminal that w is, at its width. What is hard-wrapped for
// docs/cli.md flows anew.
func writeHelp(w io.Writer, p page, how detail) error {
	width := grid.Width(w)
	var b strings.Builder
	fmt.Fprintln(&b, flowed(p.name+": "+p.about, 0, width))
	fmt.Fprintf(&b, "\nUsage: %s\n", flowed(p.usage(), 7, width))
	if len(p.examples) > 0 {
		fmt.Fprintf(&b, "\nExamples:\n%s", exampleLines(p.examples, width))
	}
	if len(p.commands) > 0 {
		fmt.Fprintln(&b, "\nCommands:")
		for _, c := range p.commands {
			entry(&b, c.Name, c.Usage, 17, width)
		}
	}
	if how == longHelp && p.text != "" {
		fmt.Fprintln(&b, "\n"+flowed(p.text, 0, width))
	}
	groups := p.groups
	if how == shortHelp && p.flags() > few && groups[0].title == "Everyday flags" {
		groups = groups[:1]
	}
	for _, g := range groups {
		fmt.Fprintln(&b, "\n"+flowed(g.title+":", 0, width))
		for _, f := range g.flags {
			entry(&b, f.names, f.meaning, 24, width)
		}
	}
	if how == shortHelp && (p.text != "" || len(groups) < len(p.groups)) {
		more := "more"
		if len(groups) < len(p.groups) {
			more = fmt.Sprintf("all %d flags, and more of what it does", p.flags())
		}
		fmt.Fprintln(&b, "\n"+flowed(fmt.Sprintf("`%s --help` tells %s.", p.name, more), 0, width))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// entry writes a name and, beside it or on lines below, what it stands for.
func entry(b *strings.Builder, name, meaning string, column, width int) {
	const indent = 2
	if width < narrow {
		column = 2 * indent
	}
	lead := strings.Repeat(" ", indent) + name
	if used := utf8.RuneCountInString(lead) + 2; used <= column {
		lead += strings.Repeat(" ", column-used+2)
	} else {
		lead += "\n" + strings.Repeat(" ", column)
	}
	fmt.Fprintln(b, lead+flowed(strings.TrimSpace(meaning), column, width))
}

// exampleLines are examples with what they do beside them where all of that fits, else below them. A
// line that may be typed is not broken.
func exampleLines(examples []example, width int) string {
	longest, fits := 0, true
	for _, e := range examples {
		if e.does != "" {
			longest = max(longest, utf8.RuneCountInString(e.line))
		}
	}
	for _, e := range examples {
		fits = fits && 2+longest+2+utf8.RuneCountInString(e.does) <= width
	}
	var b strings.Builder
	for _, e := range examples {
		switch {
		case e.does == "":
			fmt.Fprintln(&b, "  "+e.line)
		case fits:
			fmt.Fprintf(&b, "  %-*s  %s\n", longest, e.line, e.does)
		default:
			fmt.Fprintf(&b, "  %s\n      %s\n", e.line, flowed(e.does, 6, width))
		}
	}
	return b.String()
}

// termLine is a line of a list of terms, each with what it stands for beside it.
var termLine = regexp.MustCompile(`^( +)(\S+(?: \S+)*)( {2,})(\S.*)$`)

// paragraph is text that is wrapped together.
type paragraph struct {
	lead string // before the first line
	own  int    // where further lines begin
	text string
	goes bool // the next line may go on with it
}

// paragraphsOf are those of a text: lines that are not indented flow together, one that is stands alone, and a term's
// meaning goes on where it has begun.
func paragraphsOf(text string, width int) (all []paragraph) {
	for line := range strings.SplitSeq(text, "\n") {
		plain := strings.TrimLeft(line, " ")
		indent := len(line) - len(plain)
		if n := len(all) - 1; n >= 0 && all[n].goes && plain != "" && indent == all[n].own {
			all[n].text += " " + plain
			continue
		}
		one := paragraph{strings.Repeat(" ", indent), indent, plain, plain != "" && indent == 0}
		if m := termLine.FindStringSubmatch(line); m != nil {
			lead := m[1] + m[2] + m[3]
			one = paragraph{lead, utf8.RuneCountInString(lead), m[4], true}
		}
		all = append(all, one)
	}
	for i := range all {
		p := &all[i]
		indent := len(p.lead) - len(strings.TrimLeft(p.lead, " "))
		if width < narrow && p.own > indent && p.own+utf8.RuneCountInString(p.text) > width { // the meaning stands below its term
			p.own = indent + 2
			p.lead = strings.TrimRight(p.lead, " ") + "\n" + strings.Repeat(" ", p.own)
		}
	}
	return all
}

// flowed wraps paragraphs that begin at a column; their first line's indent is there.
func flowed(text string, column, width int) string {
	var out []string
	margin := strings.Repeat(" ", column)
	for i, p := range paragraphsOf(text, width-column) {
		lines := strings.Split(grid.Wrap(p.text, max(20, width-column-p.own)), "\n")
		for n := range lines {
			lead := strings.Repeat(" ", p.own)
			if n == 0 {
				lead = strings.ReplaceAll(p.lead, "\n", "\n"+margin)
			}
			if lines[n] != "" {
				lines[n] = lead + lines[n]
			}
			if i+n > 0 && lines[n] != "" {
				lines[n] = margin + lines[n]
			}
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	return strings.Join(out, "\n")
}
