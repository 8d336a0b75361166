package tokenizer

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// small is a tokenizer with the rest of a file in it.
func small(rest string) string {
	if rest != "" {
		rest = ", " + rest
	}
	return `{"model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2}}` + rest + `}`
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ file, says string }{
		{``, "it is not JSON"},
		{`[]`, "unexpected array"},
		{`{}`, "the model: it has no vocabulary"},
		{`{"model": {"type": "Morse", "vocab": {}}}`, `the model: "Morse" is not known: BPE, Unigram, WordPiece and WordLevel are`},
		{`{"model": {"type": "BPE", "vocab": {"a": -1}}}`, `the token "a" has the id -1`},
		{`{"model": {"type": "BPE", "vocab": {"a": 99999999}}}`, "from 0 to 16777215 are read"},
		{`{"model": {"type": "BPE", "vocab": {"a": 0}, "dropout": 0.1}}`, "dropout"},
		{`{"model": {"type": "BPE", "vocab": {"a": 0}, "unk_token": "u"}}`, `the unknown token "u" is not in the vocabulary`},
		{`{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}`, `merge 1 ("a" and "b") has a token that is not in the vocabulary`},
		{`{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}`, `"a" is no merge of two tokens`},
		{`{"model": {"type": "Unigram", "vocab": {"a": 0}}}`, "its vocabulary is not of that form"},
		{`{"model": {"type": "Unigram", "vocab": [["a"]]}}`, "is not a token and its score"},
		{`{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1}}`, "unk_id is 1, of 1 tokens"},
		{small(`"normalizer": {"type": "Rot13"}`), `the normalizer "Rot13" is not known`},
		{small(`"normalizer": ` + strings.Repeat(`{"type": "Sequence", "normalizers": [`, 20) + strings.Repeat(`]}`, 20)), "nested too deeply"},
		{small(`"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAA"}`), "precompiled_charsmap"},
		{small(`"normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}`), "precompiled_charsmap is cut short"},
		{small(`"normalizer": {"type": "Replace", "pattern": {"String": ""}, "content": ""}`), "a pattern is empty"},
		{small(`"normalizer": {"type": "Replace", "content": ""}`), "a pattern is missing"},
		{small(`"normalizer": {"type": "Replace", "pattern": {"Regex": "(?<=a)b"}, "content": ""}`), `the regular expression "(?<=a)b" can't be used`},
		{small(`"normalizer": {"type": "Replace", "pattern": {"Regex": "^a"}, "content": ""}`), "it looks at a place (^)"},
		{small(`"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\s+(?!\\S)x"}, "behavior": "Removed"}`), "a look-ahead is known only where"},
		{small(`"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a[b]]"}, "behavior": "Removed"}`), "a class within a class"},
		{small(`"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "` + strings.Repeat("a", 5000) + `"}, "behavior": "Removed"}`), "more than 4096 bytes"},
		{small(`"pre_tokenizer": {"type": "Split", "pattern": " ", "behavior": "Eaten"}`), `the behavior "Eaten" is not known`},
		{small(`"pre_tokenizer": {"type": "UnicodeScripts"}`), "UnicodeScripts"},
		{small(`"pre_tokenizer": {"type": "Metaspace", "replacement": "__"}`), `"__" is not one character`},
		{small(`"pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "last"}`), `the prepend_scheme "last" is not known`},
		{small(`"pre_tokenizer": {"type": "FixedLength", "length": 0}`), "pieces of the length 0"},
		{small(`"post_processor": {"type": "BertProcessing"}`), "BertProcessing lacks cls or sep"},
		{small(`"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}]}`), `the template has "x", which is not among its special tokens`},
		{small(`"post_processor": {"type": "Staple"}`), `the post_processor "Staple" is not known`},
		{small(`"added_tokens": [{"id": 7, "content": "c"}]`), `the added token "c" is to have the id 7, but the library gives it 3`},
		{small(`"truncation": {"max_length": 9999999}`), "more than 65536 are not made"},
		{small(`"truncation": {"max_length": 1}, "post_processor": {"type": "BertProcessing", "cls": ["a", 1], "sep": ["b", 2]}`), "texts are cut to 1 tokens, of which 2 are special ones"},
		{small(`"padding": {"strategy": "Most", "pad_id": 0}`), `the padding strategy "Most" is not known`},
		{small(`"padding": {"strategy": {"Fixed": 9999999}, "pad_id": 0}`), "more than 65536 are not made"},
	} {
		if z, err := Parse([]byte(c.file)); err == nil || z != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.80s: %v\ndoes not say %q", c.file, err, c.says)
		}
	}
	if _, err := Read(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	z, err := Read(fstest.MapFS{Name: {Data: []byte("\ufeff" + small(`"pre_tokenizer": {"type": "WhitespaceSplit"}, "added_tokens": [{"id": 3, "content": "[x]", "special": true}]`))}})
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := z.ID("[x]"); !ok || id != 3 || z.Size() != 4 {
		t.Errorf("%d %t, %d ids", id, ok, z.Size())
	}
	fixed, err := z.Fixed(4, 0)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Encoding{
		"a b[x]c":     {IDs: []int64{1, 2, 3, 0}, Count: 4},
		"a":           {IDs: []int64{1, 0, 0, 0}, Count: 1},
		"":            {IDs: []int64{0, 0, 0, 0}},
		"a a a a a b": {IDs: []int64{1, 1, 1, 1}, Count: 4, Cut: true},
		"a\xff a\xff": {IDs: []int64{0, 0, 0, 0}, Count: 2},
	} {
		e, err := fixed.Encode(text)
		if err != nil || !slices.Equal(e.IDs, want.IDs) || e.Count != want.Count || e.Cut != want.Cut {
			t.Errorf("%q: %+v, %v, want %+v", text, e, err, want)
		}
	}
	if _, err := z.Encode(strings.Repeat("a", MaxText+1)); err == nil {
		t.Error("no bound on texts")
	}
}

