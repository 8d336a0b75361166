package main

import "ortho/cmd/ortho/internal/commandline"

// The exit codes by short names: nearly every test asks for one.
const (
	exitOK          = commandline.ExitOK
	exitFailed      = commandline.ExitFailed
	exitUsage       = commandline.ExitUsage
	exitItems       = commandline.ExitItems
	exitVerdict     = commandline.ExitVerdict
	exitInterrupted = commandline.ExitInterrupted
)
