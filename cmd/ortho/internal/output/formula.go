package output

import (
	"regexp"
	"strings"
)

// escapedSuffix is behind the name of a format like CSV with [EscapeFormula] of each cell. Only a
// flag chooses it, since texts are not as they were.
const escapedSuffix = "-escaped"

// Escaped is a format like CSV with EscapeFormula of each cell.
func Escaped(format string) string { return format + escapedSuffix }

// formula is a cell that programs for spreadsheets compute, such as =HYPERLINK(...), whoever gave
// a file or a class that name; or one with the apostrophes of EscapeFormula before it. Numbers
// are none.
var formula, numeric = regexp.MustCompile("^'*[=+@\t\r-]"), regexp.MustCompile(`^'*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)

// EscapeFormula puts an apostrophe before a cell of CSV that is a formula, so that it is a text; one
// more where apostrophes stand before it already, so that the cell can be had back.
func EscapeFormula(cell string) string {
	if formula.MatchString(cell) && !numeric.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// unescapeFormula gives back what EscapeFormula was given.
func unescapeFormula(cell string) string {
	if strings.HasPrefix(cell, "'") && formula.MatchString(cell) && !numeric.MatchString(cell) {
		return cell[1:]
	}
	return cell
}
