package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/rangetable"
)

// finder returns where in a text matches are, from left to right: begin and end of each.
type finder func(text string) [][2]int

// pattern is what is looked for: a text as it is, or a regular expression of Oniguruma's.
type pattern struct{ String, Regex *string }

func (p *pattern) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &p.String)
	}
	type plain pattern
	return json.Unmarshal(data, (*plain)(p))
}

func (p *pattern) finder() (finder, error) {
	switch {
	case p == nil || p.String == nil && p.Regex == nil:
		return nil, errors.New("a pattern is missing")
	case p.String != nil:
		return literal(*p.String)
	}
	return expression(*p.Regex)
}

func literal(s string) (finder, error) {
	if s == "" {
		return nil, errors.New("a pattern is empty")
	}
	return func(text string) (all [][2]int) {
		for from := 0; ; {
			i := strings.Index(text[from:], s)
			if i < 0 {
				return all
			}
			all = append(all, [2]int{from + i, from + i + len(s)})
			from += i + len(s)
		}
	}, nil
}

// runes finds single characters.
func runes(is func(rune) bool) finder {
	return func(text string) (all [][2]int) {
		for i, r := range text {
			if is(r) {
				all = append(all, [2]int{i, i + utf8.RuneLen(r)})
			}
		}
		return all
	}
}

// maxExpression bounds an expression, in bytes.
const maxExpression = 4096

// trailing is the one look-ahead that tokenizers' files have: white space but for the last one
// before what is none. Go's expressions know none, and so it is what its group finds, cut by one
// character where more follows; where that leaves nothing, the alternative behind it matches the
// one that there is.
const trailing = `\s+(?!\S)`

var behindTrailing = regexp.MustCompile(`^(\||\)*$)\\s`)

// expression compiles a regular expression of Oniguruma's as Go's, which takes linear time: its
// \s, \w and \d are Unicode's. What Go's has no word for is refused.
func expression(text string) (finder, error) {
	refuse := func(why any) (finder, error) {
		return nil, fmt.Errorf("the regular expression %.200q can't be used: %v", text, why)
	}
	if len(text) > maxExpression {
		return nil, fmt.Errorf("a regular expression has more than %d bytes", maxExpression)
	}
	goes, cut := text, 0
	if i := strings.Index(text, trailing); i >= 0 {
		rest := text[i+len(trailing):]
		if !behindTrailing.MatchString(rest) || strings.Contains(rest, trailing) {
			return refuse("a look-ahead is known only where white space alone is looked for behind it")
		}
		goes = text[:i] + `(?P<trailing>\s+)` + rest
	}
	goes, err := unicodeClasses(goes)
	if err != nil {
		return refuse(err)
	}
	re, err := regexp.Compile(goes)
	if err != nil {
		return refuse(err)
	}
	if i := re.SubexpIndex("trailing"); i > 0 {
		cut = 2 * i
	}
	return func(text string) (all [][2]int) {
		for from := 0; from <= len(text); {
			m := re.FindStringSubmatchIndex(text[from:])
			if m == nil {
				return all
			}
			begin, end := from+m[0], from+m[1]
			if cut > 0 && m[cut] >= 0 && end < len(text) {
				if _, n := utf8.DecodeLastRuneInString(text[begin:end]); end-begin > n {
					end -= n
				}
			}
			if end == begin { // nothing was found: one character further
				_, n := utf8.DecodeRuneInString(text[end:])
				from = end + max(1, n)
				continue
			}
			all = append(all, [2]int{begin, end})
			from = end
		}
		return all
	}, nil
}

// words are the characters of \w as Oniguruma has them of Unicode: letters, marks, decimal digits
// and connectors.
var words = []*unicode.RangeTable{unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc}

// The same as one table, and with the other numbers of Latin-1, which \w has outside of brackets.
// They are merged only where an expression asks for them.
var (
	lettersWithin = sync.OnceValue(func() *unicode.RangeTable { return rangetable.Merge(words...) })
	letters       = sync.OnceValue(func() *unicode.RangeTable {
		return rangetable.Merge(append(words[:len(words):len(words)], rangetable.New([]rune("²³¹¼½¾")...))...)
	})
)

// class is the table of the characters of an escape such as \w, or nil where it is none; not: all
// other characters.
func class(escape byte, within bool) (table *unicode.RangeTable, not bool) {
	switch escape {
	case 's', 'S':
		table = unicode.White_Space
	case 'd', 'D':
		table = unicode.Nd
	case 'w', 'W':
		if within {
			table = lettersWithin()
		} else {
			table = letters()
		}
	}
	return table, escape < 'a'
}

// written is a class as ranges within brackets; not: all other characters.
func written(t *unicode.RangeTable, not bool) string {
	type span struct{ lo, hi uint32 }
	var spans []span
	for _, r := range t.R16 {
		for c := uint32(r.Lo); c <= uint32(r.Hi); c += uint32(r.Stride) {
			spans = append(spans, span{c, c})
		}
	}
	for _, r := range t.R32 {
		if r.Stride == 1 {
			spans = append(spans, span{r.Lo, r.Hi})
			continue
		}
		for c := r.Lo; c <= r.Hi; c += r.Stride {
			spans = append(spans, span{c, c})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return int(int64(a.lo) - int64(b.lo)) })
	var b strings.Builder
	put := func(lo, hi uint32) {
		if lo <= hi {
			fmt.Fprintf(&b, `\x{%x}-\x{%x}`, lo, hi)
		}
	}
	next := uint32(0)
	for _, s := range spans {
		if not {
			if s.lo > 0 {
				put(next, s.lo-1)
			}
		} else {
			put(s.lo, s.hi)
		}
		next = s.hi + 1
	}
	if not {
		put(next, unicode.MaxRune)
	}
	return b.String()
}

// unicodeClasses writes out the classes that have a letter.
func unicodeClasses(expression string) (string, error) {
	var b strings.Builder
	within := false
	for i := 0; i < len(expression); i++ {
		c := expression[i]
		switch {
		case c == '\\' && i+1 < len(expression):
			i++
			table, not := class(expression[i], within)
			switch {
			case !within && strings.IndexByte("bBAzZG", expression[i]) >= 0:
				return "", fmt.Errorf("it looks at a place (\\%c)", expression[i])
			case table != nil && within:
				b.WriteString(written(table, not))
			case table != nil:
				b.WriteString("[" + written(table, not) + "]")
			case expression[i] == '/': // which Go has no escape for
				b.WriteByte('/')
			default:
				b.WriteString(expression[i-1 : i+1])
			}
			continue
		case c == '[' && within && !strings.HasPrefix(expression[i:], "[:"):
			return "", errors.New("it has a class within a class")
		case c == '&' && within && strings.HasPrefix(expression[i:], "&&"):
			return "", errors.New("it has an intersection of classes")
		case c == '[' && !within:
			within = true
			b.WriteByte(c)
			rest := expression[i+1:]
			if strings.HasPrefix(rest, "^") {
				b.WriteByte('^')
				i++
				rest = rest[1:]
			}
			if strings.HasPrefix(rest, "]") {
				b.WriteString(`\]`)
				i++
			}
			continue
		case c == ']' && within:
			within = false
		case !within && (c == '^' || c == '$'):
			return "", fmt.Errorf("it looks at a place (%c)", c)
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}
