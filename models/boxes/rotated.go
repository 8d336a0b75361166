package boxes

import "math"

// covariance is what an oriented box is compared by: of the Gaussian that stands for it.
type covariance struct{ x, y, a, b, c float32 }

func covarianceOf(b *Box, offset float32) covariance {
	w, h := b.Rect[2]*b.Rect[2]/12, b.Rect[3]*b.Rect[3]/12
	cos, sin := float32(math.Cos(float64(b.Angle))), float32(math.Sin(float64(b.Angle)))
	cos2, sin2 := float32(cos*cos), float32(sin*sin)
	return covariance{b.Rect[0] + offset, b.Rect[1] + offset, float32(w*cos2) + float32(h*sin2), float32(w*sin2) + float32(h*cos2), (w - h) * cos * sin}
}

// probIoU is Ultralytics' batch_probiou (arXiv 2106.06072), step by step in float32: conversions keep a
// compiler from fusing a multiplication with an addition.
func probIoU(p, q *covariance) float32 {
	const eps = 1e-7
	a, b, c := p.a+q.a, p.b+q.b, p.c+q.c
	dx, dy := p.x-q.x, p.y-q.y
	det := float32(a*b) - float32(c*c)
	t1 := (float32(a*float32(dy*dy)) + float32(b*float32(dx*dx))) / (det + eps) * 0.25
	t2 := c * (q.x - p.x) * dy / (det + eps) * 0.5
	own := max(0, float32(p.a*p.b)-float32(p.c*p.c)) * max(0, float32(q.a*q.b)-float32(q.c*q.c))
	t3 := float32(math.Log(float64(det/(float32(4*float32(math.Sqrt(float64(own))))+eps)+eps))) * 0.5
	distance := min(max(t1+t2+t3, eps), 100)
	return 1 - float32(math.Sqrt(float64(1-float32(math.Exp(float64(-distance)))+eps)))
}

// rotated keeps each box that overlaps no better one, kept or not.
func (r *Rules) rotated(all []Box, order []int32, most int) (kept []int32) {
	shapes := make([]covariance, 0, len(order))
next:
	for _, i := range order {
		offset := float32(0)
		if !r.Agnostic {
			offset = float32(all[i].Class) * classOffset
		}
		c := covarianceOf(&all[i], offset)
		shapes = append(shapes, c)
		for k := range shapes[:len(shapes)-1] {
			if float64(probIoU(&shapes[k], &c)) > r.Overlap {
				continue next
			}
		}
		if kept = append(kept, i); len(kept) == most {
			break
		}
	}
	return kept
}
