package pages

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/report"
	"ortho/models"
	"ortho/models/evaluate"
)

// evaluation judges seeded answers of a model of n classes, with names that no report
// should believe.
func evaluation(t *testing.T, n, items int) *evaluationPage {
	t.Helper()
	labels := make([]models.Label, n)
	for i := range labels {
		labels[i] = models.Label{Name: fmt.Sprintf("%d %s", i, hostile), ID: fmt.Sprint("n", i)}
	}
	random := rand.New(rand.NewPCG(1, 2))
	e := evaluate.New(evaluate.Options{Labels: labels, Activation: models.Softmax, Mistakes: 24})
	for range items {
		truth, values := random.IntN(n), make([]float32, n)
		for i := range values {
			values[i] = float32(random.NormFloat64())
		}
		values[truth] += 2
		if err := e.Add(hostile, truth, values); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	img := image.NewNRGBA(image.Rect(0, 0, 300, 200))
	for i := range img.Pix {
		img.Pix[i] = uint8(random.IntN(256)) // what JPEG can least compress
	}
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	r := e.Result()
	pictures := make([]report.Picture, len(r.Mistakes))
	for i := range pictures {
		pictures[i] = report.NewPicture(b.Bytes(), 1e6)
	}
	return &evaluationPage{Model: hostile, Data: hostile, By: "ortho", Result: r, Failed: 3, Failures: []report.Fact{{Name: hostile, Value: hostile}},
		Throughput: "1 image/s", Temperature: "none", Apply: hostile, Pictures: pictures, How: report.Facts{{Name: "a", Value: hostile}}, Notes: []string{hostile}}
}

func TestEvaluationPage(t *testing.T) {
	for _, c := range []struct {
		classes, items, most int
		want                 []string
	}{
		{2, 3, 250_000, []string{"No class was taken for another"}},
		{10, 500, 900_000, []string{"Confusion matrix", "Worst mistakes", "Each row has the images of a class", "shares of them", "The first 1 of 3"}},
		{3000, 6000, 5_000_000, []string{"Confusion matrix", "The 36 of 2", "The first 2000 of 2", ": 50 of "}},
	} {
		if c.classes > 1000 && testing.Short() {
			continue
		}
		e := evaluation(t, c.classes, c.items)
		p, err := e.page()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		for _, want := range append(c.want, "Reliability", "Top-1 ", "interval") {
			if !strings.Contains(page, want) {
				t.Errorf("%d classes: no %q", c.classes, want)
			}
		}
		if len(page) > c.most {
			t.Errorf("%d classes: %d bytes, want %d at most", c.classes, len(page), c.most)
		}
		if n := strings.Count(page, "<script"); n != 1 || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%d classes: a name is markup: %d scripts", c.classes, n)
		}
		if i := strings.IndexFunc(page, func(r rune) bool { return r == 0 || r == '\uFFFD' }); i >= 0 {
			t.Errorf("%d classes: no text: %q", c.classes, page[max(0, i-80):i+20])
		}
	}
}
