package main

import "github.com/urfave/cli/v2"

func progressWanted(c *cli.Context) (bool, error) { return reportingOf(c).progressWanted() }
