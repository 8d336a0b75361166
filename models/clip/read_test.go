package clip

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// savedJSON is testdata/saved/tokenizer.json with some of its values others.
func savedJSON(t testing.TB, change func(file, model map[string]any)) string {
	t.Helper()
	data, err := os.ReadFile("testdata/saved/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	change(file, file["model"].(map[string]any))
	if data, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTokenizerJSON puts CLIP's whole vocabulary in a tokenizer.json, with merges as lists
// of two, as texts (tokenizers before 0.20), and without what old files lack.
func TestTokenizerJSON(t *testing.T) {
	full := folder(firstMerges(allOf), nil)
	var vocab map[string]any
	if err := json.Unmarshal(full[vocabName].Data, &vocab); err != nil {
		t.Fatal(err)
	}
	var pairs [][]string
	for _, m := range firstMerges(allOf) {
		pairs = append(pairs, strings.Split(m, " "))
	}
	all := goldens(t)[0]
	for name, change := range map[string]func(file, model map[string]any){
		"pairs": func(file, model map[string]any) { model["merges"] = pairs },
		"texts": func(file, model map[string]any) { model["merges"] = firstMerges(allOf) },
		"old": func(file, model map[string]any) {
			model["merges"] = firstMerges(allOf)
			for _, key := range []string{"type", "byte_fallback", "ignore_merges"} {
				delete(model, key)
			}
			steps := file["pre_tokenizer"].(map[string]any)["pretokenizers"].([]any)
			delete(steps[1].(map[string]any), "use_regex")
			steps[0].(map[string]any)["pattern"] = map[string]any{"Regex": clipWords}
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := savedJSON(t, func(file, model map[string]any) {
				change(file, model)
				model["vocab"] = vocab
				file["added_tokens"] = []any{}
				file["post_processor"].(map[string]any)["cls"] = []any{defaultBOS, 49406}
				file["post_processor"].(map[string]any)["sep"] = []any{defaultEOS, 49407}
			})
			// What lies beside it is not read.
			z := read(t, fstest.MapFS{tokenizerName: {Data: []byte(file)}, vocabName: {Data: []byte("{")}})
			for _, r := range all.Rows {
				check(t, z, r.text, r.ids, all.Pad)
			}
		})
	}
}

// TestMergesFile reads what means the same as merges.txt does.
func TestMergesFile(t *testing.T) {
	lines := strings.Join(firstMerges(100), "\n") + "\n"
	want, err := parseMerges([]byte("#version: 0.2\n" + lines))
	if err != nil || len(want) != 100 || want[0] != [2]string{"i", "n"} {
		t.Fatal(len(want), err)
	}
	for name, text := range map[string]string{
		"no header":       lines,
		"Windows":         strings.ReplaceAll("#version: 0.2\n"+lines, "\n", "\r\n"),
		"blank lines":     "\n" + strings.Replace(lines, "\n", "\n\n", 5) + "\n\r\n",
		"no end of line":  strings.TrimSuffix(lines, "\n"),
		"header of later": "#version: 0.2 - Trained by `huggingface/tokenizers`\n" + lines,
	} {
		if got, err := parseMerges([]byte(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d merges, %v", name, len(got), err)
		}
	}
}

func TestReadLength(t *testing.T) {
	for config, want := range map[string]int{
		`{}`: 77, `{"model_max_length": null}`: 77, `{"model_max_length": 1000000000000000019884624838656}`: 77, `{"model_max_length": 1e30}`: 77,
		`{"model_max_length": 248}`: 248, `{"model_max_length": 3}`: 3, `{"model_max_length": 64.0}`: 64,
	} {
		z := read(t, folder(firstMerges(20), nil, configName, config))
		if got := z.Encode("one two three"); z.Length() != want || len(got.IDs) != want {
			t.Errorf("%s: length %d, %d ids", config, z.Length(), len(got.IDs))
		}
	}
}

func TestReadErrors(t *testing.T) {
	vocab := folder(firstMerges(20), nil)
	with := func(files ...string) fstest.MapFS {
		return folder(firstMerges(20), nil, files...)
	}
	saved := func(change func(file, model map[string]any)) fstest.MapFS {
		return fstest.MapFS{tokenizerName: {Data: []byte(savedJSON(t, change))}}
	}
	stages := func(key, inner string, list ...any) fstest.MapFS {
		return saved(func(file, _ map[string]any) { file[key] = map[string]any{"type": "Sequence", inner: list} })
	}
	for name, test := range map[string]struct {
		fsys fs.FS
		says string
	}{
		"nothing":              {fstest.MapFS{}, "there is neither tokenizer.json nor vocab.json"},
		"no merges":            {fstest.MapFS{vocabName: vocab[vocabName]}, mergesName},
		"cut JSON":             {with(vocabName, `{"a": 1`), "vocab.json is not JSON: unexpected end of JSON input, at byte 7"},
		"a list":               {with(vocabName, `[1]`), "vocab.json: unexpected array at byte 1"},
		"no number":            {with(vocabName, `{"a": "b"}`), `vocab.json: "b" is no token's id`},
		"null":                 {with(vocabName, `{"a": null}`), `null is no token's id`},
		"negative":             {with(vocabName, `{"a": -1}`), `-1 is no token's id`},
		"large":                {with(vocabName, `{"a": 16777216}`), `16777216 is no token's id`},
		"empty":                {with(vocabName, `{}`), `vocab.json: the vocabulary has no token of one byte that ends with </w>`},
		"GPT-2's":              {with(vocabName, `{"a": 0, "<|endoftext|>": 1}`), `vocab.json: the vocabulary has no token of one byte that ends with </w>`},
		"no unknown token":     {with(vocabName, `{"a</w>": 0}`), `vocab.json: the vocabulary has neither "Ā" nor the unknown token "<|endoftext|>"`},
		"class":                {with(configName, `{"tokenizer_class": "T5Tokenizer"}`), `tokenizer_config.json: tokenizer_class is T5Tokenizer: only CLIPTokenizer is supported`},
		"other merges":         {with(mergesName, "i n\nfoo bar\n"), `merge 2 ("foo" and "bar") has a token that is not in the vocabulary`},
		"one token":            {with(mergesName, "i n\nfoo\n"), `merges.txt: line 2: "foo" is not two tokens`},
		"three tokens":         {with(mergesName, "i n t\n"), `merges.txt: line 1: "i n t" is not two tokens`},
		"configuration":        {with(configName, `x`), "tokenizer_config.json is not JSON"},
		"token":                {with(configName, `{"pad_token": 3}`), "tokenizer_config.json: 3 is no token"},
		"no content":           {with(specialName, `{"pad_token": {"lstrip": true}}`), "special_tokens_map.json: {\"lstrip\": true} is no token"},
		"empty token":          {with(configName, `{"pad_token": ""}`), "a special token is empty"},
		"left":                 {with(configName, `{"padding_side": "left"}`), "only right is supported"},
		"truncated left":       {with(configName, `{"truncation_side": "left"}`), "only right is supported"},
		"split special tokens": {with(configName, `{"split_special_tokens": true}`), "split_special_tokens is not supported"},
		"length":               {with(configName, `{"model_max_length": 2}`), "model_max_length is 2, and a text has at least 3 tokens"},
		"negative length":      {with(configName, `{"model_max_length": -1}`), "model_max_length is -1"},
		"half a token":         {with(configName, `{"model_max_length": 7.5}`), "model_max_length is 7.5"},
		"decoder":              {with(configName, `{"added_tokens_decoder": {"x": "y"}}`), `added_tokens_decoder: "x" is no token's id`},
		"id of the decoder":    {with(configName, `{"added_tokens_decoder": {"600": "<cat>"}}`), `the added token "<cat>" is to have the id 600, but transformers gives it 534`},
		"twice":                {with(configName, `{"added_tokens_decoder": {"534": "<cat>", "535": "<cat>"}}`), `the added token "<cat>" has two ids, 534 and 535`},
		"id of added_tokens":   {with(addedName, `{"<cat>": 7}`), `the added token "<cat>" is to have the id 7`},
		"same id":              {with(addedName, `{"<cat>": 534, "<dog>": 534}`), "have the same id 534"},
		"cut tokenizer.json":   {fstest.MapFS{tokenizerName: {Data: []byte(`{"model": `)}}, "tokenizer.json is not JSON"},
		"no model":             {fstest.MapFS{tokenizerName: {Data: []byte(`{}`)}}, "the model has no vocabulary"},
		"other model":          {saved(func(_, model map[string]any) { model["type"] = "WordPiece" }), "tokenizer.json: the model is WordPiece and not BPE: only CLIP's tokenizer is supported"},
		"word end":             {saved(func(_, model map[string]any) { model["end_of_word_suffix"] = nil }), `words end with "" and not with </w>`},
		"prefix":               {saved(func(_, model map[string]any) { model["continuing_subword_prefix"] = "##" }), `continuing_subword_prefix is "##"`},
		"dropout":              {saved(func(_, model map[string]any) { model["dropout"] = 0.1 }), "dropout"},
		"fused":                {saved(func(_, model map[string]any) { model["fuse_unk"] = true }), "fuse_unk"},
		"merge":                {saved(func(_, model map[string]any) { model["merges"] = []any{[]string{"a"}} }), `tokenizer.json: ["a"] is no merge of two tokens`},
		"merge's text":         {saved(func(_, model map[string]any) { model["merges"] = []any{"ab"} }), `tokenizer.json: "ab" is not two tokens`},
		"merge's type":         {saved(func(_, model map[string]any) { model["merges"] = []any{5} }), `tokenizer.json: 5 is no merge of two tokens`},
		"no normalizer":        {saved(func(file, _ map[string]any) { file["normalizer"] = nil }), "the normalizer is <nil> and not NFC, Replace"},
		"normalizer":           {stages("normalizer", "normalizers", map[string]any{"type": "NFKC"}, map[string]any{"type": "Lowercase"}), "the normalizer is NFKC, Lowercase and not NFC,"},
		"pre_tokenizer":        {stages("pre_tokenizer", "pretokenizers", map[string]any{"type": "ByteLevel", "add_prefix_space": true}), "the pre_tokenizer is ByteLevel (add_prefix_space true, use_regex true) and not Split at 's|"},
		"split":                {stages("pre_tokenizer", "pretokenizers", map[string]any{"type": "Split", "pattern": map[string]any{"String": " "}}), `the pre_tokenizer is Split at " "`},
		"post_processor":       {saved(func(file, _ map[string]any) { file["post_processor"] = map[string]any{"type": "BertProcessing"} }), "the post_processor is BertProcessing and not RobertaProcessing"},
		"start":                {saved(func(file, _ map[string]any) { file["post_processor"].(map[string]any)["cls"] = []any{"x", 1} }), `its post_processor has "x" with id 1 where the special tokens have id 712`},
		"half a start":         {saved(func(file, _ map[string]any) { file["post_processor"].(map[string]any)["cls"] = []any{"x"} }), `["x"] is not a token and its id`},
		"cut on the left":      {saved(func(file, _ map[string]any) { file["truncation"] = map[string]any{"direction": "Left"} }), "on the left"},
		"added without id":     {saved(func(file, _ map[string]any) { file["added_tokens"] = []any{map[string]any{"content": "x"}} }), `the added token "x" has no id`},
		"large file":           {with(configName, strings.Repeat(" ", maxConfig+1)), "tokenizer_config.json is larger than 4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			z, err := Read(test.fsys)
			if err == nil || z != nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v\ndoes not say %q", err, test.says)
			}
			if (name == "nothing" || name == "no merges") != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("ErrNotExist: %v", err)
			}
		})
	}
	// Nothing that is right is refused: the folder that the others are made of.
	read(t, with())
	read(t, saved(func(_, _ map[string]any) {}))
}

