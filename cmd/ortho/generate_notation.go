package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/term"
)

// notations are how other programs write in a prompt what is no text of it. A pipeline draws all of it as text.
var notations = []struct {
	pattern *regexp.Regexp
	what    string
}{
	{regexp.MustCompile(`<(?:lora|lyco|loha|hypernet|ti|embedding)\s*:[^<>]{0,200}>|\bembedding:[\w.-]+`), "names of further weights (such as LoRA)"},
	{regexp.MustCompile(`\([^()]{1,200}:\s*-?\d*\.?\d+\s*\)|\([^()]{1,200}\)-?\d*\.?\d+|\({2,}[^()]{1,200}\){2,}|\b[\pL\pN]+(?:\+{2,}|-{2,}(?:\s|$))`), "weights of words"},
	{regexp.MustCompile(`\[[^\[\]]{1,200}\]|\{[^{}]{1,200}\}`), "words in brackets"},
	{regexp.MustCompile(`\b(?:BREAK|ADDCOMM|ADDROW|ADDCOL)\b|\bAND\b.{0,200}:\s*\d`), "words of command"},
	{regexp.MustCompile(`\b__[\w/-]{1,80}__\b`), "names of lists"},
}

// tellNotation says once that what other programs read as weights, LoRA and the like is drawn as text.
func tellNotation(ui *term.UI, texts []string) {
	var whats, examples []string
	for _, t := range texts {
		for _, n := range notations {
			found := n.pattern.FindString(t)
			if found == "" || slices.Contains(whats, n.what) {
				continue
			}
			whats = append(whats, n.what)
			examples = append(examples, fmt.Sprintf("%.60q", strings.TrimSpace(found)))
		}
	}
	if len(whats) == 0 {
		return
	}
	ui.Warn(fmt.Sprintf("%s: other programs read that as %s; here it is part of the text, and is drawn as such", strings.Join(examples, ", "), strings.Join(whats, ", ")))
}
