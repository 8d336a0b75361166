package commandline

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// Docs writes every command and flag in Markdown.
func Docs(w io.Writer, app *cli.App) error {
	fmt.Fprintf(w, "# %s: %s\n\nMade by `make docs` from the command line's own definitions.\n\n%s\n", app.Name, app.Usage, app.Description)
	for _, c := range app.Commands {
		if !c.Hidden {
			writeCommand(w, app.Name, c)
		}
	}
	return nil
}

func writeCommand(w io.Writer, parent string, c *cli.Command) {
	name := parent + " " + c.Name
	fmt.Fprintf(w, "\n## `%s`\n\n%s.\n", strings.TrimSpace(name+" "+c.ArgsUsage), strings.ToUpper(c.Usage[:1])+c.Usage[1:])
	if c.Description != "" {
		fmt.Fprintf(w, "\n%s\n", c.Description)
	}
	if len(c.Flags) > 0 {
		fmt.Fprintf(w, "\n| flag | meaning |\n| --- | --- |\n")
		for _, f := range c.Flags {
			left, meaning, _ := strings.Cut(f.String(), "\t")
			fmt.Fprintf(w, "| `%s` | %s |\n", left, strings.ReplaceAll(strings.TrimSpace(meaning), "|", `\|`))
		}
	}
	for _, sub := range c.Subcommands {
		if !sub.Hidden {
			writeCommand(w, name, sub)
		}
	}
}
