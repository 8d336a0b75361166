package config

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ortho/preprocess"
)

// Settings is what one layer, such as the command line, states about a model's
// input and output. The zero value states nothing.
type Settings struct {
	Values     map[string]Statement
	Labels     *LabelList
	Vocabulary *vocabulary
}

// Statement is a value in the command line's syntax and the source that states it.
type Statement struct{ Value, Source string }

// setting is a name that Set takes, and what checks its values.
type setting struct {
	Name  string
	check func(string) error
}

// Keys are all settings.
var Keys = []setting{
	{"preset", func(v string) error { _, err := presetSettings(v); return err }},
	{"layout", checked(preprocess.ParseLayout)},
	{"channels", oneOf("channels", "1", "3")},
	{"input-size", checked(ParseSize)},
	{"resize", checked(ParseResize)},
	{"crop-pct", checked(ParseCropPct)},
	{"crop-mode", oneOf("crop mode", "center", "squash", "border")},
	{"interpolation", checked(preprocess.ParseFilter)},
	{"orientation", checked(preprocess.ParseOrientation)},
	{"color-order", checked(preprocess.ParseColorOrder)},
	{"invert", checked(strconv.ParseBool)},
	{"input-range", checked(ParseRange)},
	{"mean", checked(ParseFloats)},
	{"std", checked(parseStd)},
	{"output-name", notEmpty},
	{"activation", oneOf("activation", string(Softmax), string(Sigmoid), string(None))},
	{"temperature", checked(ParseTemperature)},
	{"labels", notEmpty},
	{"task", oneOf("task", string(Classify), string(ClassifyText), string(Generate))},
	{"output-range", checked(ParseRange)},
	{"color", oneOf("color", "rgb", "gray", "luma")},
	{"size-multiple", checked(parseEdge)},
	{"tile", checked(parseEdge)},
	{"tile-overlap", checked(ParseCount)},
	{"latent-distribution", oneOf("latent distribution", "normal", "uniform")},
	{"class-input", notEmpty},
	{"vocabulary", notEmpty},
	{"text-length", checked(ParseCount)},
	{"topic-words", notEmpty},
	{"doubt-below", checked(ParseDoubt)},
	{"untrained", checked(ParseIndices)},
}

// Set states one value as the command line's flag of that name does:
//
//	input-size     224 or 224x320 (height x width)
//	resize         256 (short edge), 256x256 (squash, height x width), long:256 or none
//	crop-pct       0.875: the part of the resized short edge that the input shows
//	crop-mode      center (short edge, crop), squash or border (long edge, pad with the mean)
//	interpolation  nearest, lanczos, bilinear, bicubic, box or hamming
//	input-range    0,255: what pixels 0 and 255 become before mean and std
//	mean, std      one value, or one for each channel of the tensor
//	color-order    rgb or bgr
//	layout         nchw or nhwc
//	channels       1 or 3
//	invert         true or false
//	orientation    exif or ignore
//	labels         a file, see [ReadLabels]
//	activation     softmax, sigmoid or none
//	temperature    1.5: logits are divided by it before the softmax
//	preset         one of [Presets]
//	output-name    an output to return as it is, such as an embedding; of a generator, its image
//	task           classify, classify-text or generate, where the graph does not tell
//
// and of generators
//
//	output-range         0,1: the output's values that become pixels 0 and 255
//	color                luma or gray: what a graph of one channel is given of a colour image
//	size-multiple        8: an open height and width are padded up to multiples of it
//	tile, tile-overlap   the edge of the tiles of large images, and what neighbours share
//	latent-distribution  normal or uniform (-1 to 1)
//	class-input          the input that takes the class, where its name does not tell
//	vocabulary           a file, see [text.ReadVocabulary]
//	text-length          the tokens of a text, where the graph leaves it open
//	topic-words          seven bold: the vocabulary's words that say something to the model, where not all do
//	doubt-below          0.3,0.9: a less probable first class is no answer, see [Doubt]
//	untrained            1,7: the classes that a classifier of texts was given no text for
func (s *Settings) Set(key, value string) error {
	if key == "labels" {
		labels, form, err := readLabels(value)
		if err != nil {
			return err
		}
		s.Labels = &LabelList{labels, value, form}
		return nil
	}
	if key == "vocabulary" {
		v, err := readVocabulary(os.DirFS(filepath.Dir(value)), filepath.Base(value))
		if err != nil {
			return fmt.Errorf("vocabulary %s: %w", value, err)
		}
		s.Vocabulary = &vocabulary{v, value}
		return nil
	}
	return s.set(key, value, "")
}

