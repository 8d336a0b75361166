package faces

import (
	"errors"
	"math"
	"slices"

	"ortho/preprocess"
)

// Size is the edge of the picture that a face is aligned to, in pixels.
const Size = 512

// Points are those of a face, as detectors give them: the eyes, the tip of the nose, the corners of the mouth,
// the left one of the image first.
type Points [5][2]float32

// template is where they are in an aligned face: facexlib's (utils/face_restoration_helper.py), which
// GFPGAN's and CodeFormer's training data has.
var template = Points{{192.98138, 239.94708}, {318.90277, 240.1936}, {256.63416, 314.01935}, {201.26117, 371.41043}, {313.08905, 371.15118}}

// errPoints is of points that lie in one place, or nowhere.
var errPoints = errors.New("a face's points give no place for it")

// Align is the similarity (turn, scale, move) that brings a face's points to where they are in a face of
// Size by Size pixels, one of them being allowed to be wrong: cv2.estimateAffinePartial2D with LMEDS, which
// facexlib uses, with the same random choices. What OpenCV refines in steps is solved here.
func Align(points Points) (preprocess.Affine, error) {
	const (
		tries = 13 // RANSACUpdateNumIters(0.99, 0.45, 2): those that find a pair without an outlier
		n     = len(points)
	)
	random := uint64(math.MaxUint64)
	next := func() int { // cv::RNG
		random = uint64(uint32(random))*4164903690 + random>>32
		return int(uint32(random) % uint32(n))
	}
	least := math.Inf(1)
	var best preprocess.Affine
	for range tries {
		i := next()
		j := next()
		for j == i {
			j = next()
		}
		m := throughPair(points[i], points[j], template[i], template[j])
		errs := errorsOf(m, points)
		sorted := slices.Clone(errs[:])
		slices.Sort(sorted)
		if median := float64(sorted[n/2]); median < least {
			least, best = median, m
		}
	}
	if math.IsInf(least, 1) || math.IsNaN(least) {
		return best, errPoints
	}
	sigma := max(2.5*1.4826*(1+5.0/float64(n-2))*math.Sqrt(least), 0.001)
	var inliers []int
	for i, e := range errorsOf(best, points) {
		if float64(e) <= sigma*sigma {
			inliers = append(inliers, i)
		}
	}
	return leastSquares(points, inliers)
}

// throughPair is the similarity that brings two points where two others are.
func throughPair(p1, p2, q1, q2 [2]float32) preprocess.Affine {
	x1, y1, x2, y2 := float64(p1[0]), float64(p1[1]), float64(p2[0]), float64(p2[1])
	u1, v1, u2, v2 := float64(q1[0]), float64(q1[1]), float64(q2[0]), float64(q2[1])
	d := 1 / ((x1-x2)*(x1-x2) + (y1-y2)*(y1-y2))
	a := d * ((u1-u2)*(x1-x2) + (v1-v2)*(y1-y2))
	b := d * ((v1-v2)*(x1-x2) - (u1-u2)*(y1-y2))
	c := d * ((v1-v2)*(x1*y2-x2*y1) - (u1*y2-u2*y1)*(y1-y2) - (u1*x2-u2*x1)*(x1-x2))
	f := d * (-(u1-u2)*(x1*y2-x2*y1) - (v1*x2-v2*x1)*(x1-x2) - (v1*y2-v2*y1)*(y1-y2))
	return preprocess.Affine{a, -b, c, b, a, f}
}

// errorsOf are the squared distances of mapped points from the template's.
func errorsOf(m preprocess.Affine, points Points) (all [len(template)]float32) {
	for i, p := range points {
		x, y := m.At(float64(p[0]), float64(p[1]))
		dx, dy := float32(x-float64(template[i][0])), float32(y-float64(template[i][1]))
		all[i] = dx*dx + dy*dy
	}
	return all
}

// leastSquares is the similarity of the least squared distances of some points.
func leastSquares(points Points, some []int) (m preprocess.Affine, err error) {
	var px, py, qx, qy float64
	k := float64(len(some))
	for _, i := range some {
		px, py = px+float64(points[i][0])/k, py+float64(points[i][1])/k
		qx, qy = qx+float64(template[i][0])/k, qy+float64(template[i][1])/k
	}
	var along, across, spread float64
	for _, i := range some {
		x, y := float64(points[i][0])-px, float64(points[i][1])-py
		u, v := float64(template[i][0])-qx, float64(template[i][1])-qy
		along, across, spread = along+x*u+y*v, across+x*v-y*u, spread+x*x+y*y
	}
	a, b := along/spread, across/spread
	if !(math.Hypot(a, b) > 1e-6) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return m, errPoints
	}
	return preprocess.Affine{a, -b, qx - a*px + b*py, b, a, qy - b*px - a*py}, nil
}
