package coco

import "math"

// Kind is what is compared.
type Kind string

const (
	Boxes     Kind = "boxes"
	Masks     Kind = "masks"
	Keypoints Kind = "keypoints"
)

// Object is something that is in an image.
type Object struct {
	Class int
	Box   [4]float64 // x, y, width and height in pixels
	// Area is in pixels, as the truth states it (of its mask, where there is one): by it objects are small or large.
	Area      float64
	Crowd     bool      // many of them: what lies within is matched to it, and counts neither way
	Unmarked  bool      // of Keypoints: none of them is marked, and what matches it counts neither way
	Mask      *Mask     // of Masks
	Keypoints []float64 // of Keypoints: x, y, and above 0 where it is marked, of each
}

// Found is a detection.
type Found struct {
	Class     int
	Score     float64
	Box       [4]float64 // x, y, width and height in pixels
	Mask      *Mask
	Keypoints []float64 // x, y and a number that does not count, of each
}

// area is the detection's size, as pycocotools' loadRes has it for results of that kind alone.
func (f *Found) area(kind Kind) float64 {
	switch kind {
	case Masks:
		return float64(f.Mask.Area())
	case Keypoints:
		x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
		for i := 0; i+2 < len(f.Keypoints); i += 3 {
			x, y := f.Keypoints[i], f.Keypoints[i+1]
			x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
		}
		return (x1 - x0) * (y1 - y0)
	}
	return f.Box[2] * f.Box[3]
}

// boxOverlap is the intersection over union of two boxes; of a crowd over the detection's area: bbIou.
func boxOverlap(d, g *[4]float64, crowd bool) float64 {
	w := min(d[2]+d[0], g[2]+g[0]) - max(d[0], g[0])
	h := min(d[3]+d[1], g[3]+g[1]) - max(d[1], g[1])
	if !(w > 0) || !(h > 0) {
		return 0
	}
	i := float64(w * h)
	all := float64(d[2] * d[3])
	if !crowd {
		all = all + float64(g[2]*g[3]) - i
	}
	return i / all
}

// maskOverlap is that of masks: rleIou. Masks of other sizes than the image's overlap with none.
func maskOverlap(d, g *Mask, dBox, gBox *[4]float64, crowd bool) float64 {
	if boxOverlap(dBox, gBox, crowd) <= 0 || d.Height != g.Height || d.Width != g.Width {
		return 0
	}
	both, any := 0, 0
	walk(d, g, func(n uint32, inD, inG bool) {
		if inD || inG {
			any += int(n)
		}
		if inD && inG {
			both += int(n)
		}
	})
	if both == 0 {
		return 0
	}
	if crowd {
		any = d.Area()
	}
	return float64(both) / float64(any)
}

// Sigmas are how far people are off when they mark the 17 key points of a person in COCO, as shares of its size:
// nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
var Sigmas = []float64{.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089}

// pointOverlap is the object key point similarity of COCO.
func pointOverlap(d []float64, g *Object, sigmas []float64) float64 {
	marked := 0
	for i := range sigmas {
		if g.Keypoints[3*i+2] > 0 {
			marked++
		}
	}
	x0, x1 := g.Box[0]-g.Box[2], g.Box[0]+g.Box[2]*2
	y0, y1 := g.Box[1]-g.Box[3], g.Box[1]+g.Box[3]*2
	sum := 0.0
	for i, sigma := range sigmas {
		var dx, dy float64
		x, y := d[3*i], d[3*i+1]
		switch {
		case marked == 0: // how far it is from a box twice as large around the object
			dx, dy = max(0, x0-x)+max(0, x-x1), max(0, y0-y)+max(0, y-y1)
		case g.Keypoints[3*i+2] > 0:
			dx, dy = x-g.Keypoints[3*i], y-g.Keypoints[3*i+1]
		default:
			continue
		}
		variance := (2 * sigma) * (2 * sigma)
		sum += math.Exp(-(float64(dx*dx) + float64(dy*dy)) / variance / (g.Area + 0x1p-52) / 2)
	}
	if marked == 0 {
		return sum / float64(len(sigmas))
	}
	return sum / float64(marked)
}
