package classify

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
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
		c, err := OpenText(t.Context(), m, Options{Top: 2, Concurrency: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		lost := errors.New("lost")
		inputs := []TextInput{
			{"a", func(context.Context) (string, error) { return "Red red very BLUE", nil }},
			{"b", func(context.Context) (string, error) { return "", lost }},
			{"c", func(context.Context) (string, error) { return "nothing of it", nil }},
			{"d", func(context.Context) (string, error) { return "green green very very very very red", nil }},
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
		if !errors.Is(items[1].Err, lost) || models.StageOf(items[1].Err) != "read" {
			t.Errorf("%s: %v", name, items[1].Err)
		}
		if got := items[2].Result; models.StageOf(items[2].Err) != "input" || !slices.Equal(got.Unknown, []string{"nothing", "of", "it"}) {
			t.Errorf("%s: %+v, %v", name, got, items[2].Err)
		}
		if got := items[3].Result; !slices.Equal(got.Cut, []string{"red"}) || got.Predictions[0].Label != "green" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestDoubt: of the recorded descriptions, no right answer is doubted; what is said of
// something else is.
func TestDoubt(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	m, err := models.Open("../bundled/imagenet-descriptions", models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := OpenText(t.Context(), m, Options{Top: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data, err := os.ReadFile("../bundled/testdata/imagenet-descriptions/texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded [][2]any
	if err := json.Unmarshal(data, &recorded); err != nil || len(recorded) != 20 {
		t.Fatalf("%d texts, %v", len(recorded), err)
	}
	right := 0
	for _, r := range recorded {
		got, err := c.Text(t.Context(), r[1].(string))
		if err != nil {
			t.Fatal(err)
		}
		if got.Predictions[0].Index != int(r[0].(float64)) {
			continue
		}
		right++
		if got.Doubt != "" {
			t.Errorf("%q: %s", r[1], got.Doubt)
		}
	}
	if right < 15 {
		t.Errorf("%d of 20 are right", right)
	}
	for text, want := range map[string]string{
		"a bold slanted seven": "has a probability of", "a thin upright three": "seldom right", "hello world": "seldom right",
		"zxqv of the": "knows none of the text's words that carry", "the": "no word that carries meaning", "das ist eine Katze auf dem Sofa": "knows 1 of the text's 7 words",
		"a zebra": "", "zebra": "", "a photo of a zebra": "", "the striped horse of Africa, covered in black and white stripes": "",
	} {
		got, err := c.Text(t.Context(), text)
		if err != nil || (got.Doubt == "") != (want == "") || !strings.Contains(got.Doubt, want) || got.Strange != (strings.Contains(want, "knows") || strings.Contains(want, "no word")) {
			t.Errorf("%q: %+v, %v; want a doubt %q", text, got, err, want)
		}
	}
}
