package main

import (
	"github.com/urfave/cli/v2"
)

// imageFlags say how images are read.
func imageFlags() []cli.Flag { return []cli.Flag{maxPixelsFlag(), decodeFlag(), failFastFlag()} }

func maxPixelsFlag() cli.Flag {
	return &cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Category: "Input", Usage: "refuse images of more than `N` pixels before decoding them"}
}

func failFastFlag() cli.Flag {
	return &cli.BoolFlag{Name: "fail-fast", Category: "Input", Usage: "stop at the first image that fails"}
}
