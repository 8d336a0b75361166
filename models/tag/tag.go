// Package tag picks the tags of an image out of the probabilities that a multi-label classifier gives: those above a
// threshold, which may be one for each category of tags.
package tag

import (
	"ortho/models"
	"ortho/models/classify"
)

// Tag is one of an image.
type Tag struct {
	Index       int     `json:"index"`
	Label       string  `json:"label,omitempty"`
	ID          string  `json:"id,omitempty"`
	Category    string  `json:"category,omitempty"`
	Probability float64 `json:"probability"` // 0 to 1
}

// Rules say which tags an image gets.
type Rules struct {
	Threshold  float64            // a probability must be above it, where its category has none of its own
	ByCategory map[string]float64 // thresholds
	// Best are categories of which the most probable tag alone counts, whatever its probability is.
	Best []string
	// MCut puts the threshold of each category into the widest gap between its probabilities (Largeron et al., "MCut: A
	// Thresholding Strategy for Multi-label Classification", 2012), but not below AtLeast's.
	MCut    bool
	AtLeast map[string]float64
}

// Danbooru are the rules of WD taggers, whose table has categories: the best rating, general tags above 0.35 and
// characters above 0.85; by MCut characters not below 0.15 (SmilingWolf's demonstration).
func Danbooru() Rules {
	return Rules{Threshold: 0.35, ByCategory: map[string]float64{"character": 0.85}, Best: []string{"rating"}, AtLeast: map[string]float64{"character": 0.15}}
}

// Usual are the rules where tags have no categories.
func Usual() Rules { return Rules{Threshold: 0.5} }

// Categorised reports whether labels have categories.
func Categorised(labels []models.Label) bool {
	for _, l := range labels {
		if l.Category != "" {
			return true
		}
	}
	return false
}

// For are the rules that suit labels: [Danbooru] where they have categories, else [Usual].
func For(labels []models.Label) Rules {
	if Categorised(labels) {
		return Danbooru()
	}
	return Usual()
}

// Most is how many predictions of an image are looked at: the most probable ones.
const Most = 4096

// Pick returns the tags among predictions, which come most probable first, in that order.
func (r Rules) Pick(all []classify.Prediction, labels []models.Label) []Tag {
	category := func(p classify.Prediction) string {
		if p.Index < len(labels) {
			return labels[p.Index].Category
		}
		return ""
	}
	best, had := map[string]bool{}, map[string]bool{}
	for _, name := range r.Best {
		best[name] = true
	}
	thresholds := r.thresholds(all, category)
	tags := []Tag{}
	for _, p := range all {
		of := category(p)
		if best[of] {
			if had[of] {
				continue
			}
			had[of] = true
		} else if !(p.Probability > thresholds(of)) {
			continue
		}
		tags = append(tags, Tag{p.Index, p.Label, p.ID, of, p.Probability})
	}
	return tags
}

// thresholds are those of categories.
func (r Rules) thresholds(all []classify.Prediction, category func(classify.Prediction) string) func(string) float64 {
	stated := func(of string) float64 {
		if v, ok := r.ByCategory[of]; ok {
			return v
		}
		return r.Threshold
	}
	if !r.MCut {
		return stated
	}
	last, gap, cut := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, p := range all {
		of := category(p)
		if before, ok := last[of]; ok && (cut[of] == 0 && gap[of] == 0 || before-p.Probability > gap[of]) {
			gap[of], cut[of] = before-p.Probability, (before+p.Probability)/2
		}
		last[of] = p.Probability
	}
	return func(of string) float64 {
		if _, several := gap[of]; !several {
			return stated(of)
		}
		return max(cut[of], r.AtLeast[of])
	}
}
