package segments

import (
	"fmt"
	"math"

	"ortho/models/boxes"
)

// fixedEdge is that of the masks of Mask2Former: transformers' own number.
const fixedEdge = 384

// queries reads class_queries_logits [Q,C+1] and masks_queries_logits [Q,h,w].
func (m *Map) queries(at boxes.Place, outputs []boxes.Tensor, r Reading, opt Options) error {
	classes := outputs[0]
	masks, err := stackOf(outputs[1], false)
	if err != nil {
		return err
	}
	if len(classes.Shape) != 2 || classes.Shape[0] != masks.n || classes.Shape[1] < 2 || classes.Shape[1] > mostClasses || len(classes.Values) != classes.Shape[0]*classes.Shape[1] {
		return fmt.Errorf("outputs %s of %v and %s of %v are not those of queries", classes.Name, classes.Shape, outputs[1].Name, outputs[1].Shape)
	}
	if r == Mask2Former {
		if masks.n > mostValues/fixedEdge/fixedEdge {
			return fmt.Errorf("%d masks of queries are too many", masks.n)
		}
		masks = masks.resized(fixedEdge, fixedEdge)
	}
	n := classes.Shape[1] - 1
	odds := make([][]float32, masks.n)
	for q := range odds {
		if odds[q], err = softmax(classes.Values[q*(n+1) : (q+1)*(n+1)]); err != nil {
			return fmt.Errorf("output %s: query %d: %w", classes.Name, q, err)
		}
	}
	if opt.As == Instance {
		return m.instances(at, masks, odds, n, opt)
	}
	probable := &stack{masks.n, masks.height, masks.width, make([]float32, len(masks.values))}
	for i, v := range masks.values {
		probable.values[i] = float32(1 / (1 + math.Exp(-float64(v))))
	}
	if opt.As == Semantic {
		return m.semantic(at, together(probable, odds, n))
	}
	return m.panoptic(at, probable, odds, n, opt)
}

// softmax is torch's.
func softmax(logits []float32) ([]float32, error) {
	largest := float32(math.Inf(-1))
	for _, v := range logits {
		if v != v {
			return nil, fmt.Errorf("its logits are no numbers")
		}
		largest = max(largest, v)
	}
	if math.IsInf(float64(largest), 0) {
		return nil, fmt.Errorf("its logits are infinite")
	}
	out, sum := make([]float32, len(logits)), 0.0
	for i, v := range logits {
		e := math.Exp(float64(v - largest))
		out[i] = float32(e)
		sum += e
	}
	for i, v := range out {
		out[i] = float32(float64(v) / sum)
	}
	return out, nil
}

// together are the scores of classes: the masks weighed by their classes' probabilities.
func together(masks *stack, odds [][]float32, classes int) *stack {
	out := &stack{classes, masks.height, masks.width, make([]float32, classes*masks.height*masks.width)}
	for q := range masks.n {
		from := masks.plane(q)
		for c := range classes {
			to, by := out.plane(c), odds[q][c]
			for i, v := range from {
				to[i] += by * v
			}
		}
	}
	return out
}

// panoptic gives each pixel the query whose score times probability is the largest, of those that are kept:
// transformers' compute_segments, without classes that are fused.
func (m *Map) panoptic(at boxes.Place, masks *stack, odds [][]float32, classes int, opt Options) error {
	kept := &stack{height: masks.height, width: masks.width}
	var queries []Segment
	for q, p := range odds {
		one := Segment{}
		for c, v := range p {
			if v > one.Score || c == 0 {
				one = Segment{c, v}
			}
		}
		if one.Class == classes || !(one.Score > float32(opt.Threshold)) {
			continue
		}
		queries = append(queries, one)
		kept.values = append(kept.values, masks.plane(q)...)
		kept.n++
	}
	if kept.n == 0 {
		for i := range m.Values {
			m.Values[i] = None
		}
		return nil
	}
	won, own := make([]int, kept.n), make([]int, kept.n) // pixels that are the query's, and of its mask
	best := make([]float32, m.Width)
	err := kept.rows(at, func(y int, row func(int) []float32) {
		values := m.Values[y*m.Width : (y+1)*m.Width]
		clear(values)
		for q := range kept.n {
			score := queries[q].Score
			for x, v := range row(q) {
				v *= score
				if v >= float32(opt.Mask) {
					own[q]++
				}
				if q == 0 || v > best[x] {
					best[x], values[x] = v, uint16(q)
				}
			}
		}
		for _, q := range values {
			won[q]++
		}
	})
	if err != nil {
		return err
	}
	names := make([]uint16, kept.n)
	for q, one := range queries {
		names[q] = None
		if won[q] > 0 && own[q] > 0 && float32(won[q])/float32(own[q]) > float32(opt.Overlap) {
			names[q] = uint16(len(m.Segments))
			m.Segments = append(m.Segments, one)
		}
	}
	for i, q := range m.Values {
		m.Values[i] = names[q]
	}
	return nil
}
