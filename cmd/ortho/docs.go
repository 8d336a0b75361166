package main

import (
	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
)

func newDocsCommand() *cli.Command {
	return &cli.Command{
		Name:   "docs",
		Usage:  "print docs/cli.md",
		Hidden: true,
		Action: func(c *cli.Context) error { return commandline.Docs(c.App.Writer, newApp()) },
	}
}
