package fuse

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"ortho/models"
)

func TestProduct(t *testing.T) {
	for _, c := range []struct {
		name        string
		image, text []float64
		weight      float64
		untrained   []int
		want        []float64
		top         int
		agree       bool
	}{
		{"agreement", []float64{.6, .4}, []float64{.8, .2}, 1, nil, []float64{.48 / .56, .08 / .56}, 0, true},
		{"the text settles it", []float64{.51, .49}, []float64{.1, .9}, 1, nil, []float64{.051 / .492, .441 / .492}, 1, false},
		{"half the weight", []float64{.5, .5}, []float64{.2, .8}, .5, nil, []float64{1. / 3, 2. / 3}, 1, false},
		{"no weight", []float64{.7, .3}, []float64{0, 1}, 0, nil, []float64{.7, .3}, 0, false},
		{"without text", []float64{.5, .3, .2}, []float64{.9, .05, .05}, 1, []int{0}, []float64{.5, .3, .2}, 0, false},
		{"one of three without", []float64{.2, .4, .4}, []float64{.9, .075, .025}, 1, []int{0}, []float64{.2, .6, .2}, 1, true},
		{"certain", []float64{1, 0}, []float64{1e-300, 1}, 3, nil, []float64{1, 0}, 0, false},
	} {
		v, err := Product(c.image, c.text, c.weight, c.untrained)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, p := range v.Probabilities {
			if math.Abs(p-c.want[i]) > 1e-12 {
				t.Errorf("%s: %v, want %v", c.name, v.Probabilities, c.want)
				break
			}
		}
		if v.Top != c.top || v.Agree != c.agree {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}

// TestProductOfMany: it sums to 1, and untrained classes keep the image's probability.
func TestProductOfMany(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		n := 2 + random.IntN(50)
		image, text := distribution(random, n), distribution(random, n)
		var untrained []int
		for c := range n - 1 {
			if random.IntN(4) == 0 {
				untrained = append(untrained, c)
			}
		}
		v, err := Product(image, text, 2*random.Float64(), untrained)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, p := range v.Probabilities {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("the sum is %v", sum)
		}
		for _, c := range untrained {
			if v.Probabilities[c] != image[c] {
				t.Errorf("class %d went from %v to %v", c, image[c], v.Probabilities[c])
			}
		}
	}
}

func distribution(random *rand.Rand, n int) []float64 {
	p, sum := make([]float64, n), 0.0
	for i := range p {
		p[i] = math.Exp(3 * random.NormFloat64())
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func TestProductErrors(t *testing.T) {
	for _, c := range []struct {
		image, text []float64
		weight      float64
		untrained   []int
		want        string
	}{
		{nil, nil, 1, nil, "0 and 0 classes"},
		{[]float64{1}, []float64{.5, .5}, 1, nil, "1 and 2 classes"},
		{[]float64{1, 0}, []float64{0, 1}, 1, nil, "exclude each other"},
		{[]float64{1, 0}, []float64{1, 0}, -1, nil, "weight"},
		{[]float64{1, 0}, []float64{1, 0}, math.NaN(), nil, "weight"},
		{[]float64{math.NaN(), 0}, []float64{1, 0}, 1, nil, "class 0"},
		{[]float64{1, 0}, []float64{1, 0}, 1, []int{0, 1}, "no class"},
	} {
		if _, err := Product(c.image, c.text, c.weight, c.untrained); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestSameLabels(t *testing.T) {
	id, named := []models.Label{{Name: "tench", ID: "n01"}}, []models.Label{{Name: "tench"}}
	for _, c := range []struct {
		a, b []models.Label
		want bool
	}{
		{id, []models.Label{{Name: "Tinca tinca", ID: "n01"}}, true},
		{id, []models.Label{{Name: "tench", ID: "n02"}}, false},
		{id, named, true},
		{named, []models.Label{{Name: "eel"}}, false},
		{named, append(named, named...), false},
		{nil, nil, false},
		{[]models.Label{{}}, []models.Label{{}}, false},
	} {
		if got := SameLabels(c.a, c.b); got != c.want {
			t.Errorf("%v, %v: %v", c.a, c.b, got)
		}
	}
}
