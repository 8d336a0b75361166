package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ortho/preprocess"
)

// Size is a height and a width in pixels.
type Size struct{ Height, Width int }

func (s Size) String() string { return fmt.Sprintf("%dx%d", s.Height, s.Width) }

func parseSize(v string) (Size, error) {
	h, w, two := strings.Cut(v, "x")
	if !two {
		w = h
	}
	height, err := parseEdge(h)
	width, err2 := parseEdge(w)
	if err != nil || err2 != nil {
		_, err := parseEdge(v)
		return Size{}, err
	}
	return Size{height, width}, nil
}

func parseEdge(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > preprocess.MaxSize {
		return 0, fmt.Errorf("%q is no size: a whole number from 1 to %d, or height x width (224x320)", v, preprocess.MaxSize)
	}
	return n, nil
}

func parseResize(v string) (preprocess.Resize, error) {
	if v == "none" {
		return preprocess.Resize{Mode: preprocess.ResizeNone}, nil
	}
	if mode, ok := map[string]preprocess.ResizeMode{"letterbox": preprocess.Letterbox, "letterbox-truncated": preprocess.FitWithin, "squash": preprocess.Exact, "pad-square": preprocess.PadSquare}[v]; ok {
		return preprocess.Resize{Mode: mode}, nil // to the input's size
	}
	if strings.Contains(v, "x") {
		s, err := parseSize(v)
		return preprocess.Resize{Mode: preprocess.Exact, Height: s.Height, Width: s.Width}, err
	}
	edge, long := strings.CutPrefix(v, "long:")
	mode := preprocess.ShortEdge
	if long {
		mode = preprocess.LongEdge
	}
	n, err := parseEdge(edge)
	return preprocess.Resize{Mode: mode, Size: n}, err
}

// parseColor reads one value for all colours, or three.
func parseColor(v string) (c [3]uint8, err error) {
	parts := strings.Split(v, ",")
	if len(parts) == 1 {
		parts = []string{v, v, v}
	}
	for i := range min(3, len(parts)) {
		n, err := strconv.ParseUint(strings.TrimSpace(parts[i]), 10, 8)
		if err != nil || len(parts) != 3 {
			return c, fmt.Errorf("%q is no colour: one value from 0 to 255, or three (red, green, blue)", v)
		}
		c[i] = uint8(n)
	}
	return c, nil
}

func parseKeypoints(v string) (points [2]int, err error) {
	n, each, two := strings.Cut(v, "x")
	points[0], err = strconv.Atoi(n)
	var err2 error
	points[1], err2 = strconv.Atoi(each)
	if !two || err != nil || err2 != nil || points[0] < 1 || points[0] > 10_000 || points[1] != 2 && points[1] != 3 {
		return points, fmt.Errorf("%q: how many key points, and 2 or 3 numbers of each, such as 17x3", v)
	}
	return points, nil
}

func parseCropPct(v string) (float64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f > 0 && f <= 1) {
		return 0, fmt.Errorf("%q is no part of 1, such as 0.875", v)
	}
	return f, nil
}

func parseCount(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1<<20 {
		return 0, fmt.Errorf("%q is no whole number from 1 to %d", v, 1<<20)
	}
	return n, nil
}

func parseIndices(v string) ([]int, error) {
	var indices []int
	for _, part := range strings.Split(v, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 || n >= MaxClasses {
			return nil, fmt.Errorf("%q is no index of a class", part)
		}
		indices = append(indices, n)
	}
	slices.Sort(indices)
	return slices.Compact(indices), nil
}

func parseDoubt(v string) (d Doubt, err error) {
	below, short, two := strings.Cut(v, ",")
	var err2 error
	d.Below, err = strconv.ParseFloat(strings.TrimSpace(below), 64)
	d.ShortBelow, err2 = strconv.ParseFloat(strings.TrimSpace(short), 64)
	if !two || err != nil || err2 != nil || !(d.Below >= 0 && d.Below <= d.ShortBelow && d.ShortBelow <= 1) {
		return Doubt{}, fmt.Errorf("%q: give two probabilities, the second not below the first, such as 0.3,0.9", v)
	}
	return d, nil
}

func parseTemperature(v string) (float64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 1e-3 && f <= 1e3) {
		return 0, fmt.Errorf("%q is no temperature: a number from 0.001 to 1000, such as 1.5", v)
	}
	return f, nil
}

func parseScale(v string) (float64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f > 0 && f <= 1e6) {
		return 0, fmt.Errorf("%q is no scale of logits: a number above 0, such as 100", v)
	}
	return f, nil
}

func parseBias(v string) (float64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= -1e6 && f <= 1e6) {
		return 0, fmt.Errorf("%q is no bias of logits: a number, such as -12.9", v)
	}
	return f, nil
}

func parseFloats(v string) ([]float64, error) {
	parts := strings.Split(v, ",")
	if words := strings.Fields(v); len(parts) == 1 && len(words) > 1 {
		return nil, fmt.Errorf("%q: values are separated by commas: %s", v, strings.Join(words, ","))
	}
	if len(parts) != 1 && len(parts) != 3 {
		return nil, fmt.Errorf("%q has %d values: give one, or three separated by commas", v, len(parts))
	}
	values := make([]float64, len(parts))
	for i, p := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%q is no number", p)
		}
		values[i] = f
	}
	return values, nil
}

func parseStd(v string) ([]float64, error) {
	values, err := parseFloats(v)
	if slices.Contains(values, 0) {
		err = fmt.Errorf("%q holds 0, which nothing can be divided by", v)
	}
	return values, err
}

func parseRange(v string) ([2]float64, error) {
	lo, hi, two := strings.Cut(v, ",")
	a, err := strconv.ParseFloat(strings.TrimSpace(lo), 64)
	b, err2 := strconv.ParseFloat(strings.TrimSpace(hi), 64)
	if !two || err != nil || err2 != nil || a == b || math.IsNaN(a+b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return [2]float64{}, fmt.Errorf("%q is no range: give two different numbers, such as 0,255", v)
	}
	return [2]float64{a, b}, nil
}

// FormatFloats writes numbers so that they read back the same.
func FormatFloats(values ...float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(texts, ",")
}

func parsePreset(v string) (string, error) {
	if _, ok := presets[v]; !ok {
		return "", fmt.Errorf("no preset is named %q; there are %s", v, strings.Join(Presets(), ", "))
	}
	return v, nil
}

func parseChannels(v string) (int, error) {
	text, err := oneOf("channels", "1", "3")(v)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func parseCropOffset(v string) (preprocess.CropOffset, error) {
	offset, ok := map[string]preprocess.CropOffset{"floor": preprocess.Floor, "round": preprocess.RoundHalfEven}[v]
	if !ok {
		return 0, fmt.Errorf("%q is neither floor nor round", v)
	}
	return offset, nil
}

func oneOf[T ~string](what string, values ...T) func(string) (T, error) {
	return func(v string) (T, error) {
		if !slices.Contains(values, T(v)) {
			return "", fmt.Errorf("%s %q is not one of %s", what, v, join(values))
		}
		return T(v), nil
	}
}

func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

func notEmpty(v string) (string, error) {
	if v == "" {
		return "", errors.New("it is empty")
	}
	return v, nil
}

// Doubt is what was measured of a classifier of texts: a first class below these
// probabilities is wrong too often to be given without a warning. The zero value doubts
// nothing.
type Doubt struct {
	Below      float64
	ShortBelow float64 // of a text of up to four words that carry meaning, none of the class's label among them
}
