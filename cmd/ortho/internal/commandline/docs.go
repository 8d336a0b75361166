package commandline

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// Docs writes every command and flag in Markdown.
func Docs(w io.Writer, app *cli.App) error {
	p := appPage(app)
	fmt.Fprintf(w, "# %s: %s\n\nMade by `make docs` from the command line's own definitions.\n", p.name, p.about)
	writeExamples(w, p)
	fmt.Fprintf(w, "\n%s\n", p.text)
	for _, c := range p.commands {
		writeCommand(w, app.Name, c)
	}
	return nil
}

func writeCommand(w io.Writer, parent string, c *cli.Command) {
	p := pageOf(parent, c)
	fmt.Fprintf(w, "\n## `%s`\n\n%s.\n", strings.TrimSpace(p.name+" "+p.args), sentence(p.about))
	writeExamples(w, p)
	if p.text != "" {
		fmt.Fprintf(w, "\n%s\n", p.text)
	}
	if len(p.groups) > 0 {
		fmt.Fprintf(w, "\n| flag | meaning |\n| --- | --- |\n")
	}
	for _, g := range p.groups {
		for _, f := range g.flags {
			fmt.Fprintf(w, "| `%s` | %s |\n", f.names, strings.ReplaceAll(f.meaning, "|", `\|`))
		}
	}
	for _, sub := range p.commands {
		writeCommand(w, p.name, sub)
	}
}

// writeExamples writes a block of lines that may be copied.
func writeExamples(w io.Writer, p page) {
	if len(p.examples) == 0 {
		return
	}
	fmt.Fprintf(w, "\n```sh\n%s```\n", exampleComments(p.examples))
}

// exampleComments are examples with what they do as comments, which a shell passes over.
func exampleComments(examples []example) string {
	longest := 0
	for _, e := range examples {
		if e.does != "" {
			longest = max(longest, len(e.line))
		}
	}
	var b strings.Builder
	for _, e := range examples {
		line := e.line
		if e.does != "" {
			line = fmt.Sprintf("%-*s  # %s", longest, e.line, e.does)
		}
		fmt.Fprintln(&b, line)
	}
	return b.String()
}

// sentence begins a text with a capital.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
