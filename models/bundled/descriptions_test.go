package bundled

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"ortho/models/text"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

const (
	descriptions       = "imagenet-descriptions"
	descriptionGoldens = "testdata/" + descriptions + "/"
)

// TestDescriptions: descriptions of twenty classes, in words of their own, become the ids and
// the logits of Python (scripts/goldens/descriptions.py). The class is one of the first five
// of most, and the first of three in four.
func TestDescriptions(t *testing.T) {
	session := open(t, descriptions)
	words := vocabularyOf(t, descriptions)
	data, err := os.ReadFile(descriptionGoldens + "texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts [][2]json.RawMessage
	if err := json.Unmarshal(data, &texts); err != nil || len(texts) != 20 {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	arrays, err := npz.ReadFile(descriptionGoldens + "logits.npz")
	if err != nil {
		t.Fatal(err)
	}
	ids, want := tensorOf(t, arrays[0]), tensorOf(t, arrays[1])
	got := run(t, session, ids)
	if !slices.Equal(got.Shape, want.Shape) {
		t.Fatalf("shape %v, want %v", got.Shape, want.Shape)
	}
	var top1, top5 int
	length, classes := int(ids.Shape[1]), int(want.Shape[1])
	for i, row := range texts {
		var index int
		var description string
		if json.Unmarshal(row[0], &index) != nil || json.Unmarshal(row[1], &description) != nil {
			t.Fatalf("row %s", row)
		}
		if e := words.Encode(description, length); !bytes.Equal(littleEndian(t, e.IDs), arrays[0].Data[8*i*length:][:8*length]) {
			t.Errorf("%q: ids %v, want Python's", description, e.IDs)
		}
		logits := got.Float32s()[i*classes:][:classes]
		if d := distance(logits, want.Float32s()[i*classes:][:classes]); !(d <= 1e-3) {
			t.Errorf("%q: logits differ from Python's by %g", description, d)
		}
		switch place := slices.Index(ranked(logits), index); {
		case place == 0:
			top1++
			top5++
		case place < 5:
			top5++
		default:
			t.Logf("%q: class %d has place %d", description, index, place+1)
		}
	}
	if top1 < 15 || top5 < 18 {
		t.Errorf("of 20 classes %d are the first and %d among the first five", top1, top5)
	}
}

// TestDescriptionFill: what fills a short text changes nothing, nor do the texts beside it.
func TestDescriptionFill(t *testing.T) {
	session := open(t, descriptions)
	words := vocabularyOf(t, descriptions)
	const description = "A dog with a long golden coat, unlike the Irish setter."
	n := len(text.Tokens(description))
	var logits [][]float32
	for _, c := range []struct{ batch, length int }{{1, n}, {1, n + 1}, {1, 160}, {3, 60}} {
		ids := words.Encode(description, c.length).IDs
		for range c.batch - 1 {
			ids = append(ids, words.Encode("a red car", c.length).IDs...)
		}
		out := run(t, session, tensorOf(t, npz.Array{Type: onnx.Int64, Shape: []int64{int64(c.batch), int64(c.length)}, Data: littleEndian(t, ids)})).Float32s()
		logits = append(logits, out[:len(out)/c.batch])
	}
	for i, l := range logits[1:] {
		if d := distance(l, logits[0]); !(d <= 1e-3) {
			t.Errorf("case %d differs by %g", i+1, d)
		}
	}
}

// TestDescriptionClasses: a class without texts gets no probability.
func TestDescriptionClasses(t *testing.T) {
	var sidecar struct{ Untrained []int }
	readJSON(t, descriptions+"/ortho.json", &sidecar)
	session := open(t, descriptions)
	logits := run(t, session, tensorOf(t, npz.Array{Type: onnx.Int64, Shape: []int64{1, 1}, Data: littleEndian(t, []int64{2})})).Float32s()
	for i, l := range logits {
		if nothing := l < -1000; nothing != slices.Contains(sidecar.Untrained, i) {
			t.Errorf("class %d has logit %v", i, l)
		}
	}
	if len(sidecar.Untrained) != 25 {
		t.Errorf("%d classes without texts", len(sidecar.Untrained))
	}
}

func vocabularyOf(t *testing.T, name string) *text.Vocabulary {
	t.Helper()
	data, err := files.ReadFile(name + "/vocabulary.txt")
	if err != nil {
		t.Fatal(err)
	}
	v, err := text.ReadVocabulary(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func littleEndian(t *testing.T, ids []int64) []byte {
	t.Helper()
	data, err := binary.Append(nil, binary.LittleEndian, ids)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func distance(a, b []float32) (most float64) {
	for i, v := range a {
		if d := math.Abs(float64(v - b[i])); !(d <= most) {
			most = d
		}
	}
	return most
}

// ranked returns the indices by falling value.
func ranked(values []float32) []int {
	indices := make([]int, len(values))
	for i := range indices {
		indices[i] = i
	}
	slices.SortStableFunc(indices, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	return indices
}
