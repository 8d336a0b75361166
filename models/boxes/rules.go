package boxes

import (
	"math"
)

// Suppression is the rule by which one of two boxes goes that overlap.
type Suppression uint8

const (
	// NoSuppression keeps all: the graph has picked them.
	NoSuppression Suppression = iota
	// Torch is torchvision.ops.nms: a box goes where its IoU with a better one that stays is above
	// Overlap. Classes are kept apart by an offset, as Ultralytics has it: 7680 pixels each.
	Torch
	// PlusOne is the same with a pixel more in all widths and heights, as YOLOX's nms and others
	// that stem from Fast R-CNN's have it.
	PlusOne
	// WholePixels is Torch of boxes whose left, top, width and height are cut off to whole pixels:
	// OpenCV's NMSBoxes, as FaceDetectorYN has it.
	WholePixels
	// Rotated is Ultralytics' fast_nms: a box goes where its probabilistic IoU with any better one,
	// whether that stays or not, is above Overlap.
	Rotated
)

// maxCandidates is how many boxes are looked at for overlaps: Ultralytics' max_nms.
const maxCandidates = 30_000

// classOffset keeps classes apart: Ultralytics' max_wh.
const classOffset = 7680

// Rules say which boxes of an image are kept.
type Rules struct {
	Confidence  float32 // a score must be above it
	Overlap     float64 // IoU; a worse box with a larger one goes
	Most        int     // boxes of an image; 0: any number
	Agnostic    bool    // boxes of different classes overlap, too
	Classes     []int   // those that are kept; nil: all
	Suppression Suppression
}

// classes are those that are kept; nil: all.
func (r *Rules) classes() map[int32]bool {
	if r.Classes == nil {
		return nil
	}
	taken := map[int32]bool{}
	for _, c := range r.Classes {
		taken[int32(c)] = true
	}
	return taken
}

// pick sorts boxes, best first, and leaves out those that overlap, and those beyond Most. Of
// equal scores the first in all comes first.
func (r *Rules) pick(all []Box) []Box {
	order := byScore(all)
	if r.Suppression != NoSuppression && len(order) > maxCandidates {
		order = order[:maxCandidates]
	}
	most := r.Most
	if most <= 0 {
		most = len(order)
	}
	var kept []int32
	switch {
	case r.Suppression == Rotated:
		kept = r.rotated(all, order, most)
	case r.Suppression == NoSuppression:
		kept = order[:min(most, len(order))]
	default:
		kept = r.greedy(all, order, most)
	}
	picked := make([]Box, len(kept))
	for i, k := range kept {
		picked[i] = all[k]
	}
	return picked
}

// byScore returns the boxes' indices, best first and of equal scores the first first: a radix sort,
// three passes of 11 bits.
func byScore(all []Box) []int32 {
	n := len(all)
	order, other := make([]int32, n), make([]int32, n)
	keys := make([]uint32, n)
	var counts [3][2048]int32
	for i := range all {
		bits := math.Float32bits(all[i].Score)
		if bits>>31 == 0 { // ascending in the key is descending in the score
			bits = ^bits &^ (1 << 31)
		}
		keys[i], order[i] = bits, int32(i)
		counts[0][bits&2047]++
		counts[1][bits>>11&2047]++
		counts[2][bits>>22]++
	}
	for pass := range counts {
		at, shift := &counts[pass], 11*pass
		sum := int32(0)
		for i, c := range at {
			at[i] = sum
			sum += c
		}
		for _, i := range order {
			digit := keys[i] >> shift & 2047
			other[at[digit]] = i
			at[digit]++
		}
		order, other = other, order
	}
	return order
}

// rect is a box as it is compared: moved apart by its class.
type rect struct{ x1, y1, x2, y2, area float32 }

// greedy keeps each box that overlaps no better one that is kept. It ends when enough are.
func (r *Rules) greedy(all []Box, order []int32, most int) (kept []int32) {
	one := float32(0)
	if r.Suppression == PlusOne {
		one = 1
	}
	apart := !r.Agnostic && within(all)
	rects := make([]rect, 0, min(most, len(order)))
	var next []int32          // by rect: the one of its class before it
	last := map[int32]int32{} // by class: the last of rects; of 0 where classes meet
	for _, i := range order {
		b := &all[i]
		offset := float32(0)
		if !r.Agnostic {
			offset = float32(b.Class) * classOffset
		}
		c := rect{b.Rect[0] + offset, b.Rect[1] + offset, b.Rect[2] + offset, b.Rect[3] + offset, 0}
		if r.Suppression == WholePixels {
			x, y := trunc(b.Rect[0]), trunc(b.Rect[1])
			c = rect{x + offset, y + offset, x + trunc(b.Rect[2]-b.Rect[0]) + offset, y + trunc(b.Rect[3]-b.Rect[1]) + offset, 0}
		}
		c.area = (c.x2 - c.x1 + one) * (c.y2 - c.y1 + one)
		class := int32(0)
		if apart {
			class = b.Class
		}
		first, ok := last[class]
		if !ok {
			first = -1
		}
		if r.overlaps(rects, next, first, &c, one) {
			continue
		}
		last[class] = int32(len(rects))
		rects, next = append(rects, c), append(next, first)
		if kept = append(kept, i); len(kept) == most {
			break
		}
	}
	return kept
}

func trunc(v float32) float32 { return float32(math.Trunc(float64(v))) }

// overlaps reports whether a box overlaps one of a chain.
func (r *Rules) overlaps(rects []rect, next []int32, k int32, c *rect, one float32) bool {
	for ; k >= 0; k = next[k] {
		o := &rects[k]
		w := min(o.x2, c.x2) - max(o.x1, c.x1) + one
		if w <= 0 {
			continue
		}
		h := min(o.y2, c.y2) - max(o.y1, c.y1) + one
		if h <= 0 {
			continue
		}
		inter := w * h
		if float64(inter/(o.area+c.area-inter)) > r.Overlap {
			return true
		}
	}
	return false
}

// within reports whether all boxes lie so near to each other that those of different classes can't
// meet when they are moved apart.
func within(all []Box) bool {
	lo, hi := float32(math.Inf(1)), float32(math.Inf(-1))
	for i := range all {
		for _, v := range &all[i].Rect {
			if v < lo {
				lo = v
			}
			if v > hi {
				hi = v
			}
		}
	}
	return hi-lo < classOffset-128 // float32 rounds what is moved far
}
