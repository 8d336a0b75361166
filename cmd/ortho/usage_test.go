package main

import "ortho/cmd/ortho/internal/commandline"

const (
	exitOK          = commandline.ExitOK
	exitFailed      = commandline.ExitFailed
	exitUsage       = commandline.ExitUsage
	exitItems       = commandline.ExitItems
	exitVerdict     = commandline.ExitVerdict
	exitInterrupted = commandline.ExitInterrupted
)