// FuzzRead reads files, some of which may be missing: an empty one is.
func FuzzRead(f *testing.F) {
	small := folder([]string{"a b", "ab c", "b c</w>"}, nil)
	vocab, merges := string(small[vocabName].Data), string(small[mergesName].Data)
	added := savedJSON(f, func(_, model map[string]any) {
		model["vocab"], model["merges"] = map[string]any{"a</w>": 0, defaultBOS: 1, defaultEOS: 2}, []any{}
	})
	f.Add("", vocab, merges, `{"model_max_length": 7, "pad_token": "!", "extra_special_tokens": {"a": "x"}}`, `{"pad_token": {"content": "!", "normalized": true}}`, `{"<cat>": 517}`)
	f.Add(added, "", "", `{"added_tokens_decoder": {"0": {"content": "a</w>", "special": true, "single_word": true}}}`, "", "")
	f.Add("", `{"a":0,"b</w>":1,"ab</w>":3,"<|endoftext|>":2}`, "#version: 0.2\r\na b</w>", `{"additional_special_tokens": ["<|x|>", null], "bos_token": null}`, "[]", "{}")
	f.Fuzz(func(t *testing.T, tokenizer, vocab, merges, config, special, added string) {
		fsys := fstest.MapFS{}
		for name, text := range map[string]string{tokenizerName: tokenizer, vocabName: vocab, mergesName: merges, configName: config, specialName: special, addedName: added} {
			if text != "" {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
		}
		z, err := Read(fsys)
		if err != nil {
			return
		}
		for _, text := range []string{"", "A Photo of abc, aaaa <cat> <|endoftext|>!", strings.Repeat("é a", 100)} {
			invariants(t, z, text, z.Encode(text))
		}
		for i := range maps.Values(z.pairs.merges) {
			if int(i.id) >= z.Size() {
				t.Errorf("a merge has id %d of %d", i.id, z.Size())
			}
		}
	})
}
