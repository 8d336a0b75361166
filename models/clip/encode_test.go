package clip

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var whole = sync.OnceValue(func() *Tokenizer {
	z, err := Read(folder(firstMerges(allOf), nil))
	if err != nil {
		panic(err)
	}
	return z
})

// TestCut is about what of a text is lost: from the first character that has no token on.
func TestCut(t *testing.T) {
	words := func(n int) string { return strings.Repeat("word ", n) }
	for name, test := range map[string]struct{ text, cut string }{
		"short":                  {"a photo", ""},
		"all that fits":          {words(75), ""},
		"white space behind":     {words(75) + " \n\t ", ""},
		"one too many":           {words(75) + "\n More, as IT stands. \n", "More, as IT stands."},
		"within a word":          {words(74) + "antidisestablishmentarianism!", "disestablishmentarianism!"},
		"within a character":     {words(74) + "🧑‍🚀 x", "🧑‍🚀 x"},
		"within one, later":      {words(72) + "aé漢字! x", "漢字! x"},
		"composed":               {words(75) + "e\u0301te\u0301", "e\u0301te\u0301"},
		"composed, within":       {words(74) + "xqxqe\u0323\u0301te\u0301", "qxqe\u0323\u0301te\u0301"},
		"made longer":            {"İ" + words(74) + "rest of it", "word rest of it"},
		"special token":          {words(75) + "  <|endoftext|> x", "<|endoftext|> x"},
		"within normalised text": {words(37) + "\u3000\u2003" + words(38) + "A\u030angström", "A\u030angström"},
		"not UTF-8":              {words(75) + "\xff\xfe end", "\xff\xfe end"},
	} {
		t.Run(name, func(t *testing.T) {
			got := whole().Encode(test.text)
			if got.Cut != test.cut {
				t.Errorf("cut %q, want %q", got.Cut, test.cut)
			}
			if !strings.HasSuffix(strings.TrimSpace(test.text), got.Cut) {
				t.Errorf("cut %q is not the text's end", got.Cut)
			}
		})
	}
}

// TestLongText is about what lies beyond the first MiB.
func TestLongText(t *testing.T) {
	short := whole().Encode("a fox")
	got := whole().Encode("a fox" + strings.Repeat(" ", maxText) + "in snow")
	if !slices.Equal(got.IDs, short.IDs) || !strings.HasPrefix(got.Cut, " ") || !strings.HasSuffix(got.Cut, "in snow") {
		t.Errorf("%v, cut %d bytes", got.IDs[:got.Count], len(got.Cut))
	}
	// The limit falls within a character.
	text := strings.Repeat(" ", maxText-1) + "é"
	if got := whole().Encode(text); got.Count != 2 || got.Cut != "é" {
		t.Errorf("%v, cut %q", got.IDs[:got.Count], got.Cut)
	}
	units := []string{"a", "<|", "\xff", "ab", "\u0301", "é", "字"}
	if testing.Short() {
		units = units[:3]
	}
	for _, unit := range units {
		text := strings.Repeat(unit, 4<<20/len(unit))
		got := whole().Encode(text)
		invariants(t, whole(), text, got)
		if got.Count != 77 || !strings.HasSuffix(text, got.Cut) || len(got.Cut) < 3<<20 {
			t.Errorf("%q in a row: %d tokens, cut %d bytes", unit, got.Count, len(got.Cut))
		}
	}
}

// TestNotUTF8 has each byte that is not UTF-8 as U+FFFD.
func TestNotUTF8(t *testing.T) {
	for text, same := range map[string]string{
		"\xff":             "\ufffd",
		"a\xffb":           "a\ufffdb",
		"\xe6\x97 x":       "\ufffd\ufffd x",
		"e\xcc\x81 \xcc":   "é \ufffd",
		"\xed\xa0\x80 <|e": "\ufffd\ufffd\ufffd <|e",
	} {
		if got, want := whole().Encode(text), whole().Encode(same); !slices.Equal(got.IDs, want.IDs) {
			t.Errorf("%q: %v, %q: %v", text, got.IDs[:got.Count], same, want.IDs[:want.Count])
		}
	}
}

func TestConcurrent(t *testing.T) {
	rows := goldens(t)[0].Rows
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for _, r := range rows[:200] {
				if got := whole().Encode(r.text); !slices.Equal(got.IDs[:got.Count], r.ids) {
					t.Errorf("%q: %v", r.text, got.IDs)
				}
			}
		})
	}
	wait.Wait()
}

// slowly merges as the rule reads: the pair of the lowest rank first, the first of it.
func slowly(b *bpe, word []char) []int32 {
	var ids []int32
	for i, c := range word {
		bytes := []byte(string(c.r))
		for j, x := range bytes {
			if i == len(word)-1 && j == len(bytes)-1 {
				ids = append(ids, b.last[x])
			} else {
				ids = append(ids, b.inner[x])
			}
		}
	}
	for {
		best, at := merge{}, -1
		for i := range len(ids) - 1 {
			if m, ok := b.merges[pairOf(ids[i], ids[i+1])]; ok && (at < 0 || m.rank < best.rank) {
				best, at = m, i
			}
		}
		if at < 0 {
			return ids
		}
		ids = slices.Replace(ids, at, at+2, best.id)
	}
}

// FuzzEncode compares the two parts that are not as plain as the rules with what is: the
// merges, and the normal form.
func FuzzEncode(f *testing.F) {
	for _, r := range goldens(f)[0].Rows {
		if len(r.text) < 200 {
			f.Add(r.text)
		}
	}
	f.Add("\xff\xc3")
	r := rand.New(rand.NewPCG(1, 2))
	mixed := firstMerges(2000)
	r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	inNoOrder, err := Read(folder(mixed, nil, configName, `{"pad_token": "!", "added_tokens_decoder": {"2512": "<|startoftext|>", "2513": "<|endoftext|>", "2514": {"content": "<İx>", "single_word": true}}}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, z := range []*Tokenizer{whole(), inNoOrder} {
			invariants(t, z, text, z.Encode(text))
			for word := range words(normalize(decode(text))) {
				var got []int32
				for _, k := range z.pairs.split(nil, word) {
					got = append(got, k.id)
				}
				if want := slowly(&z.pairs, word); !slices.Equal(got, want) {
					t.Errorf("%v: %v, want %v", word, got, want)
				}
			}
		}
		if valid := strings.ToValidUTF8(text, "\ufffd"); utf8.RuneCountInString(valid) < 30 { // more marks in a row norm breaks up
			var got []rune
			for _, c := range compose(decode(valid)) {
				got = append(got, c.r)
			}
			if want := norm.NFC.String(valid); string(got) != want && !strings.Contains(want, "\u034f") {
				t.Errorf("%+q composes to %+q, want %+q", valid, string(got), want)
			}
		}
	})
}

// BenchmarkEncode tokenises one prompt.
func BenchmarkEncode(b *testing.B) {
	for name, text := range map[string]string{
		"Sentence": "A photograph of an astronaut riding a horse, 8k, trending on artstation!",
		"Chinese":  "一隻狐狸在雪地裡，油畫，非常詳細",
		"Cut":      strings.Repeat("portrait of a woman, highly detailed, ", 20),
	} {
		b.Run(name, func(b *testing.B) {
			z := whole()
			b.ReportAllocs()
			for b.Loop() {
				z.Encode(text)
			}
		})
	}
}

// BenchmarkRead reads CLIP's vocabulary.
func BenchmarkRead(b *testing.B) {
	fsys := folder(firstMerges(allOf), nil)
	for b.Loop() {
		read(b, fsys)
	}
}
