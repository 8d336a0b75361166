package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds how deep Python literals may nest.
const maxDepth = 16

// pair is one entry of a Python dict, in its order.
type pair struct{ key, value any }

// parseLiteral reads a value as Python's str() writes it: None, bool, int
// (int64), float (float64), str (string), list and tuple ([]any), dict ([]pair).
// Ultralytics stores its metadata so.
func parseLiteral(text string) (any, error) {
	if len(text) > maxText {
		return nil, errors.New("too long")
	}
	p := &literal{text: text}
	v, err := p.value(0)
	if err == nil {
		if p.space(); p.at < len(p.text) {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("at character %d: %w", p.at, err)
	}
	return v, nil
}

type literal struct {
	text string
	at   int
}

func (p *literal) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next reports whether c comes next, and passes it.
func (p *literal) next(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *literal) value(depth int) (any, error) {
	if depth == maxDepth {
		return nil, errors.New("nested too deep")
	}
	p.space()
	if p.at == len(p.text) {
		return nil, errors.New("a value is missing")
	}
	switch c := p.text[p.at]; c {
	case '\'', '"':
		p.at++
		return p.quoted(c)
	case '[', '(':
		p.at++
		return p.list(map[byte]byte{'[': ']', '(': ')'}[c], depth)
	case '{':
		p.at++
		return p.dict(depth)
	}
	end := p.at
	for end < len(p.text) && strings.IndexByte(" \t\r\n,:]})", p.text[end]) < 0 {
		end++
	}
	word := p.text[p.at:end]
	switch word {
	case "None":
		p.at = end
		return nil, nil
	case "True", "False":
		p.at = end
		return word == "True", nil
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		p.at = end
		return n, nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil, errors.New("neither a number nor a string, list or dict")
	}
	p.at = end
	return f, nil
}

func (p *literal) list(end byte, depth int) (any, error) {
	values := []any{}
	for !p.next(end) {
		if len(values) > 0 && !p.next(',') {
			return nil, fmt.Errorf("a comma or %c is missing", end)
		}
		if len(values) > 0 && p.next(end) {
			break // the comma of a tuple of one
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

func (p *literal) dict(depth int) (any, error) {
	pairs := []pair{}
	for !p.next('}') {
		if len(pairs) > 0 && !p.next(',') {
			return nil, errors.New("a comma or } is missing")
		}
		if len(pairs) > 0 && p.next('}') {
			break // programmers end the last line with a comma, too
		}
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.next(':') {
			return nil, errors.New("a colon is missing")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key, v})
	}
	return pairs, nil
}

// quoted reads a string up to its closing quote, with Python's escapes.
func (p *literal) quoted(quote byte) (any, error) {
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return nil, err
			}
		default:
			b.WriteByte(c)
		}
	}
	return nil, errors.New("a quote isn't closed")
}

func (p *literal) escape(b *strings.Builder) error {
	if p.at == len(p.text) {
		return errors.New("a quote isn't closed")
	}
	c := p.text[p.at]
	p.at++
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	switch {
	case digits > 0:
		if p.at+digits > len(p.text) {
			return errors.New("an escape is cut off")
		}
		n, err := strconv.ParseUint(p.text[p.at:p.at+digits], 16, 32)
		if err != nil {
			return errors.New("an escape is no hexadecimal number")
		}
		b.WriteRune(rune(n))
		p.at += digits
	case c == 'n':
		b.WriteByte('\n')
	case c == 't':
		b.WriteByte('\t')
	case c == 'r':
		b.WriteByte('\r')
	case c == '\\' || c == '\'' || c == '"':
		b.WriteByte(c)
	default: // Python keeps the backslash of an escape that is none
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return nil
}
