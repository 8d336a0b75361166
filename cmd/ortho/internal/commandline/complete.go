package commandline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Answer is a word that the last one of a command line may become, and what it means; "": nothing is
// known of it.
type Answer struct{ Word, About string }

// Complete returns what the last word of a command line, without the program's name, may
// become; nothing where it is a file. values has those of flags that take one of a few
// words, by "FLAG" of every command, or by "COMMAND FLAG".
func Complete(app *cli.App, words []string, values map[string][]string) []Answer {
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
	var answers []Answer
	switch {
	case due != nil:
		name := due.Names()[0]
		all := values[command+" "+name]
		if all == nil {
			all = values[name]
		}
		for _, value := range all {
			answers = append(answers, Answer{Word: value})
		}
	case strings.HasPrefix(last, "-"):
		answers = flagAnswers(flags, strings.HasPrefix(last, "--"))
	case len(commands) > 0:
		for _, c := range commands {
			if !c.Hidden {
				answers = append(answers, Answer{c.Name, c.Usage})
			}
		}
		answers = append(answers, Answer{"help", "show the help of a command"})
	}
	return slices.DeleteFunc(answers, func(a Answer) bool { return !strings.HasPrefix(a.Word, last) })
}

// flagAnswers are flags as they are typed, with what they do in a few words. Letters are left out where a
// word has begun.
func flagAnswers(flags []cli.Flag, words bool) (answers []Answer) {
	for _, f := range flags {
		about := brief(lineOf(f).meaning)
		for _, name := range f.Names() {
			switch {
			case len(name) > 1:
				answers = append(answers, Answer{"--" + name, about})
			case !words:
				answers = append(answers, Answer{"-" + name, about})
			}
		}
	}
	return append(answers, Answer{"--help", "show all of the help"})
}

// brief is the beginning of a text, as a line of answers has room for it.
func brief(text string) string {
	const most = 60
	text, _, _ = strings.Cut(text, "\n")
	if before, _, found := strings.Cut(text, "; "); found {
		text = before
	}
	if len(text) <= most {
		return text
	}
	if end := strings.LastIndexByte(text[:most], ' '); end > 0 {
		text = text[:end]
	}
	return strings.TrimRight(text, " ,:") + " ..."
}
