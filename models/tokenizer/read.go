package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Name is the file's usual name.
const Name = "tokenizer.json"

// What a file may have at most: bytes, tokens, the length of texts, and how deep sequences of steps
// may be nested.
const (
	MaxBytes  = 128 << 20
	maxTokens = 1 << 24
	maxLength = 1 << 16
	maxNested = 8
)

// file is tokenizer.json.
type file struct {
	Truncation *struct {
		Direction string
		MaxLength int `json:"max_length"`
		Strategy  string
	}
	Padding *struct {
		Strategy  json.RawMessage
		Direction string
		Multiple  int   `json:"pad_to_multiple_of"`
		ID        int64 `json:"pad_id"`
	}
	Added         []addedToken `json:"added_tokens"`
	Normalizer    *step
	PreTokenizer  *step `json:"pre_tokenizer"`
	PostProcessor *step `json:"post_processor"`
	Model         modelFile
}

// step is a normalizer, a pre-tokenizer or a post-processor: what any of them states.
type step struct {
	Type          string
	Normalizers   []*step
	PreTokenizers []*step `json:"pretokenizers"`
	Processors    []*step

	Pattern          *pattern
	Content          string
	Prepend          string
	StripLeft        *bool   `json:"strip_left"`
	StripRight       *bool   `json:"strip_right"`
	CleanText        *bool   `json:"clean_text"`
	Chinese          *bool   `json:"handle_chinese_chars"`
	StripAccents     *bool   `json:"strip_accents"`
	Lowercase        *bool   `json:"lowercase"`
	Charsmap         *string `json:"precompiled_charsmap"`
	Behavior         string
	Invert           bool
	Delimiter        string
	IndividualDigits bool `json:"individual_digits"`
	Replacement      string
	PrependScheme    string `json:"prepend_scheme"`
	Split            *bool
	AddPrefixSpace   *bool `json:"add_prefix_space"`
	UseRegex         *bool `json:"use_regex"`
	Length           *int

	Cls, Sep *tokenAndID
	Single   []struct {
		Sequence *struct{ ID string }
		Special  *struct{ ID string } `json:"SpecialToken"`
	}
	SpecialTokens map[string]struct{ IDs []int64 } `json:"special_tokens"`
}

// modelFile is the model of the file: what any of the four states.
type modelFile struct {
	Type         string
	Dropout      *float64
	Unknown      *string `json:"unk_token"`
	UnknownID    *int64  `json:"unk_id"`
	Prefix       string  `json:"-"`
	StatedPrefix *string `json:"continuing_subword_prefix"`
	hasPrefix    bool
	Suffix       string `json:"end_of_word_suffix"`
	FuseUnknown  bool   `json:"fuse_unk"`
	ByteFallback bool   `json:"byte_fallback"`
	IgnoreMerges bool   `json:"ignore_merges"`
	Longest      *int   `json:"max_input_chars_per_word"`
	Vocab        vocabulary
	Merges       []mergePair
}

// vocabulary is tokens with their ids, or, of Unigram, in their order with their scores.
type vocabulary struct {
	ids    map[string]int64
	scores []float64 // nil where they have none
}

func (v *vocabulary) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		return json.Unmarshal(data, &v.ids)
	}
	var pieces []scored
	if err := json.Unmarshal(data, &pieces); err != nil {
		return err
	}
	v.ids, v.scores = make(map[string]int64, len(pieces)), make([]float64, len(pieces))
	for i, p := range pieces {
		v.ids[p.token], v.scores[i] = int64(i), p.score
	}
	return nil
}

type scored struct {
	token string
	score float64
}

func (s *scored) UnmarshalJSON(data []byte) error {
	two := []any{&s.token, &s.score}
	if err := json.Unmarshal(data, &two); err != nil || len(two) != 2 {
		return fmt.Errorf("%.60s is not a token and its score", data)
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
	left, right, ok := strings.Cut(s, " ")
	if !ok || left == "" || right == "" || strings.Contains(right, " ") {
		return fmt.Errorf("%.60q is no merge of two tokens", s)
	}
	*m = mergePair{left, right}
	return nil
}

// Read reads the tokenizer.json of a folder. Its error wraps [fs.ErrNotExist] where there is none.
func Read(fsys fs.FS) (*Tokenizer, error) {
	f, err := fsys.Open(Name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Name, err)
	}
	t, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Name, err)
	}
	return t, nil
}

