package dual

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"strings"

	"ortho/models/clip"
	"ortho/models/config"
	"ortho/models/tokenizer"
)

// stated is what the files beside a model say of its texts.
type stated struct {
	modelType    string
	hasConfig    bool
	positions    int // text_config.max_position_embeddings
	padID        *int64
	context      int // open_clip's text_cfg.context_length
	canonicalize bool
	hasBias      bool
	padToken     string
	padSource    string
	length       int // model_max_length
}

// maxLength is the most tokens that a text may have; transformers writes 1e30 for any number.
const maxLength = 1 << 16

const (
	tokenizerConfig = "tokenizer_config.json"
	specialTokens   = "special_tokens_map.json"
)

// token is a token's text, or an object with it.
type token struct{ text string }

func (t *token) UnmarshalJSON(data []byte) error {
	if data[0] == '"' || bytes.Equal(data, []byte("null")) {
		return json.Unmarshal(data, &t.text)
	}
	var o struct{ Content string }
	err := json.Unmarshal(data, &o)
	t.text = o.Content
	return err
}

func readStated(l *layout) (*stated, error) {
	s := &stated{}
	var c struct {
		ModelType string `json:"model_type"`
		Text      struct {
			Positions int    `json:"max_position_embeddings"`
			PadID     *int64 `json:"pad_token_id"`
		} `json:"text_config"`
		TextCfg *struct {
			Context   *int `json:"context_length"`
			Tokenizer struct {
				Clean string
			} `json:"tokenizer_kwargs"`
		} `json:"text_cfg"`
		Bias *float64 `json:"init_logit_bias"`
	}
	found, err := readJSON(l.root, config.ConfigFile, &c)
	if err != nil {
		return nil, err
	}
	s.hasConfig, s.modelType, s.positions, s.padID, s.hasBias = found, c.ModelType, c.Text.Positions, c.Text.PadID, c.Bias != nil
	if c.TextCfg != nil {
		if s.context = 77; c.TextCfg.Context != nil { // open_clip's default
			s.context = *c.TextCfg.Context
		}
		switch clean := c.TextCfg.Tokenizer.Clean; clean {
		case "canonicalize":
			s.canonicalize = true
		case "", "lower", "whitespace": // the tokenizer's own
		default:
			return nil, fmt.Errorf("%s: text_cfg.tokenizer_kwargs.clean %q is not known", config.ConfigFile, clean)
		}
	}
	for _, name := range []string{tokenizerConfig, specialTokens} {
		var t struct {
			Pad    *token   `json:"pad_token"`
			Length *float64 `json:"model_max_length"`
		}
		if _, err := readJSON(l.words, name, &t); err != nil {
			return nil, err
		}
		if t.Pad != nil && t.Pad.text != "" && s.padToken == "" {
			s.padToken, s.padSource = t.Pad.text, name+" (pad_token)"
		}
		if t.Length != nil && *t.Length >= 1 && *t.Length <= maxLength && s.length == 0 {
			s.length = int(*t.Length)
		}
	}
	return s, nil
}

