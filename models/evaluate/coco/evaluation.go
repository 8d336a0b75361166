package coco

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Thresholds are the IoUs from which on a detection is right: 0.50 to 0.95 in steps of 0.05.
var Thresholds = spaced(.5, .95, 10)

// recalls are those at which precision is looked at.
var recalls = spaced(0, 1, 101)

// spaced is numpy.linspace, to the bit.
func spaced(from, to float64, n int) []float64 {
	all := make([]float64, n)
	step := (to - from) / float64(n-1)
	for i := range all {
		all[i] = float64(float64(i)*step) + from
	}
	all[n-1] = to
	return all
}

// Area is a range of sizes of objects, in pixels, both ends included.
type Area struct {
	Name     string
	From, To float64
}

var (
	allAreas = Area{"all", 0, 1e5 * 1e5}
	medium   = Area{"medium", 32 * 32, 96 * 96}
	large    = Area{"large", 96 * 96, 1e5 * 1e5}
)

// mostAreas and mostThresholds are how many there are at most.
const mostAreas = 4

// Options say what is compared, and how.
type Options struct {
	Kind    Kind
	Classes int       // how many there are
	Sigmas  []float64 // of Keypoints; nil: [Sigmas]
}

// Evaluation gathers images one by one. It keeps 40 bytes for each of the best 100 detections of a class in an image
// (of key points 20), and 24 for each class in it.
type Evaluation struct {
	opt     Options
	areas   []Area
	most    []int // detections of a class in an image that count
	images  int
	classes []class
}

// class is what was found, and is there, of one.
type class struct {
	truths []truths
	found  []found
	sorted bool
	// counted are places of those among found that are not ignored at every threshold, by area; known where it is sorted.
	counted [mostAreas][]int32
}

// truths counts the objects of an image that are not ignored, by area.
type truths struct {
	image int32
	of    [mostAreas]int32
}

// found is a detection that is matched. Bits of matched and ignored are thresholds.
type found struct {
	score            float64
	image, rank      int32
	matched, ignored [mostAreas]uint16
}

// New begins an evaluation.
func New(opt Options) *Evaluation {
	e := &Evaluation{opt: opt, areas: []Area{allAreas, {"small", 0, 32 * 32}, medium, large}, most: []int{1, 10, 100}, classes: make([]class, opt.Classes)}
	if opt.Kind == Keypoints {
		e.areas, e.most = []Area{allAreas, medium, large}, []int{20}
		if opt.Sigmas == nil {
			e.opt.Sigmas = Sigmas
		}
	}
	return e
}

// Add compares what is in an image with what was found. Of equal scores the detection that comes first is the better
// one, in images that are added first; pycocotools goes by the images' ids.
func (e *Evaluation) Add(objects []Object, detections []Found) error {
	if err := e.Check(objects, detections); err != nil {
		return err
	}
	image := int32(e.images)
	e.images++
	of := map[int]*pair{}
	part := func(class int) *pair {
		if of[class] == nil {
			of[class] = &pair{}
		}
		return of[class]
	}
	for i := range objects {
		p := part(objects[i].Class)
		p.objects = append(p.objects, &objects[i])
	}
	for i := range detections {
		p := part(detections[i].Class)
		p.found = append(p.found, &detections[i])
	}
	for at, p := range of {
		c := &e.classes[at]
		slices.SortStableFunc(p.found, func(a, b *Found) int { return cmp.Compare(b.Score, a.Score) })
		p.found = p.found[:min(len(p.found), e.most[len(e.most)-1])]
		overlaps := e.overlaps(p)
		first := len(c.found)
		for rank, d := range p.found {
			c.found = append(c.found, found{score: d.Score, image: image, rank: int32(rank)})
		}
		t := truths{image: image}
		for a, area := range e.areas {
			t.of[a] = e.match(p, overlaps, a, area, c.found[first:])
		}
		c.truths, c.sorted = append(c.truths, t), false
	}
	return nil
}

// pair is what is there and was found of a class in an image.
type pair struct {
	objects []*Object
	found   []*Found
}

