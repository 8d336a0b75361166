// Package tags measures models of many labels: which labels of an image were found, and in which order all images
// stand by the probability of each.
//
//	probabilities of all labels, those that were picked, those that are true --Add--> Figures: mAP, F1, AP by label
package tags

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ortho/models/evaluate/threshold"
)

// MostValues bounds the probabilities that are kept, of 4 bytes each.
const MostValues = 1 << 26

// Evaluation gathers images one by one. It keeps the probability of each label for each image.
type Evaluation struct {
	labels int
	images []image
	order  [][]ranked // by label: images in the order of its probability; nil: not known yet, or it does not occur
}

type image struct {
	values        []float32
	picked, truth []int // labels, each once
}

// ranked is an image at its place.
type ranked struct {
	image int32
	right bool // it has the label
	tied  bool // the next one has the same probability
}

// New begins an evaluation of so many labels.
func New(labels int) *Evaluation { return &Evaluation{labels: labels} }

// Add compares the labels of an image: the probability of each, the indices of those that were picked, and of those
// that are true. What is given is kept.
func (e *Evaluation) Add(values []float32, picked, truth []int) error {
	if len(values) != e.labels {
		return fmt.Errorf("the model gave %d values, and there are %d labels", len(values), e.labels)
	}
	if len(e.images) >= MostValues/e.labels {
		return fmt.Errorf("more than %d images of %d labels: take fewer", len(e.images), e.labels)
	}
	one := image{values: values}
	for i, to := range []*[]int{&one.picked, &one.truth} {
		*to = slices.Compact(slices.Sorted(slices.Values([][]int{picked, truth}[i])))
		for _, label := range *to {
			if label < 0 || label >= e.labels {
				return fmt.Errorf("label %d is none of %d", label, e.labels)
			}
		}
	}
	for i, v := range values {
		if v != v {
			return fmt.Errorf("the value of label %d is no number", i)
		}
	}
	e.images, e.order = append(e.images, one), nil
	return nil
}

// Images is how many were added.
func (e *Evaluation) Images() int { return len(e.images) }

// Names are those of Figures, in their order.
func (*Evaluation) Names() []string {
	return []string{"mAP", "F1 micro", "F1 macro", "precision", "recall"}
}

// Figures are what [Evaluation.Names] says, and behind them the AP of each label, where image i counts times[i] times;
// nil: once each. AP is scikit-learn's average_precision_score, of labels that occur; the others have NaN, and no part
// in the mean. F1 micro, precision and recall are of all labels together, F1 macro is the mean of the labels that occur
// or were picked.
func (e *Evaluation) Figures(times []int) []float64 {
	e.sort()
	labels := make([]float64, e.labels)
	var mean, macro float64
	var occur, seen int
	var right, picked, true int
	for k, c := range e.count(times) {
		labels[k] = math.NaN()
		right, picked, true = right+c.right, picked+c.picked, true+c.true
		if c.picked+c.true > 0 {
			macro += 2 * float64(c.right) / float64(c.picked+c.true)
			seen++
		}
		if c.true > 0 {
			labels[k] = e.precision(k, c.true, times)
			mean += labels[k]
			occur++
		}
	}
	return append([]float64{mean / float64(occur), 2 * float64(right) / float64(picked+true), macro / float64(seen),
		float64(right) / float64(picked), float64(right) / float64(true)}, labels...)
}

// tally counts images: that were rightly given a label, that were given it, that have it.
type tally struct{ right, picked, true int }

func (e *Evaluation) count(times []int) []tally {
	all := make([]tally, e.labels)
	for i, one := range e.images {
		n := 1
		if times != nil {
			n = times[i]
		}
		for _, k := range one.picked {
			all[k].picked += n
		}
		for _, k := range one.truth {
			all[k].true += n
			if _, both := slices.BinarySearch(one.picked, k); both {
				all[k].right += n
			}
		}
	}
	return all
}

// sort brings images into the order of each label that occurs. It changes nothing where that is done, so that Figures
// may be called concurrently after a first call.
func (e *Evaluation) sort() {
	if e.order != nil {
		return
	}
	e.order = make([][]ranked, e.labels)
	for i, one := range e.images {
		for _, k := range one.truth {
			if e.order[k] == nil {
				e.order[k] = make([]ranked, len(e.images))
				for at := range e.order[k] {
					e.order[k][at].image = int32(at)
				}
			}
			e.order[k][i].right = true
		}
	}
	for k, order := range e.order {
		value := func(r ranked) float32 { return e.images[r.image].values[k] }
		slices.SortStableFunc(order, func(a, b ranked) int { return cmp.Compare(value(b), value(a)) })
		for i := 0; i+1 < len(order); i++ {
			order[i].tied = value(order[i]) == value(order[i+1])
		}
	}
}

// precision is the average precision of a label: the sum over the thresholds of precision times what recall grows by.
// Images of equal probability are taken together.
func (e *Evaluation) precision(k, all int, times []int) (sum float64) {
	seen, right, before := 0, 0, 0
	for _, r := range e.order[k] {
		n := 1
		if times != nil {
			n = times[r.image]
		}
		seen += n
		if r.right {
			right += n
		}
		if !r.tied && right > before {
			sum += float64(right) / float64(seen) * float64(right-before) / float64(all)
			before = right
		}
	}
	return sum
}

// Label is what is known of one.
type Label struct {
	Images, Picked, Right int // that have it, that were given it, both
}

// Labels tells of each label.
func (e *Evaluation) Labels() []Label {
	all := make([]Label, e.labels)
	for k, c := range e.count(nil) {
		all[k] = Label{c.true, c.picked, c.right}
	}
	return all
}

// Curve is that of some labels together: for each threshold their precision and recall.
func (e *Evaluation) Curve(labels []int) *threshold.Curve {
	var answers []threshold.Answer
	truths := 0
	for _, one := range e.images {
		for _, k := range labels {
			_, right := slices.BinarySearch(one.truth, k)
			answers = append(answers, threshold.Answer{Score: float64(one.values[k]), Right: right})
			if right {
				truths++
			}
		}
	}
	return threshold.New(answers, truths)
}
