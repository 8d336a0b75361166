package classify

import (
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"ortho/models"
	"ortho/runner/library"
)

// TestTexts runs scripts/make_test_models.py's graphs, whose logits are sums of rows: 2 for
// each red, green and blue.
func TestTexts(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	for _, name := range []string{"texts", "texts_batch2_int32"} {
		m, err := models.OpenFS(os.DirFS("../testdata/"+name), name, models.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := OpenText(m, Options{Top: 2, Concurrency: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		lost := errors.New("lost")
		inputs := []TextInput{
			{"a", func() (string, error) { return "Red red very BLUE", nil }},
			{"b", func() (string, error) { return "", lost }},
			{"c", func() (string, error) { return "nothing of it", nil }},
			{"d", func() (string, error) { return "green green very very very very red", nil }},
		}
		var items []TextItem
		for item := range c.Stream(t.Context(), slices.Values(inputs)) {
			items = append(items, item)
		}
		if len(items) != 4 {
			t.Fatalf("%s: %d items", name, len(items))
		}
		sum := math.Exp(4) + math.Exp(2) + 1
		got := items[0].Result
		if len(got.Predictions) != 2 || got.Predictions[0].Label != "red" || got.Predictions[1].Label != "blue" ||
			math.Abs(got.Predictions[0].Probability-math.Exp(4)/sum) > 1e-6 || math.Abs(got.Predictions[1].Probability-math.Exp(2)/sum) > 1e-6 {
			t.Errorf("%s: %+v", name, got)
		}
		if !errors.Is(items[1].Err, lost) || ErrorKind(items[1].Err) != "read" {
			t.Errorf("%s: %v", name, items[1].Err)
		}
		if got := items[2].Result; ErrorKind(items[2].Err) != "input" || !slices.Equal(got.Unknown, []string{"nothing", "of", "it"}) {
			t.Errorf("%s: %+v, %v", name, got, items[2].Err)
		}
		if got := items[3].Result; !slices.Equal(got.Cut, []string{"red"}) || got.Predictions[0].Label != "green" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