// readJSON reads a file into v, if it is there.
func readJSON(folder fs.FS, name string, v any) (found bool, err error) {
	data, err := config.ReadText(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return true, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// words turns a text into ids of a fixed length, and says which are no padding.
type words func(text string) (ids, mask []int64, cut bool, err error)

// openWords opens the tokenizer that lies in the model's folder. fixed is how many tokens the graph
// takes; 0: any number.
func (m *Model) openWords(l *layout, layers config.Layers, said *stated, fixed int) (words, error) {
	z, err := tokenizer.Read(l.words)
	if errors.Is(err, fs.ErrNotExist) {
		return m.openCLIPWords(l, layers, said, fixed)
	}
	if err != nil {
		return nil, err
	}
	m.fact("tokenizer", fmt.Sprintf("%d ids", z.Size()), tokenizer.Name)
	length, err := m.settleLength(layers, said, fixed, z.Length())
	if err != nil {
		return nil, err
	}
	pad, source, err := padOf(z, said)
	if err != nil {
		return nil, err
	}
	m.fact("text-padding", fmt.Sprint("id ", pad), source)
	if z, err = z.Fixed(length, pad); err != nil {
		return nil, err
	}
	return func(text string) ([]int64, []int64, bool, error) {
		e, err := z.Encode(text)
		return e.IDs, e.Mask(), e.Cut, err
	}, nil
}

// openCLIPWords opens CLIP's tokenizer of older exports: vocab.json and merges.txt.
func (m *Model) openCLIPWords(l *layout, layers config.Layers, said *stated, fixed int) (words, error) {
	z, err := clip.Read(l.words)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s (save_pretrained of transformers' tokenizer writes it), nor CLIP's vocab.json and merges.txt: %w", tokenizer.Name, err)
	}
	if err != nil {
		return nil, err
	}
	m.fact("tokenizer", fmt.Sprintf("%d ids, CLIP's", z.Size()), "vocab.json")
	length, err := m.settleLength(layers, said, fixed, z.Length())
	if err != nil {
		return nil, err
	}
	if length != z.Length() {
		return nil, fmt.Errorf("texts have %d tokens, and CLIP's tokenizer makes %d of each", length, z.Length())
	}
	return func(text string) ([]int64, []int64, bool, error) {
		e := z.Encode(text)
		mask := make([]int64, len(e.IDs))
		for i := range e.Count {
			mask[i] = 1
		}
		return e.IDs, mask, e.Cut != "", nil
	}, nil
}

// padOf is the id that fills short texts.
func padOf(z *tokenizer.Tokenizer, said *stated) (int64, string, error) {
	if said.padToken != "" {
		id, ok := z.ID(said.padToken)
		if !ok {
			return 0, "", fmt.Errorf("%s is %q, which the tokenizer does not have", said.padSource, said.padToken)
		}
		return id, said.padSource, nil
	}
	if id, ok := z.PadID(); ok {
		return id, tokenizer.Name + " (padding)", nil
	}
	if said.padID != nil {
		return *said.padID, config.ConfigFile + " (text_config.pad_token_id)", nil
	}
	return 0, "", fmt.Errorf("nothing says which token fills short texts: %s has a pad_token where transformers has written it", tokenizerConfig)
}

// positionsOf are the defaults of transformers' configurations, which config.json leaves out.
var positionsOf = map[string]int{"clip": 77, "metaclip_2": 77, "siglip": 64, "siglip2": 64}

// settleLength settles how many tokens a text has.
func (m *Model) settleLength(layers config.Layers, said *stated, fixed, ofTokenizer int) (int, error) {
	if s, ok := config.TextLength.Find(layers); ok {
		if fixed > 0 && s.Value != fixed {
			return 0, fmt.Errorf("%s states text-length %d, but the graph takes %d tokens", s.Source, s.Value, fixed)
		}
		m.fact("text-length", s.Text, s.Source)
		return s.Value, nil
	}
	for _, s := range []struct {
		n      int
		source string
	}{
		{fixed, "graph"}, {said.context, config.ConfigFile + " (text_cfg.context_length)"}, {said.length, tokenizerConfig + " (model_max_length)"},
		{said.positions, config.ConfigFile + " (text_config.max_position_embeddings)"},
		{positionsOf[said.modelType], fmt.Sprintf("%s (default of model_type %s)", config.ConfigFile, said.modelType)}, {ofTokenizer, tokenizer.Name},
	} {
		if s.n > 0 {
			m.fact("text-length", fmt.Sprint(s.n), s.source)
			return s.n, nil
		}
	}
	return 0, config.Errorf("nothing says how many tokens a text has: give %s (CLIP's have 77, SigLIP's 64)", config.Key("text-length"))
}

// cleaned is a text as open_clip's tokenizers clean it, but for ftfy: HTML's entities are characters (twice), white
// space in a row is one space, and with canonicalize there are neither capitals nor ASCII's signs, of which _ is a space.
func cleaned(text string, canonicalize bool) string {
	text = html.UnescapeString(html.UnescapeString(text))
	if canonicalize {
		text = strings.ToLower(strings.Map(func(r rune) rune {
			switch {
			case r == '_':
				return ' '
			case r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~':
				return -1
			}
			return r
		}, text))
	}
	return strings.Join(strings.Fields(text), " ")
}
