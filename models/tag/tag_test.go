package tag

import (
	"slices"
	"testing"

	"ortho/models"
	"ortho/models/classify"
)

func TestPick(t *testing.T) {
	labels := []models.Label{{Name: "safe", Category: "rating"}, {Name: "bold", Category: "rating"}, {Name: "sky", Category: "general"}, {Name: "tree", Category: "general"}, {Name: "red", Category: "general"}, {Name: "rei", Category: "character"}, {Name: "asuka", Category: "character"}}
	given := []float64{0.2, 0.1, 0.9, 0.4, 0.35, 0.8, 0.1}
	var all []classify.Prediction
	for i, p := range given {
		all = append(all, classify.Prediction{Index: i, Label: labels[i].Name, Probability: p})
	}
	slices.SortStableFunc(all, func(a, b classify.Prediction) int {
		if a.Probability > b.Probability {
			return -1
		} else if a.Probability < b.Probability {
			return 1
		}
		return 0
	})
	mcut := Danbooru()
	mcut.MCut = true
	loose := Danbooru()
	loose.ByCategory["character"] = 0.7
	for _, c := range []struct {
		what  string
		rules Rules
		want  []string
	}{
		{"the best rating, and what is above thresholds", Danbooru(), []string{"sky", "tree", "safe"}},
		{"another threshold of characters", loose, []string{"sky", "rei", "tree", "safe"}},
		{"the widest gaps: 0.65 of general, 0.45 of characters", mcut, []string{"sky", "rei", "safe"}},
		{"one threshold for all", Usual(), []string{"sky", "rei"}},
		{"none", Rules{Threshold: 1}, []string{}},
	} {
		var got []string
		for _, one := range c.rules.Pick(all, labels) {
			got = append(got, one.Label)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if got := Danbooru().Pick(nil, labels); got == nil || len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
	if !Categorised(labels) || Categorised([]models.Label{{Name: "a"}}) {
		t.Error("Categorised")
	}
}
