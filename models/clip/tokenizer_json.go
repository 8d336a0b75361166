package clip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// tokenizerFile is tokenizer.json, the library tokenizers' own format.
type tokenizerFile struct {
	Truncation, Padding *struct{ Direction string }
	Added               []addedToken `json:"added_tokens"`
	Normalizer          *stage
	PreTokenizer        *stage `json:"pre_tokenizer"`
	PostProcessor       *stage `json:"post_processor"`
	Model               struct {
		Type         *string
		Dropout      *float64
		Unknown      *string `json:"unk_token"`
		Prefix       string  `json:"continuing_subword_prefix"`
		Suffix       string  `json:"end_of_word_suffix"`
		FuseUnknown  bool    `json:"fuse_unk"`
		ByteFallback bool    `json:"byte_fallback"`
		IgnoreMerges bool    `json:"ignore_merges"`
		Vocab        map[string]id
		Merges       []mergePair
	}
}

// stage is one of the things that are done to a text before it is encoded, or behind.
type stage struct {
	Type           string
	Normalizers    []stage
	PreTokenizers  []stage
	Pattern        struct{ Regex, String *string }
	Content        string
	Behavior       string
	Invert         bool
	AddPrefixSpace bool     `json:"add_prefix_space"`
	UseRegex       *bool    `json:"use_regex"`
	Cls, Sep       *tokenID // RobertaProcessing
}

// String is a stage with all that makes a difference to the ids.
func (s stage) String() string {
	switch s.Type {
	case "Sequence":
		var parts []string
		for _, p := range append(s.Normalizers, s.PreTokenizers...) {
			parts = append(parts, p.String())
		}
		return strings.Join(parts, ", ")
	case "Replace":
		return fmt.Sprintf("Replace %s by %q", s.pattern(), s.Content)
	case "Split":
		return fmt.Sprintf("Split at %s (%s, invert %t)", s.pattern(), s.Behavior, s.Invert)
	case "ByteLevel":
		return fmt.Sprintf("ByteLevel (add_prefix_space %t, use_regex %t)", s.AddPrefixSpace, s.UseRegex == nil || *s.UseRegex)
	}
	return s.Type
}

func (s stage) pattern() string {
	switch {
	case s.Pattern.Regex != nil:
		return *s.Pattern.Regex
	case s.Pattern.String != nil:
		return strconv.Quote(*s.Pattern.String)
	}
	return "nothing"
}

// What CLIP's tokenizer.json states. Versions of transformers before 5 leave the special
// tokens out of the expression; transformers 5 puts its own in place of any.
const (
	clipNormalizer = `NFC, Replace \s+ by " ", Lowercase`
	clipWords      = `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
	clipSpecial    = `<\|startoftext\|>|<\|endoftext\|>|`
	clipSplit      = "Split at %s (Removed, invert true), ByteLevel (add_prefix_space false, use_regex true)"
)

// readTokenizer reads tokenizer.json.
func readTokenizer(fsys fs.FS) (*vocabulary, error) {
	var f tokenizerFile
	if err := readJSON(fsys, tokenizerName, maxVocabulary, &f); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%s: %w: only CLIP's tokenizer is supported", tokenizerName, err)
	}
	v := &vocabulary{file: tokenizerName, ids: f.Model.Vocab, added: f.Added, bos: f.PostProcessor.Cls, eos: f.PostProcessor.Sep}
	v.merges = make([][2]string, len(f.Model.Merges))
	for i, m := range f.Model.Merges {
		v.merges[i] = m
	}
	for _, a := range f.Added {
		if a.id == nil {
			return nil, fmt.Errorf("%s: the added token %q has no id", tokenizerName, a.content)
		}
	}
	return v, nil
}

// check refuses what would lead to other ids than CLIP's.
func (f *tokenizerFile) check() error {
	m := &f.Model
	switch {
	case m.Type != nil && *m.Type != "BPE":
		return fmt.Errorf("the model is %s and not BPE", *m.Type)
	case len(m.Vocab) == 0:
		return errors.New("the model has no vocabulary")
	case m.Suffix != wordEnd:
		return fmt.Errorf("words end with %q and not with %s", m.Suffix, wordEnd)
	case m.Prefix != "":
		return fmt.Errorf("continuing_subword_prefix is %q", m.Prefix)
	case m.FuseUnknown || m.ByteFallback || m.IgnoreMerges || m.Dropout != nil && *m.Dropout != 0:
		return errors.New("the model has one of fuse_unk, byte_fallback, ignore_merges and dropout")
	case f.Normalizer == nil || f.Normalizer.String() != clipNormalizer:
		return fmt.Errorf("the normalizer is %v and not %s", f.Normalizer, clipNormalizer)
	case f.PreTokenizer == nil || f.PreTokenizer.String() != fmt.Sprintf(clipSplit, clipWords) && f.PreTokenizer.String() != fmt.Sprintf(clipSplit, clipSpecial+clipWords):
		return fmt.Errorf("the pre_tokenizer is %v and not %s", f.PreTokenizer, fmt.Sprintf(clipSplit, clipWords))
	case f.PostProcessor == nil || f.PostProcessor.Type != "RobertaProcessing" || f.PostProcessor.Cls == nil || f.PostProcessor.Sep == nil:
		return fmt.Errorf("the post_processor is %v and not RobertaProcessing", f.PostProcessor)
	case f.Truncation != nil && f.Truncation.Direction == "Left" || f.Padding != nil && f.Padding.Direction == "Left":
		return errors.New("it cuts or pads texts on the left")
	}
	return nil
}

// mergePair is a merge: two tokens with a space between, or, in newer files, a list of two.
type mergePair [2]string

func (m *mergePair) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		var two []string
		if err := json.Unmarshal(data, &two); err != nil || len(two) != 2 {
			return fmt.Errorf("%.60s is no merge of two tokens", data)
		}
		*m = mergePair(two)
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%.60s is no merge of two tokens", data)
	}
	two, err := parseMerge(s)
	*m = two
	return err
}

// tokenID is a token and its id, as a list of two.
type tokenID struct {
	token string
	id    id
}

func (t *tokenID) UnmarshalJSON(data []byte) error {
	two := []any{&t.token, &t.id}
	if err := json.Unmarshal(data, &two); err != nil || len(two) != 2 {
		return fmt.Errorf("%.60s is not a token and its id", data)
	}
	return nil
}
