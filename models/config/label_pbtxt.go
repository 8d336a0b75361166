package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// itemStart is how a label map of TensorFlow begins.
var itemStart = regexp.MustCompile(`^(?:#[^\n]*\n\s*)*(?:item|entry)\s*:?\s*\{`)

// octal is how text of protocol buffers has the bytes of what is no ASCII.
var octal = regexp.MustCompile(`\\[0-3][0-7]{2}`)

// pbtxtLabels reads TensorFlow's label maps: item { id: 1 name: "tench" display_name: "x" }, whose
// ids may have gaps, and entry { target_class: 449 target_class_string: "n01440764" }. Fields
// that say nothing of a class's name are left out.
func pbtxtLabels(text string) (list LabelList, err error) {
	p := &protoText{literal{text: text}}
	var entries []entry
	for p.skip(); p.at < len(p.text); p.skip() {
		where := fmt.Sprintf("line %d", 1+strings.Count(p.text[:p.at], "\n"))
		name, fields, err := p.field(0)
		if err == nil && fields.inner == nil {
			err = fmt.Errorf("%s is no item in braces", name)
		}
		if err != nil {
			return list, fmt.Errorf("line %d: %w", 1+strings.Count(p.text[:min(p.at, len(p.text))], "\n"), err)
		}
		e, err := fields.entry()
		if err != nil {
			return list, fmt.Errorf("%s: %w", where, err)
		}
		e.where = where
		if entries = append(entries, e); len(entries) > MaxClasses {
			return list, fmt.Errorf("more than %d", MaxClasses)
		}
	}
	numbered := 0
	for _, e := range entries {
		if e.index >= 0 {
			numbered++
		}
		list.Labels = append(list.Labels, e.label)
	}
	switch {
	case numbered == len(entries):
		list, err = spread(entries)
	case numbered > 0:
		err = errors.New("some items have an id, and others have none")
	}
	return list, err
}

// protoField is a value, or a message's fields by name.
type protoField struct {
	text  string
	inner map[string]protoField // nil: a value
}

// entry is the class that a message tells of.
func (f protoField) entry() (e entry, err error) {
	e.index = -1
	for _, key := range []string{"id", "index", "target_class", "label_id", "class_id", "class_index", "label"} {
		value, ok := f.inner[key]
		if !ok || key == "label" && !number.MatchString(value.text) { // Caffe's label is the index
			continue
		}
		if e.index, err = strconv.Atoi(value.text); err != nil || e.index < 0 || e.index > MaxClasses {
			return e, fmt.Errorf("%s: %q is no index", key, value.text)
		}
		break
	}
	var names []string
	for _, key := range []string{"display_name", "name", "label", "target_class_string"} {
		if name := f.inner[key].text; name != "" && (key != "label" || !number.MatchString(name)) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return e, errors.New("an item without a name")
	}
	if e.label.Name = names[0]; len(names) > 1 && names[1] != names[0] {
		e.label.ID = names[1]
	}
	return e, nil
}

// protoText is text of a protocol buffer.
type protoText struct{ literal }

// skip passes spaces, comments and separators.
func (p *protoText) skip() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '#':
			for p.at < len(p.text) && p.text[p.at] != '\n' {
				p.at++
			}
		case strings.IndexByte(" \t\r\n,;", c) >= 0:
			p.at++
		default:
			return
		}
	}
}

func (p *protoText) word() string {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,;:{}<>[]#'\"", p.text[p.at]) < 0 {
		p.at++
	}
	return p.text[start:p.at]
}

// field reads name: value, or name { fields }.
func (p *protoText) field(depth int) (name string, f protoField, err error) {
	if depth == maxDepth {
		return "", f, errors.New("nested too deep")
	}
	if name = p.word(); name == "" {
		return "", f, fmt.Errorf("%q is no name of a field", p.text[p.at:min(len(p.text), p.at+1)])
	}
	p.skip()
	colon := p.next(':')
	p.skip()
	switch {
	case p.next('{'):
		f.inner = map[string]protoField{}
		for {
			if p.skip(); p.next('}') {
				return name, f, nil
			}
			if p.at == len(p.text) {
				return "", f, fmt.Errorf("the braces of %s aren't closed", name)
			}
			inner, value, err := p.field(depth + 1)
			if err != nil {
				return "", f, err
			}
			f.inner[inner] = value
		}
	case !colon:
		return "", f, fmt.Errorf("%s has no value", name)
	case p.at < len(p.text) && (p.text[p.at] == '\'' || p.text[p.at] == '"'):
		p.at++
		v, err := p.quoted(p.text[p.at-1])
		if err != nil {
			return "", f, err
		}
		f.text = octal.ReplaceAllStringFunc(v.(string), func(code string) string {
			n, _ := strconv.ParseUint(code[1:], 8, 8)
			return string([]byte{byte(n)})
		})
		return name, f, nil
	}
	if f.text = p.word(); f.text == "" {
		return "", f, fmt.Errorf("%s has no value", name)
	}
	return name, f, nil
}
