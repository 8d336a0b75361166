package clip

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// addedToken is a token that is found before all else: the vocabulary's special ones, and
// those that were added to it, by textual inversion for example.
type addedToken struct {
	id         *id // nil: not said
	content    string
	alone      bool  // single_word
	normalized *bool // found in the normalised text; nil: where it is not special
	special    bool
}

// UnmarshalJSON reads a token's text alone, or an object. What lstrip and rstrip say makes
// no difference: white space never becomes a token.
func (a *addedToken) UnmarshalJSON(data []byte) error {
	*a = addedToken{}
	if data[0] == '"' {
		a.special = true
		return json.Unmarshal(data, &a.content)
	}
	var o struct {
		ID         *id
		Content    *string
		SingleWord bool `json:"single_word"`
		Normalized *bool
		Special    bool
	}
	if err := json.Unmarshal(data, &o); err != nil || o.Content == nil {
		return fmt.Errorf("%.60s is no token: a text, or an object with a content", data)
	}
	*a = addedToken{o.ID, *o.Content, o.SingleWord, o.Normalized, o.Special}
	return nil
}

// extraTokens are special tokens without a name, or with names of a model's own.
type extraTokens []*addedToken

func (e *extraTokens) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		var list []*addedToken
		err := json.Unmarshal(data, &list)
		*e = append(*e, present(list)...)
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data)) // their order gives them their ids
	for n := 0; ; n++ {
		switch name, err := d.Token(); {
		case err != nil || name == json.Delim('}'):
			return err
		case n == 0:
			continue
		}
		var a *addedToken
		if err := d.Decode(&a); err != nil {
			return err
		}
		*e = append(*e, present([]*addedToken{a})...)
	}
}

func present(tokens []*addedToken) []*addedToken {
	return slices.DeleteFunc(tokens, func(a *addedToken) bool { return a == nil })
}

// addedTokens returns all added tokens, each text once, in the order in which transformers
// adds them: those with an id by that, then the named ones and the extra ones.
func (v *vocabulary) addedTokens(c *config) ([]*addedToken, error) {
	byID := map[id]*addedToken{}
	for text, a := range c.Decoder {
		n, err := strconv.ParseUint(text, 10, 24)
		if err != nil || a == nil {
			return nil, fmt.Errorf("%s: added_tokens_decoder: %.20q is no token's id, or has no token", configName, text)
		}
		i := id(n)
		a.id, byID[i] = &i, a
	}
	// A token of added_tokens.json is special where a name or tokenizer_config.json says so.
	named, special := map[string]bool{}, map[string]bool{}
	for _, a := range c.named() {
		named[a.content], special[a.content] = true, true
	}
	for _, a := range c.Extra {
		special[a.content] = true
	}
	for content, i := range c.legacy {
		if other := byID[i]; other != nil {
			return nil, fmt.Errorf("%s: %q and %q have the same id %d", addedName, content, other.content, i)
		}
		byID[i] = &addedToken{id: &i, content: content, special: special[content]}
	}
	if c.Decoder == nil {
		for _, a := range v.added {
			byID[*a.id] = &a
		}
	}
	all := slices.SortedFunc(maps.Values(byID), func(a, b *addedToken) int { return cmp.Compare(*a.id, *b.id) })
	place := map[string]int{}
	for i, a := range all {
		if first, ok := place[a.content]; ok {
			return nil, fmt.Errorf("the added token %q has two ids, %d and %d", a.content, *all[first].id, *a.id)
		}
		place[a.content] = i
		a.special = a.special || named[a.content]
	}
	stated, extra := len(all), c.Extra
	if len(extra) == 0 {
		extra = c.Additional
	}
	for _, a := range slices.Concat(c.named(), extra) {
		switch i, ok := place[a.content]; {
		case !ok:
			place[a.content] = len(all)
			all = append(all, a)
		case i >= stated: // one text with two names: what the later one says counts
			all[i] = a
		}
	}
	return all, nil
}
