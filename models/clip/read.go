package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// What is read at most, in bytes: of a file with the vocabulary, and of the others.
const (
	maxVocabulary = 64 << 20
	maxConfig     = 4 << 20
)

// maxID bounds the ids of a vocabulary; CLIP has 49408.
const maxID = 1 << 24

const (
	tokenizerName = "tokenizer.json"
	vocabName     = "vocab.json"
	mergesName    = "merges.txt"
	configName    = "tokenizer_config.json"
	specialName   = "special_tokens_map.json"
	addedName     = "added_tokens.json"
)

// Read reads the tokenizer of a folder that transformers' save_pretrained wrote, of any
// version (a pipeline's `tokenizer` or `tokenizer_2`): tokenizer.json where it is there,
// else vocab.json and merges.txt; with tokenizer_config.json, special_tokens_map.json and
// added_tokens.json where those are there. A tokenizer that is not CLIP's is refused, and
// so are files that state what transformers would not do. Each error names its file; where
// there is no vocabulary at all it is [fs.ErrNotExist].
func Read(fsys fs.FS) (*Tokenizer, error) {
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	v, err := readTokenizer(fsys)
	if errors.Is(err, fs.ErrNotExist) {
		v, err = readVocabulary(fsys)
	}
	if err != nil {
		return nil, err
	}
	return v.tokenizer(c)
}

// vocabulary is what the files say of the ids.
type vocabulary struct {
	file   string
	ids    map[string]id
	merges [][2]string
	added  []addedToken // of tokenizer.json
	// What tokenizer.json puts before and behind a text; nil: not said.
	bos, eos *tokenID
}

// readVocabulary reads vocab.json and merges.txt.
func readVocabulary(fsys fs.FS) (*vocabulary, error) {
	v := &vocabulary{file: vocabName}
	if err := readJSON(fsys, vocabName, maxVocabulary, &v.ids); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is neither %s nor %s: %w", tokenizerName, vocabName, err)
	} else if err != nil {
		return nil, err
	}
	data, err := readFile(fsys, mergesName, maxVocabulary)
	if err != nil {
		return nil, err
	}
	if v.merges, err = parseMerges(data); err != nil {
		return nil, fmt.Errorf("%s: %w", mergesName, err)
	}
	if len(v.merges) == 0 && len(v.ids) > 2*256+2 {
		return nil, fmt.Errorf("%s has no merges, and %s has tokens that are made by them: it is cut or empty", mergesName, vocabName)
	}
	return v, nil
}

// parseMerges reads two tokens a line. Lines that are empty or begin with "#version" are
// passed over; those of Windows are taken.
func parseMerges(data []byte) ([][2]string, error) {
	merges := make([][2]string, 0, bytes.Count(data, []byte("\n"))+1)
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#version") {
			continue
		}
		m, err := parseMerge(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		merges = append(merges, m)
	}
	return merges, nil
}

func parseMerge(s string) ([2]string, error) {
	left, right, _ := strings.Cut(s, " ")
	if left == "" || right == "" || strings.Contains(right, " ") {
		return [2]string{}, fmt.Errorf("%.60q is not two tokens with a space between", s)
	}
	return [2]string{left, right}, nil
}

// id is that of a token.
type id int32

func (i *id) UnmarshalJSON(data []byte) error {
	var n int64
	if err := json.Unmarshal(data, &n); err != nil || n < 0 || n >= maxID || data[0] == 'n' {
		return fmt.Errorf("%.20s is no token's id: whole numbers from 0 to %d are", data, maxID-1)
	}
	*i = id(n)
	return nil
}

// readJSON reads a file into v.
func readJSON(fsys fs.FS, name string, limit int64, v any) error {
	data, err := readFile(fsys, name, limit)
	if err != nil {
		return err
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch err := json.Unmarshal(data, v); {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s is not JSON: %w, at byte %d", name, err, syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: unexpected %s at byte %d", name, kind.Value, kind.Offset)
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MiB: no tokenizer's is", name, limit>>20)
	}
	return data, nil
}
