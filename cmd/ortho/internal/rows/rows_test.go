package rows

import (
	"bytes"
	"encoding/json"
	"testing"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/provenance"
)

// TestResults: rows of what the library says are in UTF-8, have six digits, and lists where
// there is nothing in them. What the library has said stays as it is.
func TestResults(t *testing.T) {
	ranked := []classify.Prediction{{Index: 3, Label: "a\xffb", ID: "\xfe", Probability: 1. / 3}}
	cat := describe.Description{Sentence: "A cat.", Scene: "indoors", Class: describe.Class{Index: 0, Name: "tabby"}, Source: describe.Source{Model: "m", Cached: true}}
	other := cat
	other.Class, other.Objects, other.Cached = describe.Class{Index: -1, Name: "cat"}, []string{"cat"}, false
	for want, row := range map[string]any{
		`{"input":"a.jpg","predictions":[{"index":3,"label":"a�b","id":"�","probability":0.333333}],"logits":[1,2],"width":4,"height":3}`: OfClasses("a.jpg",
			classify.Result{Predictions: ranked, Width: 4, Height: 3, Logits: []float32{1, 2}}),
		`{"input":"a.jpg","predictions":[],"width":4,"height":3}`: OfClasses("a.jpg", classify.Result{Width: 4, Height: 3}),
		`{"input":"a.jpg","output":{"name":"�","shape":[1],"values":[0.25]}}`: OfClasses("a.jpg",
			classify.Result{Output: &classify.Output{Name: "\xff", Shape: []int64{1}, Values: []float32{0.25}}}),
		`{"input":"a cat","predictions":[{"index":3,"label":"a�b","id":"�","probability":0.333333}],"doubt":"it says �","logits":[1]}`: OfText("a cat",
			classify.TextResult{Result: classify.Result{Predictions: ranked, Logits: []float32{1}}, Doubt: "it says \xff", Text: "a cat", Unknown: []string{"cat"}}),
		`{"input":"a.jpg","description":{"sentence":"A cat.","objects":[],"attributes":[],"scene":"indoors","class":"tabby","index":0,"evidence":[{"index":3,"label":"a�b","id":"�","probability":0.333333}],"model":"m","cached":true}}`: OfDescription("a.jpg", cat, Predictions(ranked)),
		`{"input":"a.jpg","description":{"sentence":"A cat.","objects":["cat"],"attributes":[],"scene":"indoors","class":"cat","model":"m"}}`:                                                                                             OfDescription("a.jpg", other, nil),
		`{"input":"a.jpg","error":{"kind":"read","message":"no � file"}}`:     output.Failed[Descriptions]("a.jpg", "read", "no \xff file"),
		`{"input":"0001","seed":7,"error":{"kind":"output","message":"NaN"}}`: Pictures{Head: output.Head{Input: "0001"}, Picture: Picture{Image: provenance.Image{Seed: new(uint64(7))}}, Failure: failed("output", "NaN")},
	} {
		if got, err := json.Marshal(row); err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("%s, %v\nwant\n%s", got, err, want)
		}
	}
	if ranked[0].Label != "a\xffb" || ranked[0].Probability != 1./3 {
		t.Errorf("the result is now %+v", ranked)
	}
}

// TestRecorded: a run's record has the formats by these names; an earlier one is
// continued by them.
func TestRecorded(t *testing.T) {
	for _, format := range ClassesCodec.Formats() {
		for want, got := range map[string]string{
			"": ClassesCodec.Recorded(format), "-texts": TextsCodec.Recorded(format), "-descriptions": DescriptionsCodec.Recorded(format),
		} {
			if format == "jsonl" || format == "json" {
				want = ""
			}
			if got != format+want {
				t.Errorf("%s, want %s", got, format+want)
			}
		}
	}
	if got := PicturesCodec.Recorded("jsonl"); got != "jsonl" {
		t.Error(got)
	}
}
