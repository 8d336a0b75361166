package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/defaults"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
)

// configOptions is what the flags of config list say.
type configOptions struct{ json bool }

// newConfigCommand shows what the user has set for all runs.
func newConfigCommand() *cli.Command {
	o := &configOptions{}
	own := flags.Own{&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &o.json}}
	about := cli.Command{
		Name:        "config",
		Usage:       "show the defaults that are set for all runs, and where",
		Description: strings.Replace(help("config"), "FLAGS", strings.Join(defaults.Flags(), ", "), 1),
	}
	list := flags.Command(cli.Command{Name: "list", Usage: "what is set, and where it is from"}, o.list, own)
	path := flags.Command(cli.Command{Name: "path", Usage: "print the name of the file"}, printConfigPath)
	c := flags.Command(about, o.list, own)
	c.Subcommands = []*cli.Command{list, path}
	return c
}

func printConfigPath(_ context.Context, call *flags.Call) error {
	set, err := call.Defaults()
	switch {
	case set.File == "" && err != nil:
		return err
	case set.File == "":
		return fmt.Errorf("no file is read: %s is off, or the user has no folder of settings", defaults.FileVariable)
	}
	_, err = fmt.Fprintln(call.Out, term.Clean(set.File))
	return err
}

// setting is a default, as JSON has it.
type setting struct {
	Flag    string `json:"flag"`
	Value   string `json:"value"`
	Command string `json:"command,omitempty"` // that it is for; "": all
	From    string `json:"from"`
	Beaten  bool   `json:"beaten,omitempty"` // another one of the same flag and command comes first
}

func (o *configOptions) list(_ context.Context, call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("config takes no argument %q: defaults are set in the file that `ortho config path` names, or as ORTHO_MODEL, ORTHO_PROVIDER, ...", call.Args[0])
	}
	set, err := call.Defaults()
	if err != nil {
		return err
	}
	for _, notice := range set.Notices {
		call.Warn(notice)
	}
	all := []setting{}
	for _, d := range set.All {
		first, _ := set.Of(d.Command, d.Flag)
		all = append(all, setting{d.Flag, strings.Join(d.Values, " "), d.Command, d.From, first.From != d.From || first.Command != d.Command})
	}
	if o.json {
		return pages.WriteJSON(call.Out, map[string]any{"file": set.File, "defaults": all})
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(call.Out, grid.Sentence(call.Out, "", "No defaults are set. They are read from "+term.Clean(fileOrNone(set.File))+", and from the environment: ORTHO_MODEL, ORTHO_PROVIDER, ... (`ortho config --help`)."))
		return err
	}
	table := grid.New(grid.Text("flag"), grid.Text("value"), grid.Text("of"), grid.Text("from"))
	for _, s := range all {
		of := s.Command
		if of == "" {
			of = "all commands"
		}
		if s.Beaten {
			s.From += ", which another comes before"
		}
		table.Row("--"+s.Flag, term.Clean(s.Value), of, term.Clean(s.From))
	}
	return table.Print(call.Out)
}

func fileOrNone(name string) string {
	if name == "" {
		return "no file"
	}
	if _, err := os.Stat(name); err != nil {
		return name + " (which is not there)"
	}
	return name
}
