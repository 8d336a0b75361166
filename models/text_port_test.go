package models

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ortho/models/text"
	"ortho/runner/onnx"
)

func TestTextClassifiers(t *testing.T) {
	want := TextClassifierSpec{
		Text: TextPort{Name: "input_ids", Mask: "attention_mask", Type: onnx.Int64, MaskType: onnx.Int64, Length: 6},
		Scores: Scores{ScoresPort: ScoresPort{OutputName: "logits", Classes: 3, Labels: []Label{{Name: "red"}, {Name: "green"}, {Name: "blue"}}, Activation: Softmax, Temperature: 2,
			Untrained: []int{1}}},
	}
	batch2 := want
	batch2.Batch, batch2.Text = 2, TextPort{Name: "input_ids", Type: onnx.Int32, Length: 6}
	for name, want := range map[string]TextClassifierSpec{"texts": want, "texts_batch2_int32": batch2} {
		m, err := OpenFS(os.DirFS("testdata/"+name), name, settings(t, "temperature", "2"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.TextClassifier()
		if err != nil {
			t.Fatal(err)
		}
		if got.Text.Vocabulary.Len() != 6 {
			t.Errorf("%s: %d tokens", name, got.Text.Vocabulary.Len())
		}
		want.Text.Vocabulary = got.Text.Vocabulary
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", name, *got, want)
		}
		var other *TaskError
		if _, err := m.Classifier(); !errors.As(err, &other) || other.Wanted != Classify || other.Is != ClassifyText || other.MayClassify || !strings.Contains(err.Error(), "takes texts, not images (input input_ids)") {
			t.Errorf("%s as a classifier of images: %v", name, err)
		}
		arrays, err := got.Text.Arrays(slices.Repeat([]text.Encoding{got.Text.Vocabulary.Encode("Red, unheard-of!", 6)}, 2))
		if err != nil {
			t.Fatal(err)
		}
		if ids, err := arrays[0].As(got.Text.Type); err != nil || !slices.Equal(ids.Shape, []int64{2, 6}) || ids.Data[0] != 2 || ids.Data[got.Text.Type.Size()] != 1 {
			t.Errorf("%s: ids %v, %v", name, ids, err)
		}
	}
}

func TestNoTextClassifier(t *testing.T) {
	ids, scores := tensor("ids", onnx.Int64, "", "n", 8), tensor("y", onnx.Float, "Gemm", "n", 3)
	for _, test := range []struct {
		name  string
		in    []onnx.Value
		flags []string
		want  string
	}{
		{"no vocabulary", list(ids), nil, "give vocabulary FILE"},
		{"open length", list(tensor("ids", onnx.Int64, "", "n", "l")), nil, "and text-length"},
		{"an image", list(tensor("x", onnx.Float, "", "n", 3, 8, 8)), nil, "classifies no texts"},
		{"a mask alone", list(tensor("mask", onnx.Int64, "", "n", 8)), nil, "no token ids"},
		{"forced", list(tensor("x", onnx.Float, "", "n", 8)), []string{"task", "classify-text"}, "no token ids"},
		{"topic words", list(ids), []string{"vocabulary", "testdata/texts/vocabulary.txt", "topic-words", "red zebra"}, `no word "zebra"`},
		{"untrained", list(ids), []string{"untrained", "3"}, "class 3 is untrained"},
	} {
		m := &Model{Name: "model", Graph: &onnx.Graph{Inputs: test.in, Outputs: list(scores)}}
		if err := m.resolve(nil, settings(t, test.flags...)); err != nil {
			t.Fatal(err)
		}
		if _, err := m.TextClassifier(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
