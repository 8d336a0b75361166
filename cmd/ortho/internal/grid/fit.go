package grid

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// cells is how many columns of a terminal a text takes: Chinese characters and emoji two each.
func cells(s string) int { return text.StringWidthWithoutEscSequences(s) }

func longestWord(s string) (most int) {
	for word := range strings.FieldsSeq(s) {
		most = max(most, cells(word))
	}
	return most
}

// Wrap breaks a text into lines of at most so many columns, at spaces where it can. Lines
// after the first begin with the indent.
func Wrap(s string, width int, indent string) string {
	if cells(s) <= width {
		return s
	}
	lines := strings.Split(wrap(s, max(1, width-cells(indent))), "\n")
	return strings.Join(lines, "\n"+indent)
}

// wrap breaks a text into lines, at spaces where it can.
func wrap(s string, width int) string {
	if cells(s) <= width {
		return s
	}
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(s) {
		n := cells(word)
		if used > 0 && used+1+n <= width {
			line, used = line+" "+word, used+1+n
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for n > width {
			begin := head(word, width)
			lines = append(lines, begin)
			word = word[len(begin):]
			n = cells(word)
		}
		line, used = word, n
	}
	return strings.Join(append(lines, line), "\n")
}

// head is as much of the beginning of a word as fits, at least one character: one with the
// marks that follow it.
func head(word string, width int) string {
	end, used := len(word), 0
	for i, r := range word {
		n := text.RuneWidth(r)
		if i > 0 && n > 0 && used+n > width {
			end = i
			break
		}
		used += n
	}
	return word[:end]
}

// tail is as much of the end of a word as fits.
func tail(word string, width int) string {
	runes := []rune(word)
	start, used := len(runes), 0
	for i := len(runes) - 1; i >= 0; i-- {
		used += text.RuneWidth(runes[i])
		if used > width {
			break
		}
		if text.RuneWidth(runes[i]) > 0 { // marks stay with what they stand on
			start = i
		}
	}
	return string(runes[start:])
}

const ellipsis = "…"

// shortened is the width from which on a path is not made shorter while there are other ways.
func shortened(path string) int { return min(cells(path), 20) }

// shorten makes a path fit: what stands for the folders that are left out is "…/". The middle
// of a name that is too long itself is left out, so that its ending stays.
func shorten(path string, width int) string {
	if cells(path) <= width {
		return path
	}
	name := path
	for i, r := range path {
		if i > 0 && (r == '/' || r == '\\') {
			rest := path[i:]
			if cells(ellipsis+rest) <= width {
				return ellipsis + rest
			}
			name = rest[1:]
		}
	}
	if cells(name) <= width {
		return name
	}
	left := width - cells(ellipsis)
	begin := ""
	if left > 1 {
		begin = head(name, left/2)
	}
	return begin + ellipsis + tail(name, max(0, left-cells(begin)))
}
