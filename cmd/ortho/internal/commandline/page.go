package commandline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// page is what is told of a command, or of the program itself, wherever it is told: in a terminal, in
// docs/cli.md and in manual pages.
type page struct {
	name     string // as it is typed: "ortho bench run"
	args     string // "SRC..."
	about    string // in a line
	examples []example
	text     string // paragraphs; lines that are indented stay lines of their own
	groups   []flagGroup
	commands []*cli.Command // below it, but for hidden ones
}

// example is a line that may be typed, and what it does; "": that needs no words.
type example struct{ line, does string }

// flagGroup is the flags of a category. The first group of a page has what a day's work takes.
type flagGroup struct {
	title string
	flags []flagLine
}

// flagLine is how a flag is written ("-o, --output FILE"), and what it does.
type flagLine struct{ names, meaning string }

// everyday are the flags that a day's work takes, of all commands, in the order in which they are shown:
// before all others, and with -h alone.
var everyday = []string{"model", "labels", "text", "class", "count", "image", "mask", "size", "slice", "steps", "seed", "data", "providers", "budget", "prompt", "lang", "tasks", "task-bytes",
	"output", "format", "top", "min-probability", "html", "grid", "save-settings", "tolerance", "provider", "resume", "overwrite"}

// few is how many flags a command has of which none needs to be left out.
const few = 10

// pageOf is the page of a command, whose name is typed behind its parent's.
func pageOf(parent string, c *cli.Command) page {
	p := page{name: strings.TrimSpace(parent + " " + c.Name), args: c.ArgsUsage, about: c.Usage, groups: groupsOf(c.Flags), commands: shown(c.Subcommands)}
	p.examples, p.text = examplesOf(c.Description)
	return p
}

// appPage is the page of the program.
func appPage(app *cli.App) page {
	p := page{name: app.Name, about: app.Usage, commands: shown(app.Commands)}
	p.examples, p.text = examplesOf(app.Description)
	return p
}

func shown(commands []*cli.Command) []*cli.Command {
	return slices.DeleteFunc(slices.Clone(commands), func(c *cli.Command) bool { return c.Hidden })
}

// usage is a line of how the command is typed.
func (p page) usage() string {
	line := p.name
	if len(p.commands) > 0 && p.args == "" {
		line += " COMMAND"
	}
	if len(p.groups) > 0 || len(p.commands) > 0 {
		line += " [flags]"
	}
	return strings.TrimSpace(line + " " + p.args)
}

// flags is how many flags there are.
func (p page) flags() (n int) {
	for _, g := range p.groups {
		n += len(g.flags)
	}
	return n
}

// examplesOf takes the examples from the head of a text: its first lines, as long as they are indented.
func examplesOf(text string) (all []example, rest string) {
	for text != "" {
		line, more, _ := strings.Cut(text, "\n")
		if !strings.HasPrefix(line, "  ") {
			break
		}
		typed, does, _ := strings.Cut(strings.TrimSpace(line), "  ")
		all, text = append(all, example{typed, strings.TrimSpace(does)}), more
	}
	return all, strings.TrimPrefix(text, "\n")
}

// groupsOf are flags by category, those of every day before all others. Flags without a category come
// before those with one.
func groupsOf(flags []cli.Flag) []flagGroup {
	first := flagGroup{title: "Everyday flags"}
	for _, name := range everyday {
		if f := FindFlag(flags, name); f != nil && f.Names()[0] == name {
			first.flags = append(first.flags, lineOf(f))
		}
	}
	all := []flagGroup{first}
	for _, f := range flags {
		if slices.Contains(everyday, f.Names()[0]) {
			continue
		}
		title := "Further flags"
		if c, ok := f.(cli.CategorizableFlag); ok {
			title = cmp.Or(c.GetCategory(), title)
		}
		i := slices.IndexFunc(all, func(g flagGroup) bool { return g.title == title })
		if i < 0 {
			all, i = append(all, flagGroup{title: title}), len(all)
		}
		all[i].flags = append(all[i].flags, lineOf(f))
	}
	all = slices.DeleteFunc(all, func(g flagGroup) bool { return len(g.flags) == 0 })
	if len(all) == 1 {
		all[0].title = "Flags"
	}
	return all
}

// lineOf is how a flag is written: its letter first, and in capitals what it takes.
func lineOf(f cli.Flag) flagLine {
	var letters, words []string
	for _, name := range f.Names() {
		if len(name) == 1 {
			letters = append(letters, "-"+name)
		} else {
			words = append(words, "--"+name)
		}
	}
	names := strings.Join(append(letters, words...), ", ")
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return flagLine{names: names}
	}
	meaning := d.GetUsage()
	if before, rest, quoted := strings.Cut(meaning, "`"); quoted {
		value, after, _ := strings.Cut(rest, "`")
		names, meaning = names+" "+value, before+value+after
	} else if d.TakesValue() {
		names += " " + valueOf(f)
	}
	if value := d.GetDefaultText(); value != "" && d.TakesValue() {
		meaning += " (default: " + strings.Trim(value, `"`) + ")"
	}
	return flagLine{names, meaning}
}

// valueOf is what a flag takes whose usage does not name it.
func valueOf(f cli.Flag) string {
	switch f.(type) {
	case *cli.IntFlag, *cli.Int64Flag, *cli.UintFlag, *cli.Uint64Flag, *cli.Float64Flag:
		return "NUMBER"
	case *cli.DurationFlag:
		return "TIME"
	}
	return "VALUE"
}
