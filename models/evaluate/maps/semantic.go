// Package maps measures how images are divided: by intersection over union of classes (mIoU), and by panoptic quality
// (PQ).
//
//	a class for each pixel, as it is and as it was found --Semantic.Add--> counts --Figures--> mIoU, IoU by class
//	a segment for each pixel, and what segments are ------Panoptic.Add--> counts --Figures--> PQ, SQ, RQ, PQ by class
package maps

import (
	"fmt"
	"math"
)

// None is the class of a pixel that has none: of a truth it does not count, of what was found it is of no class.
const None = math.MaxUint16

// Semantic gathers maps of classes one by one. It keeps 32 bytes for each class in an image.
type Semantic struct {
	classes int
	images  [][]counts
	room    []counts // of one image, by class
}

// counts are pixels of a class in an image: that are of it, that were taken for it, and both.
type counts struct {
	class             int32
	truth, found, hit int64
}

// NewSemantic begins an evaluation of so many classes.
func NewSemantic(classes int) *Semantic {
	return &Semantic{classes: classes, room: make([]counts, classes)}
}

// Add compares the classes of an image's pixels.
func (s *Semantic) Add(truth, found []uint16) error {
	if len(truth) != len(found) {
		return fmt.Errorf("its truth has %d pixels, and what was found %d", len(truth), len(found))
	}
	clear(s.room)
	for i, t := range truth {
		if t == None {
			continue
		}
		f := found[i]
		if int(t) >= s.classes || f != None && int(f) >= s.classes {
			return fmt.Errorf("pixel %d is of class %d, and %d was found: there are %d", i, t, f, s.classes)
		}
		s.room[t].truth++
		if f != None {
			s.room[f].found++
		}
		if f == t {
			s.room[t].hit++
		}
	}
	var image []counts
	for class, c := range s.room {
		if c.truth > 0 || c.found > 0 {
			c.class = int32(class)
			image = append(image, c)
		}
	}
	s.images = append(s.images, image)
	return nil
}

// Images is how many were added.
func (s *Semantic) Images() int { return len(s.images) }

// Names are those of Figures, in their order.
func (*Semantic) Names() []string {
	return []string{"mIoU", "mean Dice", "mean accuracy", "pixel accuracy"}
}

// Figures are what [Semantic.Names] says, and behind them the IoU of each class, where image i counts times[i] times;
// nil: once each. Pixels are summed over all images first, as is usual. Means are over the classes of which there are
// pixels, in truth or (but for the accuracy) found; what is not known is NaN.
func (s *Semantic) Figures(times []int) []float64 {
	sums := s.sums(times)
	var iou, dice, accuracy, pixels, right float64
	var seen, there int
	classes := make([]float64, s.classes)
	for k, c := range sums {
		classes[k] = math.NaN()
		pixels, right = pixels+float64(c.truth), right+float64(c.hit)
		if c.truth == 0 && c.found == 0 {
			continue
		}
		classes[k] = float64(c.hit) / float64(c.truth+c.found-c.hit)
		iou += classes[k]
		dice += 2 * float64(c.hit) / float64(c.truth+c.found)
		seen++
		if c.truth > 0 {
			accuracy += float64(c.hit) / float64(c.truth)
			there++
		}
	}
	return append([]float64{iou / float64(seen), dice / float64(seen), accuracy / float64(there), right / pixels}, classes...)
}

func (s *Semantic) sums(times []int) []counts {
	sums := make([]counts, s.classes)
	for i, image := range s.images {
		n := int64(1)
		if times != nil {
			n = int64(times[i])
		}
		for _, c := range image {
			sums[c.class].truth += n * c.truth
			sums[c.class].found += n * c.found
			sums[c.class].hit += n * c.hit
		}
	}
	return sums
}

// Class is what is known of one.
type Class struct {
	Images        int   // that it is in
	Pixels, Found int64 // that are of it, that were taken for it
}

// Classes tells of each class.
func (s *Semantic) Classes() []Class {
	all := make([]Class, s.classes)
	for k, c := range s.sums(nil) {
		all[k] = Class{Pixels: c.truth, Found: c.found}
	}
	for _, image := range s.images {
		for _, c := range image {
			if c.truth > 0 {
				all[c.class].Images++
			}
		}
	}
	return all
}
