package grid

import (
	"iter"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// cells is how many columns of a terminal a text takes: Chinese characters and emoji two each.
func cells(s string) int { return text.StringWidthWithoutEscSequences(s) }

// words splits a text where it may be wrapped. "97.0 %" and "[1.5, 1.7]" are one each.
func words(s string) []string {
	found := strings.Fields(s)
	n := 0
	for _, word := range found {
		if n > 0 && (word == "%" || strings.HasPrefix(found[n-1], "[") && strings.HasSuffix(found[n-1], ",") && strings.HasSuffix(word, "]")) {
			found[n-1] += " " + word
			continue
		}
		found[n] = word
		n++
	}
	return found[:n]
}

// longestWord is the least width that breaks a text only where it may be: a long word behind
// its seams.
func longestWord(s string) (most int) {
	for _, word := range words(s) {
		for part := range partsOf(word) {
			most = max(most, cells(part))
		}
	}
	return most
}

// longestField is the least width that breaks no word, though "[1.5, 1.7]" behind its comma.
func longestField(s string) (most int) {
	for _, word := range words(s) {
		pieces := []string{word}
		if strings.HasPrefix(word, "[") {
			pieces = strings.Fields(word)
		}
		for _, piece := range pieces {
			for part := range partsOf(piece) {
				most = max(most, cells(part))
			}
		}
	}
	return most
}

// seams are what a word may be broken behind where it is too long, a path in the first place.
const seams = `/\,`

func partsOf(word string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for word != "" {
			end := strings.IndexAny(word, seams) + 1
			if end == 0 || strings.HasPrefix(word, "[") {
				end = len(word)
			}
			if !yield(word[:end]) {
				return
			}
			word = word[end:]
		}
	}
}

// wrapFrom wraps a text that begins in a column of a terminal, and goes on there.
func wrapFrom(s string, width, column int) string {
	return strings.ReplaceAll(Wrap(s, max(width-column, 1)), "\n", "\n"+strings.Repeat(" ", column))
}

// Wrap breaks a text into lines, at spaces where it can.
func Wrap(s string, width int) string {
	if cells(s) <= width {
		return s
	}
	var lines []string
	line, used := "", 0
	for _, word := range words(s) {
		n := cells(word)
		if used > 0 && used+1+n <= width {
			line, used = line+" "+word, used+1+n
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for n > width {
			begin := seam(head(word, width))
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
	used := 0
	for i, r := range word {
		n := text.RuneWidth(r)
		if i > 0 && n > 0 && used+n > width {
			return word[:i]
		}
		used += n
	}
	return word
}

// seam is the head up to its last seam, if it has one.
func seam(head string) string {
	if i := strings.LastIndexAny(head, seams) + 1; i > 0 {
		return head[:i]
	}
	return head
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

// shortened is the width down to which a path is made shorter while there are other ways:
// that of its file's name, unless that is very long, or very short.
func shortened(path string) int {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	return min(cells(path), max(min(cells(name), 32), 20))
}

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
