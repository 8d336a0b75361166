package tokenizer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func unzipped(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lines are the texts of all goldens: see scripts/goldens/tokenizer.py.
func lines(t testing.TB) (texts []string) {
	t.Helper()
	for s := bufio.NewScanner(bytes.NewReader(unzipped(t, "testdata/lines.txt.gz"))); s.Scan(); {
		var text string
		if err := json.Unmarshal(s.Bytes(), &text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if len(texts) != 10_000 {
		t.Fatalf("%d lines", len(texts))
	}
	return texts
}

// clipFile is CLIP's tokenizer.json, as transformers writes it.
func clipFile(t testing.TB) []byte {
	t.Helper()
	merges := strings.Split(strings.TrimSuffix(string(unzipped(t, "../clip/testdata/merges.txt.gz")), "\n"), "\n")[1:]
	tokens := slices.Clone(symbols[:])
	slices.Sort(tokens) // CLIP orders bytes by their characters
	for _, s := range tokens[:256] {
		tokens = append(tokens, s+"</w>")
	}
	for _, m := range merges {
		tokens = append(tokens, strings.Replace(m, " ", "", 1))
	}
	tokens = append(tokens, "<|startoftext|>", "<|endoftext|>")
	vocab := map[string]int{}
	for i, s := range tokens {
		vocab[s] = i
	}
	data, err := json.Marshal(map[string]any{
		"added_tokens":   []any{map[string]any{"id": 49406, "content": "<|startoftext|>", "special": true, "normalized": false}, map[string]any{"id": 49407, "content": "<|endoftext|>", "special": true, "normalized": false}},
		"normalizer":     json.RawMessage(`{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},{"type":"Lowercase"}]}`),
		"pre_tokenizer":  json.RawMessage(`{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"},"behavior":"Removed","invert":true},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}`),
		"post_processor": json.RawMessage(`{"type":"RobertaProcessing","sep":["<|endoftext|>",49407],"cls":["<|startoftext|>",49406],"trim_offsets":false,"add_prefix_space":false}`),
		"model":          map[string]any{"type": "BPE", "unk_token": "<|endoftext|>", "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "vocab": vocab, "merges": merges},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func named(t testing.TB, name string) *Tokenizer {
	t.Helper()
	var data []byte
	if name == "clip" {
		data = clipFile(t)
	} else {
		data = unzipped(t, filepath.Join("testdata", name+".json.gz"))
	}
	z, err := Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return z
}

// inWords are ids as the goldens' sums have them.
func inWords(ids []int64) string { return strings.Trim(fmt.Sprint(ids), "[]") }

// TestLikeTheLibrary: the ids of 10,000 lines are those of the library tokenizers, with every
// model, normalizer, pre-tokenizer and post-processor.
func TestLikeTheLibrary(t *testing.T) {
	texts := lines(t)
	var goldens map[string]struct {
		Sums string
		IDs  [][]int64
	}
	readJSON(t, "testdata/sums.json", &goldens)
	for name, want := range goldens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := named(t, name)
			sums, err := base64.StdEncoding.DecodeString(want.Sums)
			if err != nil || len(sums) != 2*len(texts) {
				t.Fatalf("%d bytes of sums, %v", len(sums), err)
			}
			wrong := 0
			for i, text := range texts {
				if testing.Short() && i%8 != 0 {
					continue
				}
				e, err := z.Encode(text)
				if err != nil {
					t.Fatalf("line %d: %v", i+1, err)
				}
				if uint16(crc32.ChecksumIEEE([]byte(inWords(e.IDs)))) == binary.LittleEndian.Uint16(sums[2*i:]) {
					continue
				}
				if wrong++; wrong <= 5 {
					t.Errorf("line %d: %+q gives %v", i+1, text, e.IDs)
					if i < len(want.IDs) {
						t.Errorf("the library has %v", want.IDs[i])
					}
				}
			}
			if wrong > 0 {
				t.Errorf("%d lines of %d differ", wrong, len(texts))
			}
		})
	}
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

// TestCharacters: so are those of a text on every character that Unicode 14 has and of which the
// library's tables say the same.
func TestCharacters(t *testing.T) {
	var goldens map[string][][]uint32
	readJSON(t, "testdata/characters.json", &goldens)
	differs := map[rune]bool{}
	for _, span := range goldens["differing"] {
		for c := span[0]; c <= span[1]; c++ {
			differs[rune(c)] = true
		}
	}
	delete(goldens, "differing")
	if testing.Short() { // one of each kind
		maps.DeleteFunc(goldens, func(name string, _ [][]uint32) bool {
			return !slices.Contains([]string{"clip", "steps-bert", "steps-compatible", "unigram-nmt_nfkc", "wordpiece"}, name)
		})
	}
	for name, rows := range goldens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := named(t, name)
			var wrong []string
			for _, row := range rows {
				sum := crc32.NewIEEE()
				for c := rune(row[0]); c <= rune(row[1]); c++ {
					if differs[c] {
						continue
					}
					e, err := z.Encode("a" + string(c) + "b")
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintln(sum, inWords(e.IDs))
				}
				if sum.Sum32() != row[2] {
					wrong = append(wrong, fmt.Sprintf("%04X", row[0]))
				}
			}
			if len(wrong) > 0 {
				t.Errorf("%d blocks differ: %s", len(wrong), strings.Join(wrong, " "))
			}
		})
	}
}
