package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
)

// newDocsCommand prints the reference of the commands of an app.
func newDocsCommand(app func() *cli.App) *cli.Command {
	return flags.Command(cli.Command{
		Name:   "docs",
		Usage:  "print docs/cli.md",
		Hidden: true,
	}, func(_ context.Context, call *flags.Call) error { return commandline.Docs(call.Out, app()) })
}
