package config

import (
	"fmt"
	"slices"
	"strconv"
)

// literalLabels reads what Python's str() or a programmer writes: {0: 'tench', ...}, a list
// of names, or {'tench': 0, ...}. ok is false where it is none.
func literalLabels(text string) (list LabelList, ok bool, err error) {
	v, err := parseLiteral(text)
	if err != nil {
		return list, false, fmt.Errorf("it is neither JSON nor a Python dict or list: %w", err)
	}
	list, err = valueList(v)
	return list, true, err
}

// valueList reads a list of names or of pairs, or a dict of index to name or name to index.
func valueList(v any) (list LabelList, err error) {
	pairs, isDict := v.([]pair)
	if items, isList := v.([]any); isList && len(items) > 0 && !slices.ContainsFunc(items, func(item any) bool { two, ok := item.([]any); return !ok || len(two) != 2 }) {
		return pairList(items)
	}
	if !isDict || len(pairs) == 0 {
		list.Labels, err = namesOf(v)
		return list, err
	}
	entries := make([]entry, len(pairs))
	for i, p := range pairs {
		e, ok := p.entry()
		if !ok {
			return list, fmt.Errorf("%s is neither index: name nor name: index", e.where)
		}
		entries[i] = e
	}
	return placed(entries, true)
}

// pairList reads [('n01440764', 'tench'), ...], and [(0, 'tench'), ...] or [('tench', 0), ...].
func pairList(items []any) (list LabelList, err error) {
	entries := make([]entry, len(items))
	named := 0
	for i, item := range items {
		two := item.([]any)
		id, isID := two[0].(string)
		name, isName := two[1].(string)
		e, ok := pair{two[0], two[1]}.entry()
		if isID && isName {
			e, ok = entry{index: i, label: idAndName(id, name)}, true
			named++
		}
		if !ok {
			return list, fmt.Errorf("entry %d of the list is neither (id, name) nor (index, name)", i)
		}
		e.where = fmt.Sprintf("entry %d of the list", i)
		entries[i] = e
	}
	if named == len(entries) {
		numbersAsText(entries)
	}
	return placed(entries, true)
}

// entry reads 0: 'tench', '0': 'tench', 0: ('n01440764', 'tench'), and 'tench': 0.
func (p pair) entry() (e entry, ok bool) {
	e.where = fmt.Sprintf("entry %v", p.key)
	index, name := p.key, p.value
	if _, numbered := p.value.(int64); numbered {
		index, name = p.value, p.key
	}
	switch n := index.(type) {
	case int64:
		if n < 0 || n > MaxClasses {
			return e, false
		}
		e.index = int(n)
	case string:
		n64, err := strconv.ParseUint(n, 10, 20)
		if err != nil {
			return e, false
		}
		e.index = int(n64)
	default:
		return e, false
	}
	if both, isPair := name.([]any); isPair && len(both) == 2 {
		id, isID := both[0].(string)
		text, isName := both[1].(string)
		e.label = idAndName(id, text)
		return e, isID && isName
	}
	e.label.Name, ok = name.(string)
	return e, ok
}
