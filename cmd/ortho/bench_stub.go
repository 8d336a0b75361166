package main

import "github.com/urfave/cli/v2"

func newBenchCompareCommand() *cli.Command {
	return &cli.Command{Name: "compare", Usage: "is a run slower than an earlier one?"}
}
