package main

import (
	"embed"
	"strings"
)

//go:embed help/*.txt
var helpTexts embed.FS

// help is the long text of a command's help, which is wrapped for docs/cli.md.
func help(command string) string {
	text, err := helpTexts.ReadFile("help/" + command + ".txt")
	if err != nil {
		panic(err) // the text of a command was forgotten: every test would show it
	}
	return strings.TrimSuffix(string(text), "\n")
}
