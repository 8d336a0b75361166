package main

import "github.com/urfave/cli/v2"

func progressWanted(c *cli.Context) (bool, error) {
	switch mode := c.String("progress"); mode {
	case "auto":
		return isTerminal(c.App.ErrWriter), nil
	case "always", "never":
		return mode == "always", nil
	default:
		return false, usagef("--progress %q is not one of auto, always, never", mode)
	}
}
