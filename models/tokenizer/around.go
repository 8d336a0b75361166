package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// part is one of what a text's ids stand among: ids of special tokens, or the text itself.
type part struct {
	text bool
	ids  []int64
}

// specials is how many ids a text gets beside its own.
func (t *Tokenizer) specials() (n int) {
	for _, p := range t.around {
		n += len(p.ids)
	}
	return n
}

// surround puts a text's ids among the special ones.
func (t *Tokenizer) surround(ids []int64) []int64 {
	if t.around == nil {
		return ids
	}
	all := make([]int64, 0, len(ids)+t.specials())
	for _, p := range t.around {
		if p.text {
			all = append(all, ids...)
		}
		all = append(all, p.ids...)
	}
	return all
}

// tokenAndID is a token and its id, as a list of two.
type tokenAndID struct{ id int64 }

func (t *tokenAndID) UnmarshalJSON(data []byte) error {
	var token string
	two := []any{&token, &t.id}
	if err := json.Unmarshal(data, &two); err != nil || len(two) != 2 {
		return fmt.Errorf("%.60s is not a token and its id", data)
	}
	return nil
}

// parts reads a post-processor; nil where a text stands alone.
func (s *step) parts(depth int) ([]part, error) {
	if s == nil {
		return nil, nil
	}
	switch s.Type {
	case "ByteLevel": // about offsets alone
		return nil, nil
	case "BertProcessing", "RobertaProcessing":
		if s.Cls == nil || s.Sep == nil {
			return nil, fmt.Errorf("the post_processor %s lacks cls or sep", s.Type)
		}
		return []part{{ids: []int64{s.Cls.id}}, {text: true}, {ids: []int64{s.Sep.id}}}, nil
	case "TemplateProcessing":
		return s.template()
	case "Sequence":
		if depth == 0 {
			return nil, errors.New("its sequences are nested too deeply")
		}
		all := []part{{text: true}}
		for _, inner := range s.Processors {
			outer, err := inner.parts(depth - 1)
			if err != nil {
				return nil, err
			}
			if outer == nil {
				continue
			}
			var next []part
			for _, p := range outer {
				if p.text {
					next = append(next, all...)
				} else {
					next = append(next, p)
				}
			}
			if all = next; len(all) > maxParts {
				return nil, fmt.Errorf("the post_processor has more than %d parts", maxParts)
			}
		}
		return all, nil
	}
	return nil, fmt.Errorf("the post_processor %q is not known", s.Type)
}

// maxParts bounds what stands around a text.
const maxParts = 1024

func (s *step) template() ([]part, error) {
	if len(s.Single) > maxParts {
		return nil, fmt.Errorf("the post_processor has more than %d parts", maxParts)
	}
	all := []part{}
	for _, item := range s.Single {
		switch {
		case item.Sequence != nil:
			if item.Sequence.ID != "A" {
				return nil, fmt.Errorf("the template for one text has %q", item.Sequence.ID)
			}
			all = append(all, part{text: true})
		case item.Special != nil:
			special, ok := s.SpecialTokens[item.Special.ID]
			if !ok {
				return nil, fmt.Errorf("the template has %.40q, which is not among its special tokens", item.Special.ID)
			}
			all = append(all, part{ids: special.IDs})
		default:
			return nil, errors.New("the template has a part that is neither a text nor a special token")
		}
	}
	return all, nil
}

// truncation is how texts are cut.
type truncation struct {
	length int
	left   bool
}

// apply cuts a text's ids, so that with specials more there are no more than the length.
func (t *truncation) apply(ids []int64, specials int) (kept []int64, cut bool) {
	if t == nil || len(ids)+specials <= t.length {
		return ids, false
	}
	n := max(0, t.length-specials)
	if t.left {
		return ids[len(ids)-n:], true
	}
	return ids[:n], true
}

// padding is how texts are filled up.
type padding struct {
	length   int // 0: to nothing but multiple, since one text is as long as the longest of its batch
	multiple int
	id       int64
	left     bool
}

// apply fills ids up, and returns where the first stands.
func (p *padding) apply(ids []int64) (all []int64, first int) {
	if p == nil {
		return ids, 0
	}
	length := max(p.length, 0)
	if p.length == 0 {
		length = len(ids)
	}
	if m := p.multiple; m > 0 && length%m > 0 {
		length += m - length%m
	}
	n := length - len(ids)
	if n <= 0 {
		return ids, 0
	}
	fill := slices.Repeat([]int64{p.id}, n)
	if p.left {
		return append(fill, ids...), n
	}
	return append(slices.Clip(ids), fill...), 0
}
