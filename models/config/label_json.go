package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// labelKeys are those that label files have their labels in, apart from Hugging Face's and timm's.
var labelKeys = []string{"names", "classes", "labels", "class_names", "classnames", "categories", "class_to_idx", "class_indices", "class_index",
	"idx_to_class", "index_to_class", "index_to_name", "idx2label", "label2idx", "label_map", "labelmap", "id2name", "name2id"}

// indexOfName are those of them whose values are indices of the names that their keys are.
var indexOfName = []string{"class_to_idx", "class_indices", "label2idx", "name2id", "label_map", "labelmap"}

// jsonLabels reads a list of names, of [id, name] or of objects, an object of index to name or
// name to index, one that has such a value in a key, or a config.json of Hugging Face or timm.
func jsonLabels(data []byte) (LabelList, error) { return jsonList(data, "") }

// jsonList is jsonLabels; inside is the key whose value data is, if it is one.
func jsonList(data []byte, inside string) (list LabelList, err error) {
	var items []json.RawMessage
	if json.Unmarshal(data, &items) == nil && items != nil {
		return itemList(items)
	}
	o, err := ParseObject(data)
	if err != nil {
		return list, fmt.Errorf("%w: neither a list of names nor an object of index to name", err)
	}
	switch {
	case o.Has("id2label") && inside == "":
		list.Labels, err = hfLabels(o)
		return list, err
	case (o.Has("label_names") || o.Has("pretrained_cfg")) && inside == "":
		list.Labels, err = timmLabels(o)
		return list, err
	case o.Has("label2id") && inside == "":
		var indices Object
		if _, err := o.Get("label2id", &indices); err != nil {
			return list, err
		}
		if list, err = nameList(indices, "", false); err != nil {
			return list, fmt.Errorf("label2id: %w", err)
		}
		return list, nil
	}
	stated := ""
	for _, key := range labelKeys {
		raw := o[key]
		if inside != "" || len(raw) <= 2 || raw[0] != '[' && raw[0] != '{' {
			continue
		}
		other, err := jsonList(raw, key)
		switch {
		case stated == "" && err != nil:
			return list, fmt.Errorf("%s: %w", key, err)
		case stated == "":
			list, stated = other, key
		case err == nil && reordered(list.Labels, other.Labels):
			return LabelList{}, fmt.Errorf("%s and %s have the same names in different orders: keep the one that is right", stated, key)
		}
	}
	switch {
	case stated != "":
		return list, nil
	case (inside == "" || slices.Contains(indexOfName, inside)) && numberValues(o):
		return numberedNames(o)
	}
	return indexList(o, true)
}

// reordered reports whether two lists hold the same names in different orders.
func reordered(a, b []Label) bool {
	names := func(labels []Label) (names []string) {
		for _, l := range labels {
			names = append(names, l.Name)
		}
		return names
	}
	x, y := names(a), names(b)
	return !slices.Equal(x, y) && slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
}

// numberValues reports whether all values are numbers: then they are the indices, whatever the keys are.
func numberValues(o Object) bool {
	for _, raw := range o {
		if _, err := strconv.Atoi(string(raw)); err != nil {
			return false
		}
	}
	return len(o) > 0
}

// numberedNames reads {"tench": 0}, also {"0": 0, "1": 1, "10": 2}, which folders that are called by
// numbers give. What the keys would be as indices is told where that differs.
func numberedNames(o Object) (LabelList, error) {
	list, err := nameList(o, "", true)
	if err != nil {
		return list, err
	}
	for i, l := range list.Labels {
		if raw, ok := o[strconv.Itoa(i)]; !ok {
			return list, nil // no key need be an index
		} else if list.Note == "" && string(raw) != l.Name {
			list.Note = fmt.Sprintf("its names are numbers, too: keys are taken for names, as in a class_to_idx (%q is class %d)", l.Name, i)
		}
	}
	return list, nil
}

// indexedLabels reads {"0": "tench"}, {"0": ["n01440764", "tench"]}, and {"tench": 0}, also
// with its numbers as text.
func indexedLabels(o Object, fromOne bool) ([]Label, error) {
	list, err := indexList(o, fromOne)
	return list.Labels, err
}

// gappedLabels reads {"1": "person", "3": "car"}; ok is false where there are no gaps, or it is another form.
func gappedLabels(o Object) ([]Label, bool) {
	var entries []entry
	for key, raw := range o {
		i, err := strconv.Atoi(key)
		e, ok := jsonEntry(raw)
		if err != nil || !ok || e.index >= 0 {
			return nil, false
		}
		entries = append(entries, entry{i, e.label, key})
	}
	list, ok := spaced(entries, 16*len(entries)+1024)
	return list.Labels, ok
}

func indexList(o Object, fromOne bool) (LabelList, error) {
	var entries []entry
	for key, raw := range o {
		i, err := strconv.Atoi(key)
		if err != nil && synset.MatchString(key) {
			if list := synsetList(o); list.Labels != nil {
				return list, nil
			}
		}
		if err != nil {
			return nameList(o, key, fromOne)
		}
		e, ok := jsonEntry(raw)
		if !ok || e.index >= 0 {
			return LabelList{}, fmt.Errorf("key %q: %s is neither a name nor [id, name]", key, Shorten(raw))
		}
		entries = append(entries, entry{i, e.label, fmt.Sprintf("key %q", key)})
	}
	return placed(entries, fromOne)
}

