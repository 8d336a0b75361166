package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

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
			if code != exitOK || !strings.Contains(stdout, "USAGE:") {
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
