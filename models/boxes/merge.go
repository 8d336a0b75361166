package boxes

import (
	"cmp"
	"math"
	"slices"
)

// MergeRule is how boxes of several passes over an image become one, by the names that SAHI has for it.
type MergeRule string

const (
	// GreedyNMM lets the best box take in all that overlap it, and goes on with what is left.
	GreedyNMM MergeRule = "greedy-nmm"
	// NMM lets it take in also those that overlap one that it has taken in.
	NMM MergeRule = "nmm"
	// NMS leaves out what overlaps a better box.
	NMS MergeRule = "nms"
)

// MergeRules are all of them.
var MergeRules = []MergeRule{GreedyNMM, NMM, NMS}

// MergeMetric is what is compared with the threshold of a merge.
type MergeMetric string

const (
	IOS MergeMetric = "ios" // intersection over the smaller of both areas
	IOU MergeMetric = "iou" // intersection over union
)

// MergeMetrics are all of them.
var MergeMetrics = []MergeMetric{IOS, IOU}

// Merging says how boxes of several passes become one: SAHI's (0.12) sahi.postprocess, whose defaults are
// [DefaultMerging].
type Merging struct {
	Rule      MergeRule
	Metric    MergeMetric
	Threshold float64 // above 0; boxes whose metric is as large belong together
	Agnostic  bool    // of different classes, too
}

// DefaultMerging is that of SAHI's get_sliced_prediction.
var DefaultMerging = Merging{Rule: GreedyNMM, Metric: IOS, Threshold: 0.5}

// LowConfidence is what a detector's threshold must not be below for boxes to be merged: SAHI takes NMS by IoU then,
// since doubtful boxes would make good ones larger.
const LowConfidence = 0.1

// Merged is a box that is left, with what it was made of.
type Merged struct {
	Rect  [4]float32 // encloses all of From
	Score float32
	Class int32
	From  []int32 // indices of boxes: its own, and those that it has taken in
}

// Merge returns the boxes that are left, best first, of equal scores the first in all first. Rects are x1, y1, x2
// and y2 in one frame. The best 30,000 are looked at.
func (m Merging) Merge(all []Box) []Merged {
	order := byScore(all)
	order = order[:min(len(order), maxCandidates)]
	groups := map[int32][]int32{} // by class
	for _, i := range order {
		class := all[i].Class
		if m.Agnostic {
			class = 0
		}
		groups[class] = append(groups[class], i)
	}
	merged := []Merged{}
	for _, group := range groups {
		g := m.group(all, group)
		if m.Rule == NMM {
			g.chains()
		} else {
			g.greedy()
		}
		for k, from := range g.taken {
			if from != nil {
				merged = append(merged, m.together(all, g.order, int32(k), from))
			}
		}
	}
	slices.SortFunc(merged, func(a, b Merged) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.From[0], b.From[0]))
	})
	return merged
}

// together makes one of a box and those that it has taken in, of which each has to overlap what has become of it
// meanwhile: _apply_merge, in double precision.
func (m Merging) together(all []Box, order []int32, first int32, taken []int32) Merged {
	b := &all[order[first]]
	out := Merged{Rect: b.Rect, Score: b.Score, Class: b.Class, From: []int32{order[first]}}
	if m.Rule == NMS {
		return out
	}
	for _, k := range taken {
		o := &all[order[k]]
		if !(m.metric64(out.Rect, o.Rect) >= m.Threshold) {
			continue
		}
		r := &out.Rect
		*r = [4]float32{min(r[0], o.Rect[0]), min(r[1], o.Rect[1]), max(r[2], o.Rect[2]), max(r[3], o.Rect[3])}
		if !(out.Score > o.Score) { // get_merged_category
			out.Class = o.Class
		}
		out.Score = max(out.Score, o.Score)
		out.From = append(out.From, order[k])
	}
	return out
}

func (m Merging) metric64(a, b [4]float32) float64 {
	area := func(r [4]float32) float64 {
		return (float64(r[2]) - float64(r[0])) * (float64(r[3]) - float64(r[1]))
	}
	w := max(0, float64(min(a[2], b[2]))-float64(max(a[0], b[0])))
	h := max(0, float64(min(a[3], b[3]))-float64(max(a[1], b[1])))
	if m.Metric == IOU {
		return w * h / (area(a) + area(b) - w*h)
	}
	return w * h / min(area(a), area(b))
}

