package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/grid"
)

// TestHelpFits: the help of every command fits where there is no terminal, but for what
// can't be broken.
func TestHelpFits(t *testing.T) {
	var check func(commands []*cli.Command, names []string)
	check = func(commands []*cli.Command, names []string) {
		for _, c := range commands {
			if c.SkipFlagParsing {
				continue
			}
			line := append(names[:len(names):len(names)], c.Name)
			code, stdout, _ := execute(t, "", append(line, "--help")...)
			if code != exitOK || !strings.Contains(stdout, "Usage:") {
				t.Errorf("%q --help: exit %d, %s", line, code, stdout)
			}
			for text := range strings.Lines(stdout) {
				if utf8.RuneCountInString(strings.TrimRight(text, "\n")) > grid.Standard && !strings.HasPrefix(strings.TrimSpace(text), "--") {
					t.Errorf("%q --help: %q is too wide", line, text)
				}
			}
			for _, f := range c.Flags {
				if !strings.Contains(stdout, "--"+f.Names()[0]) && !strings.Contains(stdout, "-"+f.Names()[0]+" ") {
					t.Errorf("%q --help lacks %s", line, f.Names()[0])
				}
			}
			check(c.Subcommands, line)
		}
	}
	check(newApp().Commands, nil)
}

// TestExamples: whatever takes arguments or more than a few flags begins its help with examples, and
// each of them is a command that is there, with flags that it has.
func TestExamples(t *testing.T) {
	app := newApp()
	every(app.Commands, "", func(name string) {
		code, stdout, _ := execute(t, "", append(strings.Fields(name), "-h")...)
		c := commandNamed(app.Commands, strings.Fields(name))
		_, examples, found := strings.Cut(stdout, "\nExamples:\n")
		if code != exitOK || c == nil || !found && !c.Hidden && (c.ArgsUsage != "" || len(c.Flags) > 3) {
			t.Errorf("%s -h: exit %d, no examples", name, code)
		}
		examples, _, _ = strings.Cut(examples, "\n\n")
		for line := range strings.Lines(examples) {
			_, typed, _ := strings.Cut(line, "ortho ")
			typed, _, _ = strings.Cut(typed, "  ")
			words := strings.Fields(strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(typed, "$ ", ""), ")", " "), "\n"))
			if len(words) == 0 {
				continue
			}
			of := commandNamed(app.Commands, words)
			if of == nil {
				t.Errorf("%s -h: %q names no command", name, typed)
				continue
			}
			for _, word := range words {
				if strings.HasPrefix(word, "-") && word != "-" && commandline.FindFlag(of.Flags, strings.TrimLeft(word, "-")) == nil {
					t.Errorf("%s -h: %q: %s has no flag %s", name, typed, of.Name, word)
				}
			}
		}
	})
}

// commandNamed is the command that words begin with.
func commandNamed(commands []*cli.Command, words []string) (found *cli.Command) {
	for _, word := range words {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(word) })
		if i < 0 {
			break
		}
		found, commands = commands[i], commands[i].Subcommands
	}
	return found
}

// TestHelpShort: -h has the flags of every day, and all of a command that has few.
func TestHelpShort(t *testing.T) {
	for line, want := range map[string][2]string{
		"classify -h":         {"--output", "--mean"},
		"classify a.jpg -h":   {"`ortho classify --help` tells all", "Slurm"},
		"classify --help":     {"--mean", "tells all"},
		"help classify":       {"--mean", "tells all"},
		"bench -h":            {"  run ", "worker"},
		"bench":               {"  run ", "worker"},
		"runtime install -h":  {"--missing", "tells all"},
		"":                    {"Commands:", "Exit codes"},
		"-h":                  {"ortho doctor", "Exit codes"},
		"--help":              {"Exit codes", "complete "},
		"completion bash -h ": {"source <(ortho", "[flags]"},
	} {
		code, stdout, stderr := execute(t, "", strings.Fields(line)...)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, want[0]) || strings.Contains(stdout, want[1]) {
			t.Errorf("%q: exit %d, want %q and not %q:\n%s%s", line, code, want[0], want[1], stdout, stderr)
		}
	}
}
