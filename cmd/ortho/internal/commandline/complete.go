package commandline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Complete returns what the last word of a command line, without the program's name, may
// become; nothing where it is a file. values has those of flags that take one of a few
// words, by "FLAG" of every command, or by "COMMAND FLAG".
func Complete(app *cli.App, words []string, values map[string][]string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	commands, flags := app.Commands, app.Flags
	var due cli.Flag // whose value is the next word
	command := ""
	for _, word := range words[:len(words)-1] {
		switch {
		case due != nil:
			due = nil
		case word == "--":
			return nil
		case strings.HasPrefix(word, "-"):
			if f := FindFlag(flags, strings.TrimLeft(word, "-")); takesValue(f) {
				due = f
			}
		default:
			i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(word) })
			if i >= 0 {
				command = commands[i].Name
				commands, flags = commands[i].Subcommands, commands[i].Flags
			}
		}
	}
	var answers []string
	switch {
	case due != nil:
		name := due.Names()[0]
		if answers = values[command+" "+name]; answers == nil {
			answers = values[name]
		}
	case strings.HasPrefix(last, "-"):
		answers = slices.DeleteFunc(flagNames(flags), func(name string) bool { return strings.HasPrefix(last, "--") && len(name) == 2 })
	case len(commands) > 0:
		answers = commandNames(commands)
	}
	return slices.DeleteFunc(slices.Clone(answers), func(a string) bool { return !strings.HasPrefix(a, last) })
}
