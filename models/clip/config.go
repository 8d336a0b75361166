package clip

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// The length where a tokenizer states none, that of all of CLIP's, and what counts as one:
// transformers writes 1e30 for none.
const (
	defaultLength = 77
	minLength     = 3 // the start, the end, and one between
	maxLength     = 1 << 16
)

// The special tokens that CLIPTokenizer has where nothing else is stated.
const (
	defaultBOS = "<|startoftext|>"
	defaultEOS = "<|endoftext|>"
)

// classes are CLIPTokenizer's names, and those of transformers for whatever a tokenizer.json
// describes.
var classes = []string{"CLIPTokenizer", "CLIPTokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"}

// config is tokenizer_config.json, with special_tokens_map.json on top of it. The named
// tokens stand in the order in which transformers adds them.
type config struct {
	Tokenizer    string                 `json:"tokenizer_class"`
	Length       *float64               `json:"model_max_length"`
	BOS          *addedToken            `json:"bos_token"`
	EOS          *addedToken            `json:"eos_token"`
	Unknown      *addedToken            `json:"unk_token"`
	Separator    *addedToken            `json:"sep_token"`
	Pad          *addedToken            `json:"pad_token"`
	Class        *addedToken            `json:"cls_token"`
	Mask         *addedToken            `json:"mask_token"`
	Extra        extraTokens            `json:"extra_special_tokens"`
	Additional   extraTokens            `json:"additional_special_tokens"` // Extra's name before transformers 5
	Decoder      map[string]*addedToken `json:"added_tokens_decoder"`
	Padding      string                 `json:"padding_side"`
	Truncation   string                 `json:"truncation_side"`
	SplitSpecial bool                   `json:"split_special_tokens"`

	legacy map[string]id // added_tokens.json
}

// named are the tokens with a name of their own that are there.
func (c *config) named() []*addedToken {
	return present([]*addedToken{c.BOS, c.EOS, c.Unknown, c.Separator, c.Pad, c.Class, c.Mask})
}

// readConfig reads the files beside the vocabulary. As transformers has it, tokenizer_config's
// added_tokens_decoder stands for the two older files.
func readConfig(fsys fs.FS) (*config, error) {
	c := &config{}
	if err := readJSON(fsys, configName, maxConfig, c); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(c.Extra) == 0 {
		c.Extra, c.Additional = c.Additional, nil
	}
	if c.Decoder == nil {
		if err := readJSON(fsys, specialName, maxConfig, c); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := readJSON(fsys, addedName, maxConfig, &c.legacy); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for token, content := range map[**addedToken]string{&c.BOS: defaultBOS, &c.EOS: defaultEOS, &c.Unknown: defaultEOS, &c.Pad: defaultEOS} {
		if *token == nil {
			*token = &addedToken{content: content, special: true}
		}
	}
	switch {
	case c.Tokenizer != "" && !slices.Contains(classes, c.Tokenizer):
		return nil, fmt.Errorf("%s: tokenizer_class is %s: only CLIPTokenizer is supported", configName, c.Tokenizer)
	case c.Padding == "left" || c.Truncation == "left":
		return nil, fmt.Errorf("%s: padding_side or truncation_side is left: only right is supported", configName)
	case c.SplitSpecial:
		return nil, fmt.Errorf("%s: split_special_tokens is not supported", configName)
	case c.Length == nil || *c.Length > maxLength:
		length := float64(defaultLength)
		c.Length = &length
	case *c.Length != float64(int(*c.Length)) || *c.Length < minLength:
		return nil, fmt.Errorf("%s: model_max_length is %v, and a text has at least %d tokens", configName, *c.Length, minLength)
	}
	return c, nil
}

// tokenizer puts a vocabulary and its configuration together, as CLIPTokenizer does. A
// token that the model lacks gets the next id behind all.
func (v *vocabulary) tokenizer(c *config) (*Tokenizer, error) {
	added, err := v.addedTokens(c)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{length: int(*c.Length)}
	if t.pairs, err = newBPE(v.ids, v.merges, c.Unknown.content); err != nil {
		return nil, fmt.Errorf("%s: %w", v.file, err)
	}
	for _, i := range v.ids {
		t.size = max(t.size, int(i)+1)
	}
	ids, next := map[string]id{}, id(len(v.ids))
	for _, a := range added {
		i, ok := v.ids[a.content]
		if !ok {
			i = next
		}
		switch {
		case a.content == "":
			return nil, fmt.Errorf("%s: a special token is empty", configName)
		case a.id != nil && *a.id != i:
			return nil, fmt.Errorf("the added token %q is to have the id %d, but transformers gives it %d: was the vocabulary changed since it was added?", a.content, *a.id, i)
		case i >= maxID:
			return nil, fmt.Errorf("there are more added tokens than ids up to %d", maxID-1)
		}
		ids[a.content], next, t.size = i, max(next, i+1), max(t.size, int(i)+1)
	}
	// Of two that read the same once normalised, the special one is found.
	slices.SortStableFunc(added, func(a, b *addedToken) int { return bit(b.special) - bit(a.special) })
	for _, a := range added {
		e := ending{int32(ids[a.content]), a.alone}
		if chars := decode(a.content); a.normalized == nil && a.special || a.normalized != nil && !*a.normalized {
			t.raw.add(chars, e)
		} else {
			t.normal.add(normalize(chars), e)
		}
	}
	t.bos, t.eos, t.pad = int32(ids[c.BOS.content]), int32(ids[c.EOS.content]), int32(ids[c.Pad.content])
	for _, said := range []struct {
		as *tokenID
		id int32
	}{{v.bos, t.bos}, {v.eos, t.eos}} {
		if said.as != nil && int32(said.as.id) != said.id {
			return nil, fmt.Errorf("%s: its post_processor has %q with id %d where the special tokens have id %d", v.file, said.as.token, said.as.id, said.id)
		}
	}
	return t, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
