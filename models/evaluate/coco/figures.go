package coco

import (
	"cmp"
	"math"
	"slices"

	"ortho/models/evaluate/threshold"
)

// Images is how many were added.
func (e *Evaluation) Images() int { return e.images }

// Names are those of Figures, in their order: COCO's twelve (of key points ten), then the AP of each class.
func (e *Evaluation) Names() []string {
	names := []string{"AP", "AP50", "AP75", "AP small", "AP medium", "AP large", "AR1", "AR10", "AR100", "AR small", "AR medium", "AR large"}
	if e.opt.Kind == Keypoints {
		names = []string{"AP", "AP50", "AP75", "AP medium", "AP large", "AR", "AR50", "AR75", "AR medium", "AR large"}
	}
	return names
}

// Figures are what [Evaluation.Names] says, and behind them the AP of each class, where image i counts times[i] times;
// nil: once each. What is not known, since there is no such object, is NaN.
func (e *Evaluation) Figures(times []int) []float64 {
	e.sort()
	var ap, recall [mostAreas]mean
	var ap50, ap75, ar50, ar75, ar1, ar10 mean
	classes := make([]float64, len(e.classes))
	var room steps
	last := e.most[len(e.most)-1]
	for k := range e.classes {
		classes[k] = math.NaN()
		for a := range e.areas {
			n := e.objects(k, a, times)
			if n == 0 {
				continue
			}
			var own, reached mean
			for t := range Thresholds {
				p, r := e.curve(k, a, t, n, times, &room)
				own.add(p)
				reached.add(r)
				switch {
				case a == 0 && t == 0:
					ap50.add(p)
					ar50.add(r)
				case a == 0 && t == 5:
					ap75.add(p)
					ar75.add(r)
				}
			}
			ap[a].add(own.value())
			recall[a].add(reached.value())
			if a == 0 {
				classes[k] = own.value()
				if last == 100 {
					ar1.add(e.recall(k, 1, n, times))
					ar10.add(e.recall(k, 10, n, times))
				}
			}
		}
	}
	all := []float64{ap[0].value(), ap50.value(), ap75.value()}
	for a := 1; a < len(e.areas); a++ {
		all = append(all, ap[a].value())
	}
	if e.opt.Kind == Keypoints {
		all = append(all, recall[0].value(), ar50.value(), ar75.value())
	} else {
		all = append(all, ar1.value(), ar10.value(), recall[0].value())
	}
	for a := 1; a < len(e.areas); a++ {
		all = append(all, recall[a].value())
	}
	return append(all, classes...)
}

// mean of what is added; NaN of nothing.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64)  { m.sum, m.n = m.sum+v, m.n+1 }
func (m *mean) value() float64 { return m.sum / float64(m.n) }

// sort puts detections of each class in the order of their scores, the best first. It changes nothing where that
// is done, so that Figures may be called concurrently after a first call.
func (e *Evaluation) sort() {
	for k := range e.classes {
		if c := &e.classes[k]; !c.sorted {
			slices.SortStableFunc(c.found, func(a, b found) int {
				return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.image, b.image), cmp.Compare(a.rank, b.rank))
			})
			for a := range e.areas {
				c.counted[a] = nil
				for i := range c.found {
					if c.found[i].ignored[a] != 1<<len(Thresholds)-1 {
						c.counted[a] = append(c.counted[a], int32(i))
					}
				}
			}
			c.sorted = true
		}
	}
}

// weight is how often an image counts.
func weight(times []int, image int32) int {
	if times == nil {
		return 1
	}
	return times[image]
}

// objects counts those of a class in an area.
func (e *Evaluation) objects(k, a int, times []int) (n int) {
	for _, t := range e.classes[k].truths {
		n += weight(times, t.image) * int(t.of[a])
	}
	return n
}

// curve is the average precision, and the recall that is reached, of a class in an area at a threshold. Precision is
// kept where a right detection adds to recall: between those it only falls, so that none of the values that count is
// elsewhere.
func (e *Evaluation) curve(k, a, t, n int, times []int, s *steps) (precision, reached float64) {
	bit := uint16(1) << t
	s.recalled, s.precise = s.recalled[:0], s.precise[:0]
	right, wrong := 0, 0
	for _, i := range e.classes[k].counted[a] {
		f := &e.classes[k].found[i]
		if f.ignored[a]&bit != 0 {
			continue
		}
		w := weight(times, f.image)
		if f.matched[a]&bit == 0 {
			wrong += w
		} else if w > 0 {
			right += w
			s.recalled = append(s.recalled, float64(right)/float64(n))
			s.precise = append(s.precise, float64(right)/(float64(wrong+right)+0x1p-52))
		}
	}
	last := len(s.precise) - 1
	if last < 0 {
		return 0, 0
	}
	for i := last; i > 0; i-- {
		s.precise[i-1] = max(s.precise[i-1], s.precise[i])
	}
	at, sum := 0, 0.0
	for _, r := range recalls {
		for at <= last && s.recalled[at] < r {
			at++
		}
		if at > last {
			break
		}
		sum += s.precise[at]
	}
	return sum / float64(len(recalls)), s.recalled[last]
}

// steps are the right detections of a class: the recall and the precision that each reaches.
type steps struct{ recalled, precise []float64 }

// recall is that of the best detections of each image, averaged over the thresholds.
func (e *Evaluation) recall(k, most, n int, times []int) float64 {
	right := 0
	for i := range e.classes[k].found {
		f := &e.classes[k].found[i]
		if int(f.rank) >= most {
			continue
		}
		for t := range Thresholds {
			if bit := uint16(1) << t; f.matched[0]&bit != 0 && f.ignored[0]&bit == 0 {
				right += weight(times, f.image)
			}
		}
	}
	return float64(right) / float64(n) / float64(len(Thresholds))
}

// Counts says how many objects there are of a class that are no crowd, and how many were found, rightly or not.
func (e *Evaluation) Counts(class int) (objects, found int) {
	return e.objects(class, 0, nil), len(e.classes[class].found)
}

// Curve is what detections of a class are worth by their scores, at an IoU of 0.5; -1: of all classes together.
func (e *Evaluation) Curve(class int) *threshold.Curve {
	var answers []threshold.Answer
	truths := 0
	for k := range e.classes {
		if class >= 0 && k != class {
			continue
		}
		truths += e.objects(k, 0, nil)
		for _, f := range e.classes[k].found {
			if f.ignored[0]&1 == 0 {
				answers = append(answers, threshold.Answer{Score: f.score, Right: f.matched[0]&1 != 0})
			}
		}
	}
	return threshold.New(answers, truths)
}
