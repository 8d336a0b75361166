package describe

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fields are those of an answer's JSON object, mended to the types that were asked for.
type fields struct {
	values map[string]any
	mended []string // what was done, a few words each
	err    error    // the first field that can't be mended
}

// fieldsOf cuts the JSON object out of what models write around it, where nothing holds them to JSON: thoughts, an
// introduction, a fence, a sentence behind it. It takes the first object that has one of the names, in any case;
// fields of other names are passed over.
func fieldsOf(answer string, names ...string) (*fields, error) {
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("it has more than %d bytes", maxAnswer)
	}
	if _, after, ok := strings.Cut(answer, "</think>"); ok && strings.Contains(after, "{") {
		answer = after
	}
	var within string // a JSON string that holds the object
	twice := strings.HasPrefix(strings.TrimSpace(answer), `"`) && json.Unmarshal([]byte(answer), &within) == nil
	if twice {
		answer = within
	}
	var found error
	for at, tries := 0, 0; tries < 100; tries++ {
		next := strings.IndexByte(answer[at:], '{')
		if next < 0 {
			break
		}
		at += next
		f := &fields{values: map[string]any{}}
		if twice {
			f.mend("JSON: a string for an object")
		}
		object, err := f.object(answer[at:])
		if err == nil && f.take(object, names) {
			return f, nil
		}
		if err != nil && found == nil {
			found = err
		}
		at++
	}
	if found != nil {
		return nil, found
	}
	return nil, errors.New("it holds no JSON object")
}

// object decodes the one that a text begins with, and ends at its end.
func (f *fields) object(text string) (map[string]any, error) {
	decode := func(text string) (o map[string]any, err error) {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		err = decoder.Decode(&o)
		return o, err
	}
	o, err := decode(text)
	if err == nil {
		return o, nil
	}
	if lenient, what := mendJSON(text); len(what) > 0 {
		if o, err := decode(lenient); err == nil {
			f.mended = append(f.mended, what...)
			return o, nil
		}
	}
	return nil, fmt.Errorf("%.200s", strings.TrimPrefix(err.Error(), "json: "))
}

// take finds the fields of those names, and reports whether there are any.
func (f *fields) take(object map[string]any, names []string) bool {
	var over []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		at := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, strings.TrimSpace(key)) })
		switch {
		case at < 0:
			over = append(over, short(line(key)))
			continue
		case key != names[at]:
			if _, exact := object[names[at]]; exact {
				continue
			}
			f.mend("%s: it is called %q", names[at], short(line(key)))
		}
		f.values[names[at]] = object[key]
	}
	if len(f.values) > 0 && len(over) > 0 {
		f.mend("passed over: %s", strings.Join(over[:min(len(over), 10)], ", "))
	}
	return len(f.values) > 0
}

func (f *fields) mend(format string, args ...any) {
	f.mended = append(f.mended, clean(fmt.Sprintf(format, args...)))
}

func (f *fields) fail(name string, v any, want string) {
	if f.err == nil {
		f.err = fmt.Errorf("%q holds %s where %s must be", name, kindOf(v), want)
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a string"
	case nil:
		return "null"
	}
	return "a number or a truth value"
}

// text is a field that is a string, or can be one; nil: it is missing.
func (f *fields) text(name string) *string {
	v, ok := f.values[name]
	if !ok {
		return nil
	}
	if s, ok := v.(string); ok {
		return &s
	}
	s, ok := plain(v)
	if list, isList := v.([]any); isList {
		parts := make([]string, len(list))
		for i, one := range list {
			if parts[i], ok = plain(one); !ok {
				break
			}
		}
		s, ok = strings.Join(parts, ", "), ok || len(list) == 0
	}
	if !ok {
		f.fail(name, v, "a string")
		return nil
	}
	f.mend("%s: %s for a string", name, kindOf(v))
	return &s
}

// list is a field that is a list of strings, or can be one; nil: it is missing.
func (f *fields) list(name string) *[]string {
	v, ok := f.values[name]
	if !ok {
		return nil
	}
	out := []string{}
	switch v := v.(type) {
	case []any:
		odd := false
		for _, one := range v {
			s, ok := plain(one)
			if o, isObject := one.(map[string]any); isObject {
				s, ok = named(o)
			}
			if !ok {
				f.fail(name, one, "a string")
				return nil
			}
			_, isText := one.(string)
			odd = odd || !isText
			out = append(out, s)
		}
		if odd {
			f.mend("%s: not all of them strings", name)
		}
	case string:
		f.mend("%s: a string for a list", name)
		for _, s := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
			out = append(out, strings.TrimSpace(strings.TrimLeft(s, " -*•\t")))
		}
	case nil:
		f.mend("%s: null for a list", name)
	default:
		f.fail(name, v, "a list")
		return nil
	}
	return &out
}

