package config

import (
	"errors"
	"fmt"
	"math"

	"ortho/preprocess"
)

// This file has the processors of models that say something of each place of an image: segmenters by queries, and
// depth estimators.

// queries reports whether the class is one of segmenters by queries, which resize as detectors do, and pad to a
// size that is stated.
func (p *processor) queries() bool {
	return p.class == "MaskFormerImageProcessor" || p.class == "Mask2FormerImageProcessor"
}

// The processors of depth estimators.
const (
	dptProcessor  = "DPTImageProcessor"
	glpnProcessor = "GLPNImageProcessor"
)

// ownSizes reports whether images of the class have inputs of sizes of their own.
func (p *processor) ownSizes() bool {
	return p.detects() || p.queries() || p.class == dptProcessor || p.class == glpnProcessor
}

// divisor is multiple of a class that may have none.
func (p *processor) divisor() (int, error) {
	var n int
	if p.none("size_divisor") {
		return 0, nil
	}
	if o, err := p.at("size_divisor"); err != nil {
		return 0, err
	} else if _, err := o.Get("size_divisor", &n); err != nil || n < 0 || n > preprocess.MaxSize {
		return 0, fmt.Errorf("size_divisor: %s is not a whole number from 0 to %d", Shorten(o["size_divisor"]), preprocess.MaxSize)
	}
	return n, nil
}

// constrained states DPT's rule: both edges are multiples, and the ratio is kept where that is asked for.
func (p *processor) constrained(s hfSize) error {
	if s.edge > 0 || s.height == 0 {
		return errors.New("size: DPTImageProcessor needs height and width")
	}
	multiple := 1
	if o, err := p.at("ensure_multiple_of"); err != nil {
		return err
	} else if multiple, _, err = o.edge("ensure_multiple_of"); err != nil {
		return err
	}
	keep, err := p.flag("keep_aspect_ratio")
	if err != nil {
		return err
	}
	if keep {
		return p.keepRatio(preprocess.Resize{Mode: preprocess.Constrained, Height: s.height, Width: s.width, Multiple: multiple}, "keep_aspect_ratio", false)
	}
	near := func(edge int) int {
		return max(multiple, int(math.RoundToEven(float64(edge)/float64(multiple)))*multiple)
	}
	to := Size{near(s.height), near(s.width)}
	return errors.Join(p.state("input-size", to.String(), "size"), p.state("resize", to.String(), "size"))
}
