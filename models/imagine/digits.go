package imagine

import (
	"slices"
	"strings"

	"ortho/models"
)

// sameName reports whether two labels name one class: by ID, by name in any case, or as one
// digit.
func sameName(a, b models.Label) bool {
	if a.ID != "" && a.ID == b.ID || a.Name != "" && strings.EqualFold(a.Name, b.Name) {
		return true
	}
	x, ok := digitOf(a.Name)
	y, too := digitOf(b.Name)
	return ok && too && x == y
}

var digitNames = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// digitOf reads "7", "seven" or "7 - seven".
func digitOf(label string) (int, bool) {
	digit := -1
	for word := range strings.FieldsFuncSeq(strings.ToLower(label), func(r rune) bool { return r == ' ' || r == '-' || r == ':' }) {
		d := slices.Index(digitNames, word)
		if len(word) == 1 && word[0] >= '0' && word[0] <= '9' {
			d = int(word[0] - '0')
		}
		if d < 0 || digit >= 0 && digit != d {
			return 0, false
		}
		digit = d
	}
	return digit, digit >= 0
}

// IsDigit reports whether a word, in lower case, is one for a digit, in singular or plural: of
// such words, what draws digits wants one in a text.
func IsDigit(word string) bool {
	_, is := digitOf(strings.TrimSuffix(strings.TrimSuffix(word, "s"), "e"))
	_, as := digitOf(word)
	return is || as || slices.Contains([]string{"naught", "nought", "null", "sixes", "zeros"}, word)
}

// axes of what digits look like: the word for the usual, and those that say otherwise. What
// a text leaves open the generator draws at random, and the results are recognised less often:
// mnist.onnx reads 286 of 300 "a seven" as one, and 298 of "a regular upright seven".
var axes = []struct {
	usual string
	other []string
}{
	{"regular", strings.Fields("bold thick heavy fat chunky strong extrabold semibold light thin slim fine delicate faint hairline extralight medium weighted")},
	{"upright", strings.Fields("slanted slanting italic italics oblique inclined leaning sloped tilted straight vertical unslanted")},
}

// colours are those of ink and paper in a description; to a generator of type, black is a
// weight.
var colours = strings.Fields("black white gray grey red green blue dark monochrome background foreground")
