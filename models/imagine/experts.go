package imagine

import (
	"context"
	"fmt"
	"slices"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/fuse"
)

// ImageExpert is a classifier of images: a run settles on one of its classes.
type ImageExpert struct {
	Name string // of the model

	classifier *classify.Classifier
	scores     models.Scores
	gray       bool
}

// NewImageExpert makes an expert of a model's classifier, which must give all classes
// (neither Top nor MinProbability is set).
func NewImageExpert(name string, c *classify.Classifier) (*ImageExpert, error) {
	spec := c.Spec()
	if spec.Embedding {
		return nil, fmt.Errorf("%s gives the values of output %s, and not classes", name, spec.OutputName)
	}
	return &ImageExpert{Name: name, classifier: c, scores: spec.Scores, gray: spec.Input.Channels == 1}, nil
}

// Label names a class, by its index where it has no label.
func (e *ImageExpert) Label(class int) string {
	if class < len(e.scores.Labels) && e.scores.Labels[class].Name != "" {
		return e.scores.Labels[class].Name
	}
	return fmt.Sprintf("class %d", class)
}

// SameClasses reports whether labels are those of the expert's classes, so that what a text
// model with these labels says can be fused with what the expert says.
func (e *ImageExpert) SameClasses(labels []models.Label) bool {
	return fuse.SameLabels(e.scores.Labels, labels)
}

// BorrowLabels gives a model without labels those of a generator that has as many: of one
// that is a fallback, if the model is likely to be one of digits. It says so, or "" where
// nothing is borrowed. No run may be under way.
func (e *ImageExpert) BorrowLabels(a *Generator) string {
	n := len(a.spec.Labels)
	if len(e.scores.Labels) > 0 || n == 0 || e.scores.Classes != n || a.Fallback && !e.gray {
		return ""
	}
	e.scores.Labels = a.spec.Labels
	return fmt.Sprintf("%s has %d classes without labels: they are taken to be those of %s (%s, ...)", e.Name, n, a.Name, a.spec.Labels[0].Name)
}

// indexOf is the class that the describer has chosen; one in its own words may be a label;
// -1: it is none.
func (e *ImageExpert) indexOf(c describe.Class) int {
	if c.Index >= 0 {
		return c.Index
	}
	return slices.IndexFunc(e.scores.Labels, func(l models.Label) bool { return sameName(l, models.Label{Name: c.Name}) })
}

// labelled are predictions with the labels that the classes have by now.
func labelled(all []classify.Prediction, labels []models.Label) []classify.Prediction {
	all = slices.Clone(all)
	for i := range all {
		if p := &all[i]; p.Index < len(labels) {
			p.Label, p.ID = labels[p.Index].Name, labels[p.Index].ID
		}
	}
	return all
}

// likely is the least probability of a second class that a stand-in mentions.
const likely = 0.01

// standIn is a sentence of the classes.
func (e *ImageExpert) standIn(all []classify.Prediction) string {
	s := "a photograph of " + article(e.Label(all[0].Index))
	if len(all) > 1 && all[1].Probability >= likely {
		s += ", perhaps " + article(e.Label(all[1].Index))
	}
	return s
}

// TextExpert is a classifier of texts, which reads descriptions.
type TextExpert struct {
	// Fallback is true where nobody has named the model: it has no answer to a text that
	// the generator understands, if the generator draws none of its classes.
	Fallback bool

	name       string
	classifier *classify.TextClassifier
}

// NewTextExpert makes an expert of a model's classifier, which must give all classes, as
// [NewImageExpert]'s.
func NewTextExpert(name string, c *classify.TextClassifier) *TextExpert {
	return &TextExpert{name: name, classifier: c}
}

func (e *TextExpert) spec() *models.TextClassifierSpec { return e.classifier.Spec() }

// read classifies a description.
func (e *TextExpert) read(ctx context.Context, description string) (*Opinion, error) {
	result, err := e.classifier.Text(ctx, description)
	if err != nil {
		return nil, err
	}
	if result.Output != nil {
		return nil, fmt.Errorf("%s gives values, and not classes", e.name)
	}
	return &Opinion{Model: e.name, All: result.Predictions, Unknown: allValid(result.Unknown), Cut: allValid(result.Cut), Doubt: valid(result.Doubt), strange: result.Strange}, nil
}

// top is the most probable class that the model was trained on; -1: none.
func (e *TextExpert) top(all []classify.Prediction) int {
	for _, p := range all {
		if _, no := slices.BinarySearch(e.spec().Untrained, p.Index); !no {
			return p.Index
		}
	}
	return -1
}

// vector has the probabilities by class.
func vector(all []classify.Prediction) []float64 {
	v := make([]float64, len(all))
	for _, p := range all {
		if p.Index < len(v) {
			v[p.Index] = p.Probability
		}
	}
	return v
}
