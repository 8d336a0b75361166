// Package retrieval measures embeddings by what is found with them: how often the nearest to a question are what was
// looked for.
//
//	embeddings of questions and of candidates, which belong together --Rank--> place of the first right one
//	places --Evaluation.Add--> Figures: recall at 1, 5, 10
package retrieval

import (
	"fmt"
	"math"

	"ortho/models/nearest"
)

// Depths are the numbers of nearest ones that are looked at.
var Depths = []int{1, 5, 10}

// most is how many are looked at.
const most = 10

// Rank is the place, from 1, of the first right one among the nearest to a question; 0 where none of the first ten is
// right. Of equally near ones those that were added first come first. self is the place in the index of the question
// itself, which is passed over; -1: it is not in it.
func Rank(index *nearest.Index, question []float32, self int, right func(place int) bool) (int, error) {
	found, err := index.Search(question, most+1)
	if err != nil {
		return 0, err
	}
	rank := 0
	for _, m := range found {
		if m.Place == self {
			continue
		}
		if rank++; rank > most {
			break
		}
		if right(m.Place) {
			return rank, nil
		}
	}
	return 0, nil
}

// Evaluation gathers questions of one kind or several, such as texts that look for images and images that look for
// texts. Questions belong to images, by which they are drawn anew for intervals.
type Evaluation struct {
	kinds  []string
	images int
	asked  []question
}

type question struct{ kind, image, rank int32 }

// New begins an evaluation of so many images, by the kinds of their questions.
func New(images int, kinds ...string) *Evaluation { return &Evaluation{kinds: kinds, images: images} }

// Add adds what [Rank] found of a question that belongs to an image.
func (e *Evaluation) Add(kind, image, rank int) error {
	if kind < 0 || kind >= len(e.kinds) || image < 0 || image >= e.images {
		return fmt.Errorf("a question of kind %d and image %d: there are %d and %d", kind, image, len(e.kinds), e.images)
	}
	e.asked = append(e.asked, question{int32(kind), int32(image), int32(rank)})
	return nil
}

// Images is how many there are.
func (e *Evaluation) Images() int { return e.images }

// Questions is how many there are of each kind.
func (e *Evaluation) Questions() []int {
	all := make([]int, len(e.kinds))
	for _, q := range e.asked {
		all[q.kind]++
	}
	return all
}

// Names are those of Figures, in their order.
func (e *Evaluation) Names() (names []string) {
	for _, kind := range e.kinds {
		for _, k := range Depths {
			names = append(names, fmt.Sprintf("%s recall@%d", kind, k))
		}
	}
	return names
}

// Figures are what [Evaluation.Names] says, where the questions of image i count times[i] times; nil: once each.
// Recall at k is the share of questions of which one of the k nearest is right, as CLIP's authors and COCO's retrieval
// have it. Without questions it is NaN. What is looked for among stays what it was: drawn twice, an image would be found
// for itself.
func (e *Evaluation) Figures(times []int) []float64 {
	right, all := make([]float64, len(e.kinds)*len(Depths)), make([]float64, len(e.kinds))
	for _, q := range e.asked {
		n := 1.0
		if times != nil {
			n = float64(times[q.image])
		}
		all[q.kind] += n
		for i, k := range Depths {
			if q.rank > 0 && int(q.rank) <= k {
				right[int(q.kind)*len(Depths)+i] += n
			}
		}
	}
	for i := range right {
		if of := all[i/len(Depths)]; of > 0 {
			right[i] /= of
		} else {
			right[i] = math.NaN()
		}
	}
	return right
}