// Parse reads what a tokenizer.json holds, of MaxBytes at most.
func Parse(data []byte) (*Tokenizer, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it has more than %d MiB: no tokenizer's has", MaxBytes>>20)
	}
	var f file
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &f); {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("it is not JSON: %w, at byte %d", err, syntax.Offset)
	case errors.As(err, &kind):
		return nil, fmt.Errorf("unexpected %s at byte %d", kind.Value, kind.Offset)
	case err != nil:
		return nil, err
	}
	t := &Tokenizer{}
	var err error
	if t.model, err = f.Model.model(); err != nil {
		return nil, fmt.Errorf("the model: %w", err)
	}
	if t.normalize, err = f.Normalizer.normalizers(maxNested); err != nil {
		return nil, err
	}
	if t.split, err = f.PreTokenizer.splitters(maxNested); err != nil {
		return nil, err
	}
	if t.around, err = f.PostProcessor.parts(maxNested); err != nil {
		return nil, err
	}
	if t.added, err = newAdded(f.Added, t.model, t.normalize); err != nil {
		return nil, err
	}
	if err := t.fits(&f); err != nil {
		return nil, err
	}
	for _, id := range f.Model.Vocab.ids {
		t.size = max(t.size, int(id)+1)
	}
	for _, id := range t.added.ids {
		t.size = max(t.size, int(id)+1)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, nil
}

// model makes the model, of which a file says nothing or a name.
func (f *modelFile) model() (model, error) {
	if f.StatedPrefix != nil {
		f.Prefix, f.hasPrefix = *f.StatedPrefix, true
	}
	if f.Vocab.ids == nil {
		return nil, errors.New("it has no vocabulary")
	}
	if len(f.Vocab.ids) > maxTokens {
		return nil, fmt.Errorf("it has %d tokens: more than %d are not read", len(f.Vocab.ids), maxTokens)
	}
	for token, id := range f.Vocab.ids {
		if id < 0 || id >= maxTokens {
			return nil, fmt.Errorf("the token %.40q has the id %d: from 0 to %d are read", token, id, maxTokens-1)
		}
	}
	kind := f.Type
	if kind == "" { // older files say none
		switch {
		case f.Vocab.scores != nil:
			kind = "Unigram"
		case f.Merges != nil:
			kind = "BPE"
		case f.Longest != nil:
			kind = "WordPiece"
		default:
			kind = "WordLevel"
		}
	}
	if (kind == "Unigram") != (f.Vocab.scores != nil) {
		return nil, fmt.Errorf("it is called %s, and its vocabulary is not of that form", kind)
	}
	switch kind {
	case "BPE":
		return f.bpe()
	case "Unigram":
		return f.unigram()
	case "WordPiece":
		return f.wordPiece()
	case "WordLevel":
		return f.wordLevel()
	}
	return nil, fmt.Errorf("%q is not known: BPE, Unigram, WordPiece and WordLevel are", kind)
}

// fits reads how long texts are.
func (t *Tokenizer) fits(f *file) error {
	if c := f.Truncation; c != nil {
		if c.Strategy == "OnlySecond" {
			return errors.New("truncation is of second texts only")
		}
		t.truncate = &truncation{length: c.MaxLength, left: c.Direction == "Left"}
	}
	if p := f.Padding; p != nil {
		t.pad = &padding{multiple: p.Multiple, id: p.ID, left: p.Direction == "Left"}
		var fixed struct{ Fixed *int }
		if json.Unmarshal(p.Strategy, &fixed) == nil && fixed.Fixed != nil {
			t.pad.length = *fixed.Fixed
		} else if string(p.Strategy) != `"BatchLongest"` {
			return fmt.Errorf("the padding strategy %.60s is not known", p.Strategy)
		}
	}
	return nil
}

// check refuses lengths that no text can have.
func (t *Tokenizer) check() error {
	n := 0
	if t.truncate != nil {
		if n = t.truncate.length; n < t.specials() {
			return fmt.Errorf("texts are cut to %d tokens, of which %d are special ones", n, t.specials())
		}
	}
	if p := t.pad; p != nil {
		if p.id < 0 || p.id >= maxTokens || p.length < 0 || p.multiple < 0 || p.multiple > maxLength {
			return fmt.Errorf("padding is to %d or a multiple of %d, by the id %d", p.length, p.multiple, p.id)
		}
		n = max(n, p.length)
	}
	if n > maxLength || n < 0 {
		return fmt.Errorf("texts have %d tokens: more than %d are not made", n, maxLength)
	}
	for _, p := range t.around {
		for _, id := range p.ids {
			if id < 0 || id >= maxTokens {
				return fmt.Errorf("the post_processor has the id %d", id)
			}
		}
	}
	return nil
}
