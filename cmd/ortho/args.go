package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// reorder moves a command's flags before its arguments: cli v2 stops looking for
// flags at the first argument. "--" ends the flags, as everywhere.
func reorder(app *cli.App, args []string) []string {
	if len(args) < 2 || args[len(args)-1] == "--generate-bash-completion" {
		return args
	}
	out, rest := []string{args[0]}, args[1:]
	commands, flags := app.Commands, app.Flags
	for len(rest) > 0 {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(rest[0]) })
		if i < 0 {
			break
		}
		out, rest = append(out, rest[0]), rest[1:]
		commands, flags = commands[i].Subcommands, commands[i].Flags
	}
	var first, last []string
	for len(rest) > 0 {
		arg := rest[0]
		rest = rest[1:]
		switch {
		case arg == "--":
			last = append(last, rest...)
			rest = nil
		case len(arg) < 2 || arg[0] != '-':
			last = append(last, arg)
		default:
			first = append(first, arg)
			name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if hasValue || !takesValue(flags, name) {
				continue
			}
			if len(rest) == 0 { // cli says that the value is missing
				return append(out, first...)
			}
			first, rest = append(first, rest[0]), rest[1:]
		}
	}
	out = append(out, first...)
	if len(last) > 0 && len(commands) == 0 {
		out = append(out, "--")
	}
	return append(out, last...)
}

func takesValue(flags []cli.Flag, name string) bool {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			_, boolean := f.(*cli.BoolFlag)
			return !boolean
		}
	}
	return false
}
