package maps

import (
	"fmt"
	"math"
	"slices"
)

// Segment is a part of an image.
type Segment struct {
	ID    uint32 // of its pixels; 0 is none
	Class int
	Crowd bool // of a truth: many things; what lies in it counts neither way
}

// Panoptic gathers maps of segments one by one. It keeps 40 bytes for each class in an image.
//
// The rules are those of Kirillov et al., "Panoptic Segmentation" (2019), section 4, as panopticapi has them: a segment
// is matched where it overlaps one of its class by more than half (IoU, the pixels without truth left out), which no
// two can; one that lies mostly where there is no truth, or in a crowd of its class, is no mistake.
type Panoptic struct {
	classes int
	things  []bool // nil: it is not known
	images  [][]tally
}

// tally is what was matched of a class in an image.
type tally struct {
	class               int32
	right, extra, amiss int32 // segments that match, that are found only, that are there only
	overlap             float64
}

// NewPanoptic begins an evaluation of so many classes; things says which are counted one by one, and is nil where that
// is not known.
func NewPanoptic(classes int, things []bool) *Panoptic {
	return &Panoptic{classes: classes, things: things}
}

// Add compares the segments of an image, by the ids of its pixels.
func (p *Panoptic) Add(truth, found []uint32, there, seen []Segment) error {
	if len(truth) != len(found) {
		return fmt.Errorf("its truth has %d pixels, and what was found %d", len(truth), len(found))
	}
	if err := checkSegments(there, p.classes); err != nil {
		return fmt.Errorf("its truth: %w", err)
	}
	if err := checkSegments(seen, p.classes); err != nil {
		return fmt.Errorf("what was found: %w", err)
	}
	areas, both := [2]map[uint32]int{{}, {}}, map[[2]uint32]int{}
	for i, t := range truth {
		both[[2]uint32{t, found[i]}]++
	}
	for ids, n := range both {
		areas[0][ids[0]] += n
		areas[1][ids[1]] += n
	}
	for id := range areas[1] {
		if id != 0 && !slices.ContainsFunc(seen, func(s Segment) bool { return s.ID == id }) {
			return fmt.Errorf("what was found has pixels of segment %d, which is none", id)
		}
	}
	of := map[int]*tally{}
	class := func(k int) *tally {
		if of[k] == nil {
			of[k] = &tally{class: int32(k)}
		}
		return of[k]
	}
	matchedTruths, matchedFounds := map[uint32]bool{}, map[uint32]bool{}
	for _, t := range there { // in their order, so that sums of overlaps are the same each time
		for _, f := range seen {
			n := both[[2]uint32{t.ID, f.ID}]
			if n == 0 || t.Crowd || t.Class != f.Class {
				continue
			}
			all := areas[0][t.ID] + areas[1][f.ID] - n - both[[2]uint32{0, f.ID}]
			if overlap := float64(n) / float64(all); overlap > 0.5 {
				c := class(t.Class)
				c.right, c.overlap = c.right+1, c.overlap+overlap
				matchedTruths[t.ID], matchedFounds[f.ID] = true, true
			}
		}
	}
	crowds := map[int]uint32{}
	for _, t := range there {
		switch {
		case matchedTruths[t.ID]:
		case t.Crowd:
			crowds[t.Class] = t.ID // the last of several, as panopticapi has it
		default:
			class(t.Class).amiss++
		}
	}
	for _, f := range seen {
		if matchedFounds[f.ID] || areas[1][f.ID] == 0 {
			continue
		}
		passed := both[[2]uint32{0, f.ID}]
		if crowd, ok := crowds[f.Class]; ok {
			passed += both[[2]uint32{crowd, f.ID}]
		}
		if float64(passed)/float64(areas[1][f.ID]) <= 0.5 {
			class(f.Class).extra++
		}
	}
	image := make([]tally, 0, len(of))
	for _, c := range of {
		image = append(image, *c)
	}
	slices.SortFunc(image, func(a, b tally) int { return int(a.class - b.class) })
	p.images = append(p.images, image)
	return nil
}

// checkSegments refuses segments that can't be told apart, and classes that are not there.
func checkSegments(all []Segment, classes int) error {
	known := map[uint32]bool{}
	for _, s := range all {
		switch {
		case s.Class < 0 || s.Class >= classes:
			return fmt.Errorf("segment %d is of class %d, and there are %d", s.ID, s.Class, classes)
		case s.ID == 0 || known[s.ID]:
			return fmt.Errorf("segment %d: numbers are above 0, and each is there once", s.ID)
		}
		known[s.ID] = true
	}
	return nil
}

// Images is how many were added.
func (p *Panoptic) Images() int { return len(p.images) }

// Names are those of Figures, in their order.
func (p *Panoptic) Names() []string {
	names := []string{"PQ", "SQ", "RQ"}
	if p.things != nil {
		names = append(names, "PQ things", "PQ stuff")
	}
	return names
}

// Figures are what [Panoptic.Names] says, and behind them the PQ of each class, where image i counts times[i] times;
// nil: once each. Means are over the classes of which there are segments, in truth or found; what is not known is NaN.
// SQ is the mean overlap of segments that match, RQ their F1, and PQ of a class the product of both.
func (p *Panoptic) Figures(times []int) []float64 {
	sums := make([]struct{ right, extra, amiss, overlap float64 }, p.classes)
	for i, image := range p.images {
		n := 1.0
		if times != nil {
			n = float64(times[i])
		}
		for _, c := range image {
			s := &sums[c.class]
			s.right, s.extra, s.amiss, s.overlap = s.right+n*float64(c.right), s.extra+n*float64(c.extra), s.amiss+n*float64(c.amiss), s.overlap+n*c.overlap
		}
	}
	classes := make([]float64, p.classes)
	var pq, sq, rq float64
	var n int
	var parts [2]struct {
		sum float64
		n   int
	}
	for k, s := range sums {
		classes[k] = math.NaN()
		all := s.right + 0.5*s.extra + 0.5*s.amiss
		if all == 0 {
			continue
		}
		classes[k] = s.overlap / all
		pq, rq, n = pq+classes[k], rq+s.right/all, n+1
		if s.right > 0 {
			sq += s.overlap / s.right
		}
		if p.things != nil {
			part := &parts[0]
			if !p.things[k] {
				part = &parts[1]
			}
			part.sum, part.n = part.sum+classes[k], part.n+1
		}
	}
	figures := []float64{pq / float64(n), sq / float64(n), rq / float64(n)}
	if p.things != nil {
		figures = append(figures, parts[0].sum/float64(parts[0].n), parts[1].sum/float64(parts[1].n))
	}
	return append(figures, classes...)
}

// Found says of each class how many segments match, were found only, and are there only.
func (p *Panoptic) Found() [][3]int {
	all := make([][3]int, p.classes)
	for _, image := range p.images {
		for _, c := range image {
			a := &all[c.class]
			a[0], a[1], a[2] = a[0]+int(c.right), a[1]+int(c.extra), a[2]+int(c.amiss)
		}
	}
	return all
}