// plain is what a value that is no string and no list says.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case nil:
		return "", true
	case map[string]any:
		return named(v)
	}
	return "", false
}

// named is what an object in the place of a string is called.
func named(o map[string]any) (string, bool) {
	for _, key := range []string{"name", "label", "class", "object", "text", "value", "description"} {
		if s, ok := o[key].(string); ok {
			return s, true
		}
	}
	return "", false
}

// mendJSON is the object that a text begins with, without commas before a bracket and comments, with straight quotes for curled and
// single ones, JSON's words for Python's, escapes for control characters within strings, and brackets that are missing
// at the end of the text; and what was done of it. It ends with the object.
func mendJSON(text string) (string, []string) {
	var out strings.Builder
	var done []string
	note := func(what string) {
		if !slices.Contains(done, what) {
			done = append(done, what)
		}
	}
	var open []byte // the brackets that close what is open
	comma := -1     // where a comma stands behind which nothing has come
	drop := func() {
		if comma >= 0 {
			note("JSON: a comma too many")
			s := out.String()
			out.Reset()
			out.WriteString(s[:comma] + s[comma+1:])
		}
		comma = -1
	}
	closing := rune(0) // of the string that this is in
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if closing != 0 {
			switch {
			case r == '\\' && strings.HasPrefix(text[i:], "'"): // which JSON does not escape
				note("JSON: single quotes")
				out.WriteByte('\'')
				i++
			case r == '\\' && i < len(text):
				_, size := utf8.DecodeRuneInString(text[i:])
				out.WriteString(text[i-1 : i+size])
				i += size
			case r == closing:
				out.WriteByte('"')
				closing = 0
			case r == '"': // within curled ones
				out.WriteString(`\"`)
			case r < ' ':
				note("JSON: control characters in a string")
				fmt.Fprintf(&out, `\u%04x`, r)
			default:
				out.WriteRune(r)
			}
			continue
		}
		switch r {
		case '"':
			closing, comma = '"', -1
			out.WriteByte('"')
		case '\'':
			note("JSON: single quotes")
			closing, comma = '\'', -1
			out.WriteByte('"')
		case '/':
			end := commentEnd(text[i:])
			if end < 0 {
				comma = -1
				out.WriteByte('/')
				continue
			}
			note("JSON: comments")
			i += end
		case '\u201c', '\u201e', '\u201d':
			note("JSON: curled quotes")
			closing, comma = '\u201d', -1
			if r == '\u201e' {
				closing = '\u201c'
			}
			out.WriteByte('"')
		case ',':
			comma = out.Len()
			out.WriteByte(',')
		case '}', ']':
			drop()
			out.WriteRune(r)
			if open = open[:max(0, len(open)-1)]; len(open) == 0 {
				return out.String(), done
			}
		case '{', '[':
			open = append(open, byte(r)+2) // ASCII has the closing one there
			comma = -1
			out.WriteRune(r)
		case 'T', 'F', 'N':
			comma = -1
			word, put := pythonWord(text[i-1:])
			if word == "" {
				out.WriteRune(r)
				continue
			}
			note("JSON: Python's words")
			out.WriteString(put)
			i += len(word) - 1
		default:
			if r != ' ' && r != '\n' && r != '\r' && r != '\t' {
				comma = -1
			}
			out.WriteRune(r)
		}
	}
	if closing == 0 && len(open) > 0 {
		drop()
		note("JSON: a bracket is missing at its end")
		slices.Reverse(open)
		out.Write(open)
	}
	return out.String(), done
}

// commentEnd is where a comment ends whose first slash stands before a text; -1: it is none.
func commentEnd(text string) int {
	switch {
	case strings.HasPrefix(text, "/"):
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end
		}
		return len(text)
	case strings.HasPrefix(text, "*"):
		if end := strings.Index(text, "*/"); end > 0 {
			return end + 2
		}
	}
	return -1
}

// pythonWord is Python's word for a value that a text begins with, and JSON's; "": none.
func pythonWord(text string) (word, put string) {
	for _, w := range [][2]string{{"True", "true"}, {"False", "false"}, {"None", "null"}} {
		if strings.HasPrefix(text, w[0]) {
			return w[0], w[1]
		}
	}
	return "", ""
}