// mergeGroup are boxes that may become one, by their rank.
type mergeGroup struct {
	Merging
	boxes []rect
	score []float32
	order []int32   // the box of a rank
	left  []int32   // ranks by x1
	wide  float32   // the widest box
	taken [][]int32 // by rank: ranks that it has taken in, not nil where it is left
}

// group ranks boxes, best first: of equal scores by x1, y1, x2, y2, as SAHI's lexsort has them.
func (m Merging) group(all []Box, of []int32) *mergeGroup {
	slices.SortStableFunc(of, func(a, b int32) int {
		p, q := &all[a], &all[b]
		return cmp.Or(cmp.Compare(q.Score, p.Score), slices.Compare(p.Rect[:], q.Rect[:]))
	})
	g := &mergeGroup{Merging: m, order: of, boxes: make([]rect, len(of)), score: make([]float32, len(of)), left: make([]int32, len(of)), taken: make([][]int32, len(of))}
	for k, i := range of {
		r := all[i].Rect
		g.boxes[k] = rect{r[0], r[1], r[2], r[3], float32(r[2]-r[0]) * float32(r[3]-r[1])}
		g.score[k], g.left[k] = all[i].Score, int32(k)
		g.wide = max(g.wide, r[2]-r[0])
	}
	slices.SortFunc(g.left, func(a, b int32) int { return cmp.Compare(g.boxes[a].x1, g.boxes[b].x1) })
	return g
}

// matches calls with the ranks of all boxes that overlap one enough, itself among them.
func (g *mergeGroup) matches(k int32, with func(int32)) {
	b := &g.boxes[k]
	from, _ := slices.BinarySearchFunc(g.left, b.x1-g.wide, func(i int32, x float32) int { return cmp.Compare(g.boxes[i].x1, x) })
	for _, i := range g.left[from:] {
		o := &g.boxes[i]
		if o.x1 > b.x2 {
			break
		}
		w, h := min(b.x2, o.x2)-max(b.x1, o.x1), min(b.y2, o.y2)-max(b.y1, o.y1)
		if w <= 0 || h <= 0 {
			continue
		}
		inter := float32(w * h)
		of := min(b.area, o.area)
		if g.Metric == IOU {
			of = b.area + o.area - inter
		}
		if of > 0 && inter/of >= float32(g.Threshold) {
			with(i)
		}
	}
}

// greedy is greedy_nmm_from_matrix and, as to which are left, nms_from_matrix.
func (g *mergeGroup) greedy() {
	gone := make([]bool, len(g.order))
	for k := range g.order {
		if gone[k] {
			continue
		}
		taken := []int32{}
		g.matches(int32(k), func(i int32) {
			if i > int32(k) && !gone[i] {
				gone[i] = true
				taken = append(taken, i)
			}
		})
		slices.Sort(taken)
		g.taken[k] = taken
	}
}

// chains is nmm_from_matrix.
func (g *mergeGroup) chains() {
	keeper := make([]int32, len(g.order)) // 0: none yet, else its rank and 1
	for k := range g.order {
		if keeper[k] == 0 {
			keeper[k] = int32(k) + 1
			g.taken[k] = []int32{}
		}
		by := keeper[k] - 1
		var found []int32
		g.matches(int32(k), func(i int32) {
			if keeper[i] == 0 && g.dominates(int32(k), i) {
				found = append(found, i)
			}
		})
		slices.SortFunc(found, func(a, b int32) int { return cmp.Compare(g.order[a], g.order[b]) })
		for _, i := range found {
			keeper[i] = by + 1
			g.taken[by] = append(g.taken[by], i)
		}
	}
}

// dominates reports whether a box may take in another: that scores less, or as much and does not begin further
// to the right, or down.
func (g *mergeGroup) dominates(k, i int32) bool {
	if g.score[k] != g.score[i] {
		return g.score[k] > g.score[i]
	}
	p, q := g.boxes[k], g.boxes[i]
	return cmp.Or(cmp.Compare(p.x1, q.x1), cmp.Compare(p.y1, q.y1), cmp.Compare(p.x2, q.x2), cmp.Compare(p.y2, q.y2)) >= 0
}

// Bounds are the edges of corners.
func Bounds(corners [][2]float32) [4]float32 {
	inf := float32(math.Inf(1))
	r := [4]float32{inf, inf, -inf, -inf}
	for _, c := range corners {
		r = [4]float32{min(r[0], c[0]), min(r[1], c[1]), max(r[2], c[0]), max(r[3], c[1])}
	}
	return r
}
