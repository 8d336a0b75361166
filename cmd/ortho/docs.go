package main

import (
	"context"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
)

// newDocsCommand prints the reference of the commands of an app, or writes their manual pages.
func newDocsCommand(app func() *cli.App) *cli.Command {
	var folder string
	var reference bool
	return flags.Command(cli.Command{
		Name:        "docs",
		Usage:       "print docs/cli.md, or write the manual pages",
		Description: help("docs"),
	}, func(ctx context.Context, call *flags.Call) error {
		switch {
		case len(call.Args) > 0:
			return commandline.Usagef("docs takes no argument %q: a folder for manual pages is named by --man", call.Args[0])
		case call.Given("man") && folder == "":
			return commandline.Usagef("--man names no folder")
		case reference && folder != "":
			return commandline.Usagef("--man and --reference exclude each other")
		case reference:
			return writeReference(call.Out)
		case folder != "":
			return writeManual(ctx, call, app(), folder)
		}
		return commandline.Docs(call.Out, app())
	}, flags.Own{&cli.StringFlag{Name: "man", Usage: "write a manual page for each command into `FOLDER`, over those that are there", Destination: &folder},
		&cli.BoolFlag{Name: "reference", Usage: "print docs/reference.md: ortho.json, presets, rows, the environment", Destination: &reference}})
}

// writeManual writes the pages into a folder, which is made if need be.
func writeManual(ctx context.Context, call *flags.Call, app *cli.App, folder string) error {
	if _, err := flags.MakeFolder(folder); err != nil {
		return err
	}
	return commandline.Manual(app, build.Version(), func(name, page string) error {
		file, err := call.Reads.Create(ctx, filepath.Join(folder, name), true)
		if err != nil {
			return err
		}
		_, err = file.WriteString(page)
		return file.End(err)
	})
}
