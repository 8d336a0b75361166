package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/imagine"
	words "ortho/models/text"
)

// Limits of what can be asked for.
const (
	maxTexts = 1 << 20
	maxText  = 1 << 16
)

func checkWords(what, text string) error {
	switch {
	case !utf8.ValidString(text):
		return commandline.Usagef("%s is not in UTF-8: %.60q", what, text)
	case len(text) > maxText:
		return commandline.Usagef("%s has more than %d bytes: %.60q", what, maxText, text)
	}
	return nil
}

// readTexts reads a text a line; empty lines are left out.
func readTexts(name string, stdin io.Reader) ([]string, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	var texts []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxText)
	for lines.Scan() {
		line := strings.TrimPrefix(lines.Text(), "\uFEFF")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if texts = append(texts, line); len(texts) > maxTexts {
			return nil, fmt.Errorf("it has more than %d texts", maxTexts)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d has more than %d bytes", len(texts)+1, maxText)
	}
	if len(texts) == 0 && lines.Err() == nil {
		return nil, errors.New("it has no texts")
	}
	return texts, lines.Err()
}

// tellText warns of the parts of a text that the model ignores, and reports whether there are
// any.
func tellText(ui *term.UI, text string, e words.Encoding, spec *models.GeneratorSpec) bool {
	open := ""
	if e.Telling > 0 { // else it is refused
		open = left(text, spec.Labels)
	}
	if open != "" {
		ui.Warn(fmt.Sprintf("%.60q %s", text, open))
	}
	return tellLost(ui, text, e, spec.Text.Length) || open != ""
}

// tellLost warns of the words of a text that mean nothing to the model.
func tellLost(ui *term.UI, text string, e words.Encoding, length int) bool {
	lost := slices.Concat(e.Unknown, e.Idle)
	if len(lost) > 0 {
		ui.Warn(fmt.Sprintf("%.60q: the model does not know %s", text, term.WordList(lost)))
	}
	if len(e.Cut) > 0 {
		ui.Warn(fmt.Sprintf("%.60q: the model takes %d words, and has not seen %s", text, length, term.WordList(e.Cut)))
	}
	return len(lost)+len(e.Cut) > 0
}

// left says what a text leaves to a model that draws digits: which one it is.
func left(text string, labels []models.Label) string {
	if len(labels) == 0 || slices.ContainsFunc(labels, func(l models.Label) bool { return !imagine.IsDigit(l.Name) }) {
		return ""
	}
	digits, negated := 0, false
	for _, word := range words.Tokens(text) {
		if imagine.IsDigit(word) {
			digits++
		}
		negated = negated || slices.Contains([]string{"no", "not", "without", "except"}, word)
	}
	switch {
	case digits == 0:
		return "names no digit: which one is drawn is left to the model"
	case digits > 1:
		return fmt.Sprintf("names %d digits: which one is drawn is left to the model", digits)
	case negated:
		return "says what is not to be drawn, which the model does not understand"
	}
	return ""
}
