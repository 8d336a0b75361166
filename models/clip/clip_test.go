package clip

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// allMerges is the file that CLIP's merges come in, with its header.
var allMerges = sync.OnceValue(func() string {
	f, err := os.Open("testdata/merges.txt.gz")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		panic(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return string(data)
})

// firstMerges is the first n of them, and allOf the number of all.
func firstMerges(n int) []string {
	lines := strings.Split(strings.TrimSuffix(allMerges(), "\n"), "\n")[1:]
	return lines[:n]
}

const allOf = 49152 - 256 - 2

// folder is a tokenizer with a vocabulary of merges, made as CLIP's was: see
// scripts/goldens/clip.py. Further files come in pairs of name and content.
func folder(merges, without []string, files ...string) fstest.MapFS {
	var tokens []string
	all := symbols()
	// CLIP orders bytes by their characters.
	slices.Sort(all[:])
	for _, end := range []string{"", wordEnd} {
		for _, s := range all {
			tokens = append(tokens, s+end)
		}
	}
	for _, m := range merges {
		tokens = append(tokens, strings.Replace(m, " ", "", 1))
	}
	tokens = append(tokens, defaultBOS, defaultEOS)
	ids := map[string]int{}
	for _, s := range tokens {
		if !slices.Contains(without, s) {
			if _, ok := ids[s]; !ok {
				ids[s] = len(ids)
			}
		}
	}
	data, err := json.Marshal(ids)
	if err != nil {
		panic(err)
	}
	fsys := fstest.MapFS{
		vocabName:  {Data: data},
		mergesName: {Data: []byte("#version: 0.2\n" + strings.Join(merges, "\n") + "\n")},
	}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func read(t testing.TB, fsys fs.FS) *Tokenizer {
	t.Helper()
	z, err := Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// golden is one of clip.json's cases.
type golden struct {
	Name, Folder    string
	Count           int
	Merges, Without []string
	Files           map[string]json.RawMessage
	Length, Size    int
	Pad             int64
	Rows            []row
}

type row struct {
	text string
	ids  []int64
}

func (r *row) UnmarshalJSON(data []byte) error {
	var text json.RawMessage
	two := []any{&text, &r.ids}
	if err := json.Unmarshal(data, &two); err != nil || text[0] == '"' {
		return json.Unmarshal(text, &r.text)
	}
	var unit string
	var times int
	err := json.Unmarshal(text, &[]any{&unit, &times})
	r.text = strings.Repeat(unit, times)
	return err
}

func (g *golden) fsys() fs.FS {
	if g.Folder != "" {
		return os.DirFS("testdata/" + g.Folder)
	}
	if g.Count > 0 {
		g.Merges = firstMerges(g.Count)
	}
	fsys := folder(g.Merges, g.Without)
	for name, data := range g.Files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	return fsys
}

func goldens(t testing.TB) []golden {
	data, err := os.ReadFile("testdata/clip.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// check compares a text's tokens with the reference's, and what must hold of any.
func check(t *testing.T, z *Tokenizer, text string, want []int64, pad int64) {
	t.Helper()
	got := z.Encode(text)
	if !slices.Equal(got.IDs[:got.Count], want) {
		t.Errorf("%.80q: ids\n%v, transformers has\n%v", text, got.IDs[:got.Count], want)
	}
	for _, i := range got.IDs[got.Count:] {
		if i != pad {
			t.Fatalf("%.80q: padded with %d, not %d", text, i, pad)
		}
	}
	invariants(t, z, text, got)
}

func invariants(t *testing.T, z *Tokenizer, text string, got Tokens) {
	t.Helper()
	if len(got.IDs) != z.Length() || got.Count < 2 || got.Count > z.Length() || got.IDs[0] != int64(z.bos) || got.IDs[got.Count-1] != int64(z.eos) {
		t.Errorf("%.80q: %d ids, %d count: %v", text, len(got.IDs), got.Count, got.IDs)
	}
	if slices.ContainsFunc(got.IDs, func(i int64) bool { return i < 0 || i >= int64(z.Size()) }) {
		t.Errorf("%.80q: ids %v, there are %d", text, got.IDs, z.Size())
	}
	if got.Cut != "" && (!strings.Contains(text, got.Cut) || len(text) <= maxText && got.Count != z.Length()) {
		t.Errorf("%.80q: cut %.80q with %d tokens", text, got.Cut, got.Count)
	}
}

func TestEqualsTransformers(t *testing.T) {
	rows := 0
	for _, g := range goldens(t) {
		t.Run(g.Name, func(t *testing.T) {
			z := read(t, g.fsys())
			if z.Length() != g.Length || z.Size() != g.Size {
				t.Errorf("length %d and size %d, transformers has %d and %d", z.Length(), z.Size(), g.Length, g.Size)
			}
			for _, r := range g.Rows {
				check(t, z, r.text, r.ids, g.Pad)
				rows++
			}
		})
	}
	if rows < 1000 {
		t.Errorf("only %d rows", rows)
	}
}

// TestCharacters goes through all that Python knows of Unicode.
func TestCharacters(t *testing.T) {
	data, err := os.ReadFile("testdata/characters.json")
	if err != nil {
		t.Fatal(err)
	}
	var runs [][3]any
	if err := json.Unmarshal(data, &runs); err != nil {
		t.Fatal(err)
	}
	z := read(t, folder(firstMerges(allOf), nil))
	characters := 0
	for _, run := range runs {
		first, last := rune(run[0].(float64)), rune(run[1].(float64))
		var ids [][]int64
		for c := first; c <= last; c++ {
			s := string(c)
			ids = append(ids, z.Encode("a"+s+"1"+s+"!"+s).IDs)
		}
		text, err := json.Marshal(ids)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:4]) != run[2] {
			t.Errorf("%U to %U: not transformers' ids", first, last)
		}
		characters += len(ids)
	}
	if characters < 140_000 {
		t.Errorf("only %d characters", characters)
	}
}
