package main

import (
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
)

// TODO of this change: all say commandline.X.
var (
	usagef     = commandline.Usagef
	errItems   = commandline.ErrItems
	errVerdict = commandline.ErrVerdict
	findFlag   = commandline.FindFlag
	didYouMean = commandline.DidYouMean
	isGraph    = commandline.IsGraph
	isAddress  = commandline.IsAddress
)

type usageError = commandline.UsageError

const (
	exitOK          = commandline.ExitOK
	exitFailed      = commandline.ExitFailed
	exitUsage       = commandline.ExitUsage
	exitItems       = commandline.ExitItems
	exitVerdict     = commandline.ExitVerdict
	exitInterrupted = commandline.ExitInterrupted
)

// fits refuses, for a flag, a file whose name says another format than it is written in.
func fits(flag, name string, kind output.Kind) error {
	if name == "" || name == "-" {
		return nil
	}
	if err := kind.Fits(name); err != nil {
		return usagef("--%s %w", flag, err)
	}
	return nil
}
