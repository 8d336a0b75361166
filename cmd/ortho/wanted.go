package main

import (
	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/term"
)

func progressWanted(c *cli.Context) (bool, error) {
	switch mode := c.String("progress"); mode {
	case "auto":
		return term.IsTerminal(c.App.ErrWriter), nil
	case "always", "never":
		return mode == "always", nil
	default:
		return false, usagef("--progress %q is not one of auto, always, never", mode)
	}
}
