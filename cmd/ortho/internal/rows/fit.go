package rows

import (
	"reflect"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/classify"
	"ortho/models/grounding"
	"ortho/models/provenance"
)

// What a format other than JSON may have no place for.
const (
	lostRaw      = "raw outputs"
	lostEvidence = "the evidence of the models, the boxes that objects were checked by, and what was mended"
	lostMadeOf   = "what failed pictures were to be made of"
)

// Fit is the row as far as a format has a place for it, with at most n classes (0: all); lost
// names what it has not, "" nothing.
func (r Classes) Fit(format string, n int) (fit Classes, lost string) {
	r.Predictions, r.Logits, lost = fitClasses(format, n, r.Predictions, r.Logits)
	return r, lost
}

// Fit is that of Classes.
func (r Texts) Fit(format string, n int) (fit Texts, lost string) {
	r.Predictions, r.Logits, lost = fitClasses(format, n, r.Predictions, r.Logits)
	return r, lost
}

func fitClasses(format string, n int, all []classify.Prediction, logits []float32) (_ []classify.Prediction, _ []float32, lost string) {
	if n > 0 && len(all) > n {
		all = all[:n]
	}
	if logits != nil && !output.Raw(format) {
		logits, lost = nil, lostRaw
	}
	return all, logits, lost
}

// Fit is that of Classes.
func (r Descriptions) Fit(format string, _ int) (fit Descriptions, lost string) {
	if d := r.Description; d != nil && (len(d.Evidence)+len(d.Mended)+len(d.Checked) > 0 || d.Sight != nil) && !isJSON(format) {
		short := *d
		short.Evidence, short.Mended, short.Sight, short.Checked = nil, nil, nil, nil
		for _, m := range d.Checked {
			short.Checked = append(short.Checked, grounding.Mention{Name: m.Name, Status: m.Status})
		}
		r.Description, lost = &short, lostEvidence
	}
	return r, lost
}

// Fit is that of Classes.
func (r Embeddings) Fit(string, int) (fit Embeddings, lost string) { return r, "" }

// Fit is that of Classes.
func (r Pictures) Fit(format string, _ int) (fit Pictures, lost string) {
	if r.Error != nil && !isJSON(format) && !reflect.DeepEqual(r.Image, provenance.Image{}) {
		r.Image, lost = provenance.Image{}, lostMadeOf
	}
	return r, lost
}

// Fit is that of Classes: the best n boxes.
func (r Detections) Fit(_ string, n int) (fit Detections, lost string) {
	r.Result.Detections = atMost(n, r.Result.Detections)
	return r, ""
}

// Fit is that of Classes: the first n segments.
func (r Segments) Fit(_ string, n int) (fit Segments, lost string) {
	r.Result.Segments = atMost(n, r.Result.Segments)
	return r, ""
}

// Fit is that of Classes.
func (r Depth) Fit(string, int) (fit Depth, lost string) { return r, "" }

// Fit is that of Classes: the first n tags.
func (r Tags) Fit(_ string, n int) (fit Tags, lost string) {
	r.Tags = atMost(n, r.Tags)
	return r, ""
}

// Fit is that of Classes: the nearest n matches.
func (r Matches) Fit(_ string, n int) (fit Matches, lost string) {
	r.Matches = atMost(n, r.Matches)
	return r, ""
}

// Fit is that of Classes: groups stay whole.
func (r Duplicates) Fit(string, int) (fit Duplicates, lost string) { return r, "" }

// atMost are the first n of a list; 0: all.
func atMost[E any](n int, all []E) []E {
	if n == 0 || n >= len(all) {
		return all
	}
	return all[:n]
}

func isJSON(format string) bool { return format == "json" || format == "jsonl" }

// Classes is how many there are.
func (r Classes) Classes() int { return len(r.Predictions) }

// Classes is how many there are.
func (r Texts) Classes() int { return len(r.Predictions) }

// Classes is 0.
func (Descriptions) Classes() int { return 0 }

// Classes is 0.
func (Embeddings) Classes() int { return 0 }

// Classes is 0.
func (Pictures) Classes() int { return 0 }

// Classes is 0: no format has columns for them.
func (Detections) Classes() int { return 0 }

// Classes is 0: no format has columns for them.
func (Segments) Classes() int { return 0 }

// Classes is 0: no format has columns for them.
func (Tags) Classes() int { return 0 }

// Classes is 0.
func (Depth) Classes() int { return 0 }

// Classes is 0: no format has columns for them.
func (Matches) Classes() int { return 0 }

// Classes is 0: no format has columns for them.
func (Duplicates) Classes() int { return 0 }