// synsetList reads {"n01440764": "tench"}: ImageNet's classes are in the order of their WordNet ids.
// It has no labels where o is of another form.
func synsetList(o Object) (list LabelList) {
	for _, id := range slices.Sorted(maps.Keys(o)) {
		var name string
		if json.Unmarshal(o[id], &name) != nil || !synset.MatchString(id) {
			return LabelList{}
		}
		if _, err := strconv.Atoi(name); err == nil { // of an index
			return LabelList{}
		}
		list.Labels = append(list.Labels, Label{Name: name, ID: id})
	}
	list.Form = "names by WordNet ids"
	list.Note = "it has no indices: classes are taken in the order of their WordNet ids, as ImageNet's are"
	return list
}

// nameList reads {"tench": 0}; other is a key that is no index, or "" where none may be.
func nameList(o Object, other string, fromOne bool) (LabelList, error) {
	var entries []entry
	for key, raw := range o {
		i, err := strconv.Atoi(strings.Trim(string(raw), `"`))
		if err != nil && other == "" {
			return LabelList{}, fmt.Errorf("key %q: %s is no index", key, Shorten(raw))
		}
		if err != nil {
			return LabelList{}, fmt.Errorf("key %q is no index, and %s of key %q is none either: neither index to name nor name to index", other, Shorten(raw), key)
		}
		entries = append(entries, entry{i, Label{Name: key}, fmt.Sprintf("key %q", key)})
	}
	return placed(entries, fromOne)
}

// itemList reads a list: names, [id, name], [index, name], or objects, whose indices may have
// gaps, as COCO's categories have.
func itemList(items []json.RawMessage) (list LabelList, err error) {
	if len(items) > MaxClasses {
		return list, fmt.Errorf("more than %d", MaxClasses)
	}
	entries := make([]entry, len(items))
	numbered, objects := 0, true
	for i, raw := range items {
		e, ok := jsonEntry(raw)
		if !ok {
			return list, fmt.Errorf("entry %d of the list is %s: neither a name nor [id, name]", i+1, Shorten(raw))
		}
		objects = objects && raw[0] == '{'
		if e.index >= 0 {
			numbered++
		}
		e.where = fmt.Sprintf("entry %d of the list", i+1)
		entries[i] = e
	}
	if numbered == 0 && numbersAsText(entries) {
		numbered = len(entries)
	}
	for _, e := range entries {
		list.Labels = append(list.Labels, e.label)
	}
	switch {
	case numbered == 0:
		return list, nil
	case numbered < len(items):
		at := slices.IndexFunc(entries, func(e entry) bool { return e.index < 0 })
		return list, fmt.Errorf("%s has no index, and others have", entries[at].where)
	case objects:
		return spread(entries)
	}
	return placed(entries, true)
}

// Keys of objects that stand for a class each.
var (
	nameKeys  = []string{"display_name", "name", "label", "class_name", "label_name", "class", "title", "category"}
	indexKeys = []string{"index", "idx", "class_id", "class_index", "class_idx", "label_id", "category_id", "id", "target", "value"}
	idKeys    = []string{"wnid", "wordnet_id", "synset", "mid", "id"}
	glossKeys = []string{"gloss", "definition", "description"}
)

// jsonEntry is a class as it stands in a list or behind an index: its name, null where it has
// none, [id, name], [index, name], or an object. Its index is -1 where none is stated.
func jsonEntry(raw json.RawMessage) (e entry, ok bool) {
	e.index = -1
	if string(raw) == "null" || json.Unmarshal(raw, &e.label.Name) == nil {
		return e, true
	}
	var parts []any
	if json.Unmarshal(raw, &parts) == nil {
		return listEntry(parts)
	}
	o, err := ParseObject(raw)
	if err != nil {
		return e, false
	}
	first := func(keys []string, v any) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return o.Has(key) && json.Unmarshal(o[key], v) == nil })
	}
	if !first(indexKeys, &e.index) || e.index < 0 {
		e.index = -1
	}
	if e.index > MaxClasses {
		return e, false
	}
	first(idKeys, &e.label.ID)
	first(glossKeys, &e.label.Gloss)
	return e, first(nameKeys, &e.label.Name)
}

// idAndName are two texts of a class; a WordNet id may stand second.
func idAndName(id, name string) Label {
	if synset.MatchString(name) && !synset.MatchString(id) {
		id, name = name, id
	}
	return Label{ID: id, Name: name}
}

// numbersAsText takes ids for indices where all are numbers, as in [["0", "tench"], ...], or else
// names behind an id. It reports whether entries have indices now.
func numbersAsText(entries []entry) bool {
	all := func(text func(e *entry) string) bool {
		return len(entries) > 0 && !slices.ContainsFunc(entries, func(e entry) bool { return !number.MatchString(text(&e)) })
	}
	switch {
	case all(func(e *entry) string { return e.label.ID }):
		for i := range entries {
			e := &entries[i]
			e.index, _ = strconv.Atoi(e.label.ID)
			e.label.ID = ""
		}
	case all(func(e *entry) string { return e.label.Name }) && !slices.ContainsFunc(entries, func(e entry) bool { return e.label.ID == "" }):
		for i := range entries {
			e := &entries[i]
			e.index, _ = strconv.Atoi(e.label.Name)
			e.label = Label{Name: e.label.ID}
		}
	default:
		return false
	}
	return true
}

// listEntry reads ["n01440764", "tench"], [0, "tench"] and ["tench", 0].
func listEntry(parts []any) (e entry, ok bool) {
	e.index = -1
	if len(parts) != 2 {
		return e, false
	}
	first, isFirst := parts[0].(string)
	second, isSecond := parts[1].(string)
	if isFirst && isSecond {
		e.label = idAndName(first, second)
		return e, true
	}
	number, isNumber := parts[0].(float64)
	e.label.Name = second
	if isFirst {
		number, isNumber = parts[1].(float64)
		e.label.Name = first
	}
	if e.index = int(number); !isNumber || !isFirst && !isSecond || float64(e.index) != number || e.index < 0 || e.index > MaxClasses {
		return e, false
	}
	return e, true
}