// TestLong: the time that a text takes does not grow faster than it does.
func TestLong(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes where it is wrong")
	}
	for _, name := range []string{"clip", "bpe-split", "bpe-fallback", "unigram-nmt_nfkc", "wordpiece"} {
		z := named(t, name)
		for _, unit := range []string{"a", "ab", " ", "\u0301", "🦊", "<cat>", " \n", "\u4e00", "!"} {
			if _, err := z.Encode(strings.Repeat(unit, MaxText/8/len(unit))); err != nil {
				t.Errorf("%s, %q: %v", name, unit, err)
			}
		}
	}
}

// FuzzParse reads files, and encodes by those that can be read.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small(`"pre_tokenizer": {"type": "Metaspace"}, "normalizer": {"type": "NFKC"}`)), "a b")
	f.Add([]byte(`{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<0x41>": 3}, "merges": ["a b"], "byte_fallback": true, "continuing_subword_prefix": "", "unk_token": "a"}, "padding": {"strategy": {"Fixed": 5}, "pad_id": 0, "direction": "Left"}}`), "abA")
	f.Add([]byte(`{"model": {"type": "Unigram", "vocab": [["u", 0], ["a", -1], ["ab", -1.5]], "unk_id": 0}, "truncation": {"max_length": 3, "direction": "Left"}}`), "ababx")
	f.Add([]byte(`{"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1, "##b": 2}}, "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": {"type": "BertProcessing", "cls": ["a", 1], "sep": ["b", 2]}}`), "ab, 漢")
	f.Add(unzipped(f, "testdata/steps-words.json.gz"), "a1 b²")
	f.Add(unzipped(f, "testdata/unigram-first.json.gz"), "ＡＢＣ ½")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		z, err := Parse(file)
		if err != nil || len(text) > 1<<12 {
			return
		}
		e, err := z.Encode(text)
		if err != nil {
			return
		}
		if e.First < 0 || e.Count < 0 || e.First+e.Count > len(e.IDs) || len(e.Mask()) != len(e.IDs) {
			t.Errorf("%+v", e)
		}
		if length := z.Length(); z.truncate != nil && e.Count > length {
			t.Errorf("%d ids of %d", e.Count, length)
		}
	})
}
