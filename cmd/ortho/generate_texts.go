package main

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/imagine"
	words "ortho/models/text"
)

// checkWords refuses a text that no model reads.
func checkWords(what, text string) error {
	switch {
	case !utf8.ValidString(text):
		return commandline.Usagef("%s is not in UTF-8: %.60q", what, text)
	case len(text) > source.MaxText:
		return commandline.Usagef("%s has more than %d bytes: %.60q", what, source.MaxText, text)
	}
	return nil
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