// Check returns why [Evaluation.Add] would refuse.
func (e *Evaluation) Check(objects []Object, detections []Found) error {
	points := 0
	if e.opt.Kind == Keypoints {
		points = 3 * len(e.opt.Sigmas)
	}
	for i, o := range objects {
		switch {
		case o.Class < 0 || o.Class >= len(e.classes):
			return fmt.Errorf("object %d is of class %d, and there are %d", i, o.Class, len(e.classes))
		case e.opt.Kind == Masks && o.Mask == nil:
			return fmt.Errorf("object %d has no mask", i)
		case points > 0 && len(o.Keypoints) != points:
			return fmt.Errorf("object %d has %d numbers of key points, and %d are to be compared", i, len(o.Keypoints), points)
		}
	}
	for i, d := range detections {
		switch {
		case d.Class < 0 || d.Class >= len(e.classes):
			return fmt.Errorf("detection %d is of class %d, and there are %d", i, d.Class, len(e.classes))
		case math.IsNaN(d.Score):
			return fmt.Errorf("the score of detection %d is no number", i)
		case e.opt.Kind == Masks && d.Mask == nil:
			return fmt.Errorf("detection %d has no mask", i)
		case points > 0 && len(d.Keypoints) != points:
			return fmt.Errorf("detection %d has %d numbers of key points, and %d are to be compared", i, len(d.Keypoints), points)
		}
	}
	return nil
}

// overlaps are those of each detection with each object.
func (e *Evaluation) overlaps(p *pair) [][]float64 {
	all := make([][]float64, len(p.found))
	var dBoxes, gBoxes [][4]float64
	if e.opt.Kind == Masks {
		for _, d := range p.found {
			dBoxes = append(dBoxes, d.Mask.box())
		}
		for _, g := range p.objects {
			gBoxes = append(gBoxes, g.Mask.box())
		}
	}
	for i, d := range p.found {
		all[i] = make([]float64, len(p.objects))
		for j, g := range p.objects {
			switch e.opt.Kind {
			case Masks:
				all[i][j] = maskOverlap(d.Mask, g.Mask, &dBoxes[i], &gBoxes[j], g.Crowd)
			case Keypoints:
				all[i][j] = pointOverlap(d.Keypoints, g, e.opt.Sigmas)
			default:
				all[i][j] = boxOverlap(&d.Box, &g.Box, g.Crowd)
			}
		}
	}
	return all
}

// match is evaluateImg: it says of each detection what it is in an area, and counts the objects that are not ignored.
func (e *Evaluation) match(p *pair, overlaps [][]float64, a int, area Area, to []found) (n int32) {
	ignored := func(g *Object) bool {
		return e.opt.Kind == Keypoints && g.Unmarked || g.Crowd || g.Area < area.From || g.Area > area.To
	}
	order := make([]int, 0, len(p.objects))
	for j, g := range p.objects {
		if !ignored(g) {
			order = append(order, j)
		}
	}
	n = int32(len(order))
	for j, g := range p.objects {
		if ignored(g) {
			order = append(order, j)
		}
	}
	outside := make([]bool, len(p.found))
	for i, d := range p.found {
		size := d.area(e.opt.Kind)
		outside[i] = size < area.From || size > area.To
	}
	taken := make([]bool, len(order))
	for t, threshold := range Thresholds {
		clear(taken)
		bit := uint16(1) << t
		for i := range p.found {
			best, at := min(threshold, 1-1e-10), -1
			for k, j := range order {
				if taken[k] && !p.objects[j].Crowd {
					continue
				}
				if at >= 0 && at < int(n) && k >= int(n) { // one that counts is better than any that is ignored
					break
				}
				if overlaps[i][j] >= best {
					best, at = overlaps[i][j], k
				}
			}
			if at >= 0 {
				taken[at] = true
				to[i].matched[a] |= bit
			}
			if at >= int(n) || at < 0 && outside[i] {
				to[i].ignored[a] |= bit
			}
		}
	}
	return n
}