// Assume states a value that the program chose, not its user: no example in a message repeats
// it. source says why.
func (s *Settings) Assume(key, value, source string) error { return s.set(key, value, source) }

// SetLabels states the classes' labels, in order; source says where they come from.
func (s *Settings) SetLabels(labels []Label, source string) {
	s.Labels = &LabelList{Labels: slices.Clone(labels), Source: source}
}

// set checks and states a value; source "" stands for the layer's own name.
func (s *Settings) set(key, value, source string) error {
	for _, k := range Keys {
		if k.Name == key {
			value = strings.TrimSpace(value)
			if err := k.check(value); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			s.put(key, value, source)
			return nil
		}
	}
	return fmt.Errorf("no setting is named %q", key)
}

// put states a value unchecked, also under the names that are no flags:
// central, crop-offset, classes, data-format, image-size.
func (s *Settings) put(key, value, source string) {
	s.Values = maps.Clone(s.Values)
	if s.Values == nil {
		s.Values = map[string]Statement{}
	}
	s.Values[key] = Statement{value, source}
}

// File returns what a flag that names a file was given.
func (s Settings) File(key string) (string, bool) {
	switch {
	case key == "labels" && s.Labels != nil:
		return strings.TrimPrefix(s.Labels.Source, "flag --labels "), true
	case key == "vocabulary" && s.Vocabulary != nil:
		return s.Vocabulary.Source, true
	}
	return "", false
}

func checked[T any](parse func(string) (T, error)) func(string) error {
	return func(v string) error {
		_, err := parse(v)
		return err
	}
}

func oneOf(what string, values ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("%s %q is not one of %s", what, v, strings.Join(values, ", "))
		}
		return nil
	}
}

func notEmpty(v string) error {
	if v == "" {
		return fmt.Errorf("it is empty")
	}
	return nil
}

// Doubt is what was measured of a classifier of texts: a first class below these
// probabilities is more often wrong than it would be worth telling. The zero value doubts
// nothing.
type Doubt struct {
	Below      float64
	ShortBelow float64 // of a text of up to four words that carry meaning, none of the class's label among them
}

// Size is a height and a width in pixels.
type Size struct{ Height, Width int }

func (s Size) String() string { return fmt.Sprintf("%dx%d", s.Height, s.Width) }

func ParseSize(v string) (Size, error) {
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

func ParseResize(v string) (preprocess.Resize, error) {
	if v == "none" {
		return preprocess.Resize{Mode: preprocess.ResizeNone}, nil
	}
	if strings.Contains(v, "x") {
		s, err := ParseSize(v)
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

func ParseCropPct(v string) (float64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f > 0 && f <= 1) {
		return 0, fmt.Errorf("%q is no part of 1, such as 0.875", v)
	}
	return f, nil
}

func ParseCount(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1<<20 {
		return 0, fmt.Errorf("%q is no whole number from 1 to %d", v, 1<<20)
	}
	return n, nil
}

func ParseIndices(v string) ([]int, error) {
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

func ParseDoubt(v string) (d Doubt, err error) {
	below, short, two := strings.Cut(v, ",")
	var err2 error
	d.Below, err = strconv.ParseFloat(strings.TrimSpace(below), 64)
	d.ShortBelow, err2 = strconv.ParseFloat(strings.TrimSpace(short), 64)
	if !two || err != nil || err2 != nil || !(d.Below >= 0 && d.Below <= d.ShortBelow && d.ShortBelow <= 1) {
		return Doubt{}, fmt.Errorf("%q: give two probabilities, the second not below the first, such as 0.3,0.9", v)
	}
	return d, nil
}

func ParseTemperature(v string) (float64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 1e-3 && f <= 1e3) {
		return 0, fmt.Errorf("%q is no temperature: a number from 0.001 to 1000, such as 1.5", v)
	}
	return f, nil
}

func ParseFloats(v string) ([]float64, error) {
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
	values, err := ParseFloats(v)
	if slices.Contains(values, 0) {
		err = fmt.Errorf("%q holds 0, which nothing can be divided by", v)
	}
	return values, err
}

func ParseRange(v string) ([2]float64, error) {
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
