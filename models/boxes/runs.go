package boxes

// Runs gathers the runs of a mask, in the order of COCO's: down each column, the columns from left to right.
type Runs struct {
	counts []int
	end    int
}

// Add says that the pixels from from to to, in that order, belong to the mask: behind all that were added.
func (r *Runs) Add(from, to int) {
	if n := len(r.counts); n > 0 && from == r.end {
		r.counts[n-1] += to - from
	} else {
		r.counts = append(r.counts, from-r.end, to-from)
	}
	r.end = to
}

// RLE is the mask of an image of that size.
func (r *Runs) RLE(height, width int) *RLE {
	counts := r.counts
	if all := height * width; r.end < all {
		counts = append(counts, all-r.end)
	}
	return &RLE{[2]int{height, width}, compressed(counts)}
}
