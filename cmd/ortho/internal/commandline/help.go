package commandline

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/grid"
)

// Help is wrapped to the width of the terminal. What is hard-wrapped for docs/cli.md flows
// anew; lines that are indented, as examples and lists, stay lines of their own.
func init() {
	cli.HelpPrinter = func(out io.Writer, templ string, data any) {
		width := grid.Width(out)
		for _, part := range []string{"visibleFlagCategoryTemplate", "visibleFlagTemplate"} {
			templ = strings.ReplaceAll(templ, `{{template "`+part+`" .}}`, flagTemplates[part])
		}
		cli.HelpPrinterCustom(out, templ, data, map[string]any{
			"wrap":     func(text string, offset int) string { return flowed(text, offset, width) },
			"wrapFlag": func(f cli.Flag) string { return flagHelp(f, width) },
		})
	}
}

// flagTemplates are cli's own of these names, with flags that are wrapped.
var flagTemplates = map[string]string{
	"visibleFlagCategoryTemplate": "{{range .VisibleFlagCategories}}\n{{if .Name}}   {{.Name}}\n\n{{end}}{{range .Flags}}{{wrapFlag .}}{{end}}{{end}}",
	"visibleFlagTemplate":         "\n{{range .VisibleFlags}}{{wrapFlag .}}{{end}}",
}

// flagHelp is what a flag is called and, beside it or on lines below, what it does.
func flagHelp(f cli.Flag, width int) string {
	const indent, column = 3, 24
	names, usage, _ := strings.Cut(f.String(), "\t")
	lead := strings.Repeat(" ", indent) + names
	if fits := utf8.RuneCountInString(lead) + 2; fits <= column {
		lead += strings.Repeat(" ", column-fits+2)
	} else {
		lead += "\n" + strings.Repeat(" ", column)
	}
	return lead + flowed(strings.TrimSpace(usage), column, width) + "\n"
}

// flowed wraps paragraphs that begin at a column; their first line's indent is there.
func flowed(text string, column, width int) string {
	var paragraphs []string
	inside := false // a paragraph that the next line goes on with
	for line := range strings.SplitSeq(text, "\n") {
		plain := line != "" && line[0] != ' '
		if plain && inside {
			paragraphs[len(paragraphs)-1] += " " + line
		} else {
			paragraphs = append(paragraphs, line)
		}
		inside = plain
	}
	margin := strings.Repeat(" ", column)
	for i, p := range paragraphs {
		own := len(p) - len(strings.TrimLeft(p, " "))
		lines := strings.Split(grid.Wrap(p[own:], max(20, width-column-own)), "\n")
		for n := range lines {
			lines[n] = p[:own] + lines[n]
			if i+n > 0 && lines[n] != "" {
				lines[n] = margin + lines[n]
			}
		}
		paragraphs[i] = strings.Join(lines, "\n")
	}
	return strings.Join(paragraphs, "\n")
}
