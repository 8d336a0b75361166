package evaluate

import "testing"

func TestReadings(t *testing.T) {
	for _, c := range []struct {
		both, first, second, neither int
		fits                         bool
	}{
		{0, 0, 36, 0, true}, {6, 0, 30, 0, true}, {0, 36, 0, 0, false}, {0, 5, 9, 100, false}, {0, 0, 3, 0, false}, {0, 0, 9, 0, false}, {0, 0, 10, 0, true},
		{1000, 0, 20, 0, false}, {0, 10, 90, 0, true}, {0, 0, 0, 0, false},
	} {
		var r Readings
		add := func(n, first, second int) {
			for range n {
				r.Add([]float32{0, 1, 1}, first, second) // the answer is 1
			}
		}
		add(c.both, 1, 1)
		add(c.first, 1, 2)
		add(c.second, 7, 1)
		add(c.neither, 0, -1)
		r.Add(nil, 0, 0)
		if r.SecondFits() != c.fits || r.N != c.both+c.first+c.second+c.neither || r.First != c.both+c.first || r.Second != c.both+c.second {
			t.Errorf("%+v: %+v, %v", c, r, r.SecondFits())
		}
	}
}
