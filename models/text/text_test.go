package text

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// goldens are texts with their tokens in Python: scripts/goldens/text.py.
func goldens(t testing.TB) (texts []string, tokens [][]string) {
	t.Helper()
	data, err := os.ReadFile("testdata/tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][2]json.RawMessage
	if err := json.Unmarshal(data, &rows); err != nil || len(rows) < 600 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		var text string
		var want []string
		if json.Unmarshal(row[0], &text) != nil || json.Unmarshal(row[1], &want) != nil {
			t.Fatalf("row %s", row)
		}
		texts, tokens = append(texts, text), append(tokens, want)
	}
	return texts, tokens
}

func TestTokensEqualPython(t *testing.T) {
	texts, tokens := goldens(t)
	for i, text := range texts {
		if got := Tokens(text); !slices.Equal(got, tokens[i]) {
			t.Errorf("%+q: %+q, Python gives %+q", text, got, tokens[i])
		}
	}
}

func read(t testing.TB, file string) *Vocabulary {
	t.Helper()
	v, err := ReadVocabulary(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEncode(t *testing.T) {
	v := read(t, "\ufeffthe\r\n<unk>\r\n<pad>\r\nseven\r\nbold\r\n")
	for _, c := range []struct {
		text    string
		length  int
		ids     []int64
		tokens  int
		unknown []string
		cut     []string
	}{
		{"The BOLD seven", 5, []int64{0, 4, 3, 2, 2}, 3, nil, nil},
		{"", 2, []int64{2, 2}, 0, nil, nil},
		{" ... ", 1, []int64{2}, 0, nil, nil},
		{"bold bold blue, blue red seven", 5, []int64{4, 4, 1, 1, 1}, 5, []string{"blue", "red"}, []string{"seven"}},
		{"seven <pad>", 3, []int64{3, 1, 2}, 2, []string{"pad"}, nil},
		{"seven bold", 0, []int64{}, 0, nil, []string{"seven", "bold"}},
	} {
		e := v.Encode(c.text, c.length)
		if !slices.Equal(e.IDs, c.ids) || e.Tokens != c.tokens || !slices.Equal(e.Unknown, c.unknown) || !slices.Equal(e.Cut, c.cut) {
			t.Errorf("%q in %d: %+v, want %+v", c.text, c.length, e, c)
		}
	}
}

func TestReadVocabulary(t *testing.T) {
	if v := read(t, "<pad>\n<unk>\na b\n\n"); v.Len() != 3 {
		t.Errorf("%d tokens", v.Len())
	}
	for _, c := range []struct{ file, want string }{
		{"", "empty"},
		{"<pad>\na\n", "<unk>"},
		{"<unk>\na\n", "<pad>"},
		{"<pad>\n\n<unk>\n", "line 2 of the vocabulary is empty"},
		{"<pad>\n<unk>\na\r\nb\na\n", `line 5 of the vocabulary repeats "a" of line 3`},
		{"<pad>\n<unk>\n\xff\n", "UTF-8"},
		{strings.Repeat("a", MaxBytes+1), "more than 16777216 bytes"},
		{strings.Repeat("\n", MaxTokens) + "a", "more than 1048576"},
	} {
		if _, err := ReadVocabulary(strings.NewReader(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v, want %q in it", c.file, err, c.want)
		}
	}
}

func FuzzTokens(f *testing.F) {
	texts, _ := goldens(f)
	for _, text := range texts[:60] {
		f.Add(text)
	}
	f.Add("A\xffΣ\xc3")
	f.Fuzz(func(t *testing.T, text string) {
		tokens := Tokens(text)
		for _, token := range tokens {
			if token == "" || !utf8.ValidString(token) || strings.ContainsFunc(token, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }) {
				t.Errorf("%+q: token %+q", text, token)
			}
		}
		// What is lower-case stays as it is.
		if again := Tokens(strings.Join(tokens, " ")); !slices.Equal(again, tokens) {
			t.Errorf("%+q: %+q, and of these %+q", text, tokens, again)
		}
	})
}

func FuzzReadVocabulary(f *testing.F) {
	f.Add([]byte("<pad>\n<unk>\nseven\n"), "seven eight")
	f.Add([]byte("\xef\xbb\xbf<unk>\r\n<pad>\r\n"), "")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		v, err := ReadVocabulary(bytes.NewReader(file))
		if err != nil {
			return
		}
		e := v.Encode(text, 8)
		if len(e.IDs) != 8 || e.Tokens > 8 || e.Tokens+len(e.Cut) != len(Tokens(text)) {
			t.Errorf("%+v", e)
		}
		for i, id := range e.IDs {
			if id < 0 || id >= int64(v.Len()) || i >= e.Tokens && v.tokens[id] != Pad {
				t.Errorf("id %d at %d", id, i)
			}
		}
	})
}
