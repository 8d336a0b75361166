package evaluate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"ortho/runner/stats"
)

// Result is what an evaluation found. Its JSON is an output format; what is not known is
// null there, and a reason stands beside it.
type Result struct {
	Items   int `json:"items"`   // that were evaluated
	Classes int `json:"classes"` // that the model has; 0 where nothing was evaluated

	// Top1 is the rate of items whose class is the most probable one, Top5 of those whose
	// class is among the five most probable; nil where there are five classes or fewer.
	Top1 *Rate `json:"top1"`
	Top5 *Rate `json:"top5"`
	// BalancedAccuracy is the mean over the classes that occur of their top-1 rate, MacroF1
	// the mean F1 of those that occur or were predicted: scikit-learn's
	// balanced_accuracy_score and f1_score(average="macro").
	BalancedAccuracy *float64 `json:"balanced_accuracy"`
	MacroF1          *float64 `json:"macro_f1"`

	Calibration Calibration `json:"calibration"`
	// PerClass are the classes that occur or were predicted, by index.
	PerClass []Class `json:"per_class"`
	// Confusion are all pairs that occurred, also those of right answers, by truth and
	// prediction.
	Confusion []Pair    `json:"confusion"`
	Mistakes  []Mistake `json:"worst_mistakes"` // the most probable first
}

// Name is a class, with its names where it has any.
type Name struct {
	Index int    `json:"index"`
	Label string `json:"label,omitempty"`
	ID    string `json:"id,omitempty"`
}

// Rate is a share of N items, from 0 to 1, with Wilson's 95 % interval.
type Rate struct {
	Right int     `json:"right"`
	N     int     `json:"n"`
	Rate  float64 `json:"rate"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NewRate is the rate of right among n, nil where n is 0; the interval is [stats.Wilson]'s.
func NewRate(right, n int) *Rate {
	if n == 0 {
		return nil
	}
	i := stats.Wilson(right, n)
	return &Rate{Right: right, N: n, Rate: float64(right) / float64(n), Low: i.Low, High: i.High}
}

// Class is what was found of one class.
type Class struct {
	Name
	N         int `json:"n"`         // items that are of it
	Predicted int `json:"predicted"` // items that were taken for it
	// Top1 is also the class's recall. It and Top5 are nil where N is 0, Precision is
	// where Predicted is.
	Top1      *Rate   `json:"top1"`
	Top5      *Rate   `json:"top5"`
	Precision *Rate   `json:"precision"`
	F1        float64 `json:"f1"` // the harmonic mean of precision and recall: 2*right/(n+predicted)
	// ConfusedWith is the class that most of its items were wrongly taken for, the first
	// of equals; nil where none was.
	ConfusedWith *Confusion `json:"confused_with"`
}

// Confusion is a class that N items were wrongly taken for.
type Confusion struct {
	Name
	N int `json:"n"`
}

// Pair counts the items of a class that were taken for one.
type Pair struct {
	Truth     int `json:"truth"`
	Predicted int `json:"predicted"`
	N         int `json:"n"`
}

// Mistake is a wrong answer. Where the values of a graph are no probabilities, they
// stand here as they are.
type Mistake struct {
	Input            string  `json:"input"`
	Truth            Name    `json:"truth"`
	Predicted        Name    `json:"predicted"`
	Probability      float64 `json:"probability"`       // of the class that was predicted
	TruthProbability float64 `json:"truth_probability"` // of the one that it is
	TruthRank        int     `json:"truth_rank"`        // that one's place, from 1
}

// Result returns what was found so far. It fits the temperature, which takes seconds
// where many logits are kept.
func (e *Evaluation) Result() *Result {
	r := &Result{Items: e.n, Classes: e.classes, Top1: NewRate(e.right, e.n), PerClass: []Class{}, Confusion: []Pair{}, Mistakes: slices.Clone(e.mistakes)}
	if r.Mistakes == nil {
		r.Mistakes = []Mistake{}
	}
	few := e.classes <= 5
	if !few {
		r.Top5 = NewRate(e.right5, e.n)
	}
	for _, key := range slices.Sorted(maps.Keys(e.pairs)) {
		r.Confusion = append(r.Confusion, Pair{key / e.classes, key % e.classes, e.pairs[key]})
	}
	worst := make(map[int]*Confusion)
	for _, p := range r.Confusion {
		if w := worst[p.Truth]; p.Truth != p.Predicted && (w == nil || p.N > w.N) {
			worst[p.Truth] = &Confusion{e.name(p.Predicted), p.N}
		}
	}
	recall, f1, occur := 0.0, 0.0, 0
	for i, c := range e.counts {
		if c.n == 0 && c.predicted == 0 {
			continue
		}
		class := Class{Name: e.name(i), N: c.n, Predicted: c.predicted, Top1: NewRate(c.right, c.n), Precision: NewRate(c.right, c.predicted),
			F1: 2 * float64(c.right) / float64(c.n+c.predicted), ConfusedWith: worst[i]}
		if !few {
			class.Top5 = NewRate(c.right5, c.n)
		}
		if c.n > 0 {
			occur++
			recall += class.Top1.Rate
		}
		f1 += class.F1
		r.PerClass = append(r.PerClass, class)
	}
	if e.n > 0 {
		r.BalancedAccuracy = new(recall / float64(occur))
		r.MacroF1 = new(f1 / float64(len(r.PerClass)))
	}
	r.Calibration = e.calibration()
	return r
}

// MostConfused returns the pairs of different classes, the most frequent first, at most n.
func (r *Result) MostConfused(n int) []Pair {
	wrong := slices.DeleteFunc(slices.Clone(r.Confusion), func(p Pair) bool { return p.Truth == p.Predicted })
	slices.SortStableFunc(wrong, func(a, b Pair) int { return cmp.Compare(b.N, a.N) })
	return wrong[:min(n, len(wrong))]
}

// String is the label with the id, or else the index, which distinguishes it from others of
// the same label: "crane (n02012849)".
func (n Name) String() string {
	switch {
	case n.Label == "" && n.ID == "":
		return fmt.Sprintf("class %d", n.Index)
	case n.Label == "":
		return n.ID
	case n.ID == "":
		return fmt.Sprintf("%s (%d)", n.Label, n.Index)
	}
	return fmt.Sprintf("%s (%s)", n.Label, n.ID)
}
