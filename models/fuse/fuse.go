// Package fuse settles what an image and a description of it say together: two classifiers'
// probabilities of the same classes become one distribution, as a product of experts.
package fuse

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"ortho/models"
)

// SameLabels reports whether two models name their classes alike, in the same order: by
// ID where both have IDs, else by name. Only then can what they say be fused.
func SameLabels(a, b []models.Label) bool {
	if len(a) == 0 || len(a) != len(b) {
		return false
	}
	for i := range a {
		switch {
		case a[i].ID != "" && b[i].ID != "":
			if a[i].ID != b[i].ID {
				return false
			}
		case a[i].Name == "" || a[i].Name != b[i].Name:
			return false
		}
	}
	return true
}

// Verdict is the outcome of fusing two experts.
type Verdict struct {
	Probabilities    []float64
	Image, Text, Top int  // each one's most probable class, and theirs together
	Agree            bool // Image is Text
}

// Product is a product of experts (Hinton 2002): p(c) is proportional to
//
//	image(c) * text(c)^weight
//
// among the classes that the text expert was trained on, which together keep the
// probability that the image gives them. The untrained ones, in ascending order, keep the
// image's own. A weight of 0 is the image alone.
//
// Both must be distributions over the same classes. Where the two exclude each other (the
// product is 0 everywhere), that is an error.
func Product(image, text []float64, weight float64, untrained []int) (v Verdict, err error) {
	if len(image) == 0 || len(image) != len(text) {
		return v, fmt.Errorf("fuse: %d and %d classes", len(image), len(text))
	}
	if !(weight >= 0) || math.IsInf(weight, 1) {
		return v, fmt.Errorf("fuse: a weight of %v: from 0 on", weight)
	}
	logs := make([]float64, len(image))
	kept, top := 0.0, math.Inf(-1)
	v.Text = -1
	for c := range image {
		if !(image[c] >= 0 && image[c] <= 1+1e-6 && text[c] >= 0 && text[c] <= 1+1e-6) {
			return v, fmt.Errorf("fuse: class %d has the probabilities %v and %v", c, image[c], text[c])
		}
		if image[c] > image[v.Image] {
			v.Image = c
		}
		if _, no := slices.BinarySearch(untrained, c); no {
			continue
		}
		if v.Text < 0 || text[c] > text[v.Text] {
			v.Text = c
		}
		kept += image[c]
		logs[c] = math.Log(image[c])
		if weight > 0 {
			logs[c] += weight * math.Log(text[c])
		}
		top = max(top, logs[c])
	}
	if v.Text < 0 {
		return v, errors.New("fuse: the text expert was trained on no class")
	}
	if kept > 0 && math.IsInf(top, -1) {
		return v, errors.New("fuse: the image and the text exclude each other: no class is possible for both")
	}
	v.Probabilities = slices.Clone(image)
	sum := 0.0
	for c := range logs {
		if _, no := slices.BinarySearch(untrained, c); !no && kept > 0 {
			v.Probabilities[c] = math.Exp(logs[c] - top)
			sum += v.Probabilities[c]
		}
	}
	for c := range logs {
		if _, no := slices.BinarySearch(untrained, c); !no && kept > 0 {
			v.Probabilities[c] *= kept / sum
		}
		if v.Probabilities[c] > v.Probabilities[v.Top] {
			v.Top = c
		}
	}
	v.Agree = v.Image == v.Text
	return v, nil
}
