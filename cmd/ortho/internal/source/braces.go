package source

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
)

// maxWords bounds the names that the braces of one argument stand for (LAION-2B has 231,350
// shards), maxBraces how many braces it has, and maxBraced its bytes: beyond these two, braces are
// no more than characters.
const (
	maxWords  = 1 << 18
	maxBraces = 16
	maxBraced = 1 << 12
)

// words are what an argument stands for: itself, or the names that its braces do, in order,
// as in a shell and in WebDataset's names of shards: a-{000..099}.tar, {train,val}/*.jpg. What
// exists by its name is itself, whatever stands in it. There are no more than maxWords and one.
func words(arg string) iter.Seq[string] {
	name := strings.TrimPrefix(arg, "@")
	if n := strings.Count(arg, "{"); n == 0 || n > maxBraces || len(arg) > maxBraced || exists(arg) || exists(name) {
		return func(yield func(string) bool) { yield(arg) }
	}
	return func(yield func(string) bool) {
		n := 0
		expandBraces(arg, func(word string) bool {
			n++
			return yield(word) && n <= maxWords
		})
	}
}

// allWords are those of all arguments.
func allWords(args []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, arg := range args {
			for word := range words(arg) {
				if !yield(word) {
					return
				}
			}
		}
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// tooMany is the error of an argument whose braces stand for too many names.
func tooMany(arg string) error {
	return fmt.Errorf("%s: its braces stand for more than %d names", arg, maxWords)
}

// check is Check for one argument. Braces may stand for names of which some are missing: files
// fail as items in their place, and patterns match nothing.
func check(arg string) error {
	n, found := countWords(words(arg)), false
	if n > maxWords {
		return tooMany(arg)
	}
	var first error // of a word that gives no image, where others may
	for word := range words(arg) {
		kind, name := kindOf(word)
		err := checks[kind](name)
		_, none := errors.AsType[noMatch](err)
		switch {
		case none && word != arg:
		case isBarren(err):
			first = cmp.Or(first, err)
		case err != nil:
			return err
		default:
			found = found || kind != file || exists(name)
		}
	}
	if !found && first != nil {
		return first
	}
	if !found && n > 1 {
		first, last := ends(arg)
		return fmt.Errorf("no file is called %s, and of the %d names that its braces stand for (%s to %s) none is there", arg, n, first, last)
	}
	return nil
}

func countWords(words iter.Seq[string]) (n int) {
	for range words {
		n++
	}
	return n
}

// ends are the first and the last word of an argument.
func ends(arg string) (first, last string) {
	for word := range words(arg) {
		if first == "" {
			first = word
		}
		last = word
	}
	return first, last
}

// expandBraces yields the texts that braces stand for; false says that no more are wanted.
// Those that hold neither a comma nor a range are no more than characters, as is one that is
// never closed.
func expandBraces(text string, yield func(string) bool) bool {
	for from := 0; ; {
		open := strings.IndexByte(text[from:], '{')
		if open < 0 {
			break
		}
		open += from
		parts, end := alternatives(text, open)
		if parts == nil {
			from = open + 1
			continue
		}
		before, after := text[:open], text[end:]
		return parts(func(part string) bool {
			return expandBraces(part, func(middle string) bool {
				return expandBraces(after, func(rest string) bool { return yield(before + middle + rest) })
			})
		})
	}
	return yield(text)
}

// alternatives are those of the braces that open at a place, and where what follows them
// begins; nil where they are none.
func alternatives(text string, open int) (parts func(yield func(string) bool) bool, end int) {
	var commas []int
	depth := 0
	for i := open; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			commas = append(commas, i)
		case c == '}':
			if depth--; depth > 0 {
				continue
			}
			if len(commas) == 0 {
				return span(text[open+1 : i]), i + 1
			}
			bounds := append(append([]int{open}, commas...), i)
			return func(yield func(string) bool) bool {
				for k := range bounds[1:] {
					if !yield(text[bounds[k]+1 : bounds[k+1]]) {
						return false
					}
				}
				return true
			}, i + 1
		}
	}
	return nil, 0
}

// span is a range of numbers or of letters, by steps of 1 or another: 000..099, 9..0, a..e, 0..10..2.
// Numbers are as wide as the wider end where one has zeros before it. nil where it is none.
func span(text string) func(yield func(string) bool) bool {
	ends := strings.Split(text, "..")
	if len(ends) != 2 && len(ends) != 3 {
		return nil
	}
	step := 1
	if len(ends) == 3 {
		var err error
		if step, err = strconv.Atoi(ends[2]); err != nil || len(ends[2]) > 9 {
			return nil
		}
		step = max(1, max(step, -step))
	}
	first, a := bound(ends[0])
	last, b := bound(ends[1])
	if a != b || a == 0 {
		return nil
	}
	if first > last {
		step = -step
	}
	width := 0
	if padded(ends[0]) || padded(ends[1]) {
		width = max(len(ends[0]), len(ends[1]))
	}
	return func(yield func(string) bool) bool {
		for n := first; step > 0 && n <= last || step < 0 && n >= last; n += step {
			part := string(rune(n))
			if a == numbers {
				part = fmt.Sprintf("%0*d", width, n)
			}
			if !yield(part) {
				return false
			}
		}
		return true
	}
}

// What the end of a range can be.
const (
	numbers = iota + 1
	letters
)

func bound(text string) (value, kind int) {
	if n, err := strconv.Atoi(text); err == nil && len(text) <= 18 && text[0] != '+' {
		return n, numbers
	}
	if len(text) == 1 && ('a' <= text[0] && text[0] <= 'z' || 'A' <= text[0] && text[0] <= 'Z') {
		return int(text[0]), letters
	}
	return 0, 0
}

func padded(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return len(digits) > 1 && digits[0] == '0'
}
