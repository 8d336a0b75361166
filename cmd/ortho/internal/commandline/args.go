package commandline

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// commandLine is a command line as cli v2 reads it: flags, "--", arguments.
type commandLine struct {
	args    []string
	command string       // "ortho runtime install", as far as it was understood
	subject *cli.Command // the command itself; nil: the program
	help    detail       // that is asked for
}

// How arrange hands on that help is asked for: no flag is written so, but with one dash.
const (
	askedLong  = "--help"
	askedShort = "--h"
)

// arrange puts a command's flags before its arguments, wherever they stood: cli v2
// stops looking for flags at the first argument. By the flags' own definitions it
// distinguishes their values from arguments: a flag's value may be the next word whatever
// it looks like (--mean -1), or stand behind "=", or behind a one-letter flag
// (-k5). "-" is an argument, and so is all that follows "--". "help" before, within
// or behind the commands' names asks for all help, as --help does.
func arrange(app *cli.App, args []string) (commandLine, error) {
	line := commandLine{command: app.Name}
	rest := args[min(1, len(args)):]
	commands, flags := app.Commands, app.Flags
	if len(rest) > 0 && rest[0] == "--version" {
		rest = append([]string{"version"}, rest[1:]...)
	}
	line.args = append(line.args, app.Name)
	help := false
	takesArguments := false // besides its sub-commands
	for len(commands) > 0 && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		word := rest[0]
		rest = rest[1:]
		if word == "help" {
			help = true
			continue
		}
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(word) })
		if i < 0 && takesArguments {
			rest = append([]string{word}, rest...)
			break
		}
		if i < 0 {
			return line, Usagef("no command %q%s", word, cmp.Or(commandFor(word), verbFor(word), DidYouMean(word, commandNames(commands)), fewCommands(commands)))
		}
		c := commands[i]
		commands, flags, takesArguments, line.subject = c.Subcommands, c.Flags, c.ArgsUsage != "", c
		line.args = append(line.args, word)
		line.command += " " + word
		if c.SkipFlagParsing {
			line.args = append(line.args, rest...)
			return line, nil
		}
	}
	if help {
		line.help, line.args = longHelp, append(line.args, askedLong)
		return line, nil
	}
	given, operands, err := split(rest, flags)
	if err != nil {
		if after := commandAfter(rest, commands); line.subject == nil && after != "" {
			return line, Usagef("%s stands before the command: flags stand behind it, as in %s %s %s", rest[0], line.command, after, rest[0])
		}
		if sub := commandWith(commands, rest[0]); sub != "" {
			return line, Usagef("no flag %s: it is one of `%s %s`", rest[0], line.command, sub)
		}
		return line, err
	}
	if err := checkTwice(given, flags); err != nil {
		return line, err
	}
	line.args = append(line.args, given...)
	switch {
	case slices.Contains(given, askedLong):
		line.help = longHelp
	case slices.Contains(given, askedShort), line.subject == nil, line.subject.Action == nil: // a group of commands without one named
		line.help = shortHelp
	}
	if len(operands) > 0 {
		line.args = append(append(line.args, "--"), operands...)
	}
	return line, nil
}

// split separates flags from arguments. Each flag comes out as one word, -NAME=VALUE,
// under its first name.
func split(words []string, flags []cli.Flag) (given, operands []string, err error) {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if word == "--" {
			return given, append(operands, words...), checkBehind(words, flags)
		}
		if err := checkTyped(word); err != nil {
			return nil, nil, err
		}
		if len(word) < 2 || word[0] != '-' {
			operands = append(operands, word)
			continue
		}
		text := strings.TrimPrefix(word[1:], "-")
		name, value, hasValue := strings.Cut(text, "=")
		flag := FindFlag(flags, name)
		if flag == nil && word[1] != '-' && takesValue(FindFlag(flags, text[:1])) {
			flag, name, value, hasValue = FindFlag(flags, text[:1]), text[:1], text[1:], true
		}
		switch {
		case isDashed(word) && (flag == nil || strings.TrimLeft(word, "-") != name):
			return nil, nil, Usagef("%s is read as a flag: the file of that name is given as ./%s, or behind --", word, word)
		case flag == nil && name == "help":
			return []string{askedLong}, nil, nil
		case flag == nil && name == "h":
			return []string{askedShort}, nil, nil
		case flag == nil:
			return nil, nil, Usagef("no flag %s%s", strings.TrimSuffix(word, "="+value), cmp.Or(flagFor(name, flags), DidYouMean(name, flagNames(flags))))
		case takesValue(flag) && !hasValue && len(words) == 0:
			return nil, nil, Usagef("flag %s needs a value", word)
		case takesValue(flag) && !hasValue:
			value, words, hasValue = words[0], words[1:], true
		}
		word = "-" + flag.Names()[0]
		if hasValue {
			word += "=" + value
		}
		given = append(given, word)
	}
	return given, operands, nil
}

// commandAfter is the command that stands among words that begin with flags.
func commandAfter(words []string, commands []*cli.Command) string {
	for _, word := range words {
		if slices.ContainsFunc(commands, func(c *cli.Command) bool { return !c.Hidden && c.HasName(word) }) {
			return word
		}
	}
	return ""
}

// commandWith is the sub-command that has a flag.
func commandWith(commands []*cli.Command, word string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	for _, c := range commands {
		if FindFlag(c.Flags, name) != nil {
			return c.Name
		}
	}
	return ""
}

// checkTwice refuses flags that name one thing and are given two: the last would be taken in
// silence.
func checkTwice(given []string, flags []cli.Flag) error {
	seen := map[string]string{}
	for _, word := range given {
		name, value, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		_, single := FindFlag(flags, name).(*cli.StringFlag)
		if before, twice := seen[name]; single && twice && before != value && slices.Contains([]string{"model", "output", "data"}, name) {
			return Usagef("--%s is given twice, as %s and as %s: give one", name, before, value)
		}
		seen[name] = value
	}
	return nil
}

// checkBehind refuses flags behind "--", where every word is a file.
func checkBehind(words []string, flags []cli.Flag) error {
	if FindFlag(flags, "max-pixels") == nil { // they are texts
		return nil
	}
	for _, word := range words {
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if _, err := os.Lstat(word); err != nil && strings.HasPrefix(word, "-") && FindFlag(flags, name) != nil {
			return Usagef("%s stands behind --, where every word is a file: flags stand before it", word)
		}
	}
	return nil
}

// isDashed reports whether a file's name looks like a flag.
func isDashed(word string) bool {
	_, err := os.Lstat(word)
	return err == nil && len(word) > 2
}
