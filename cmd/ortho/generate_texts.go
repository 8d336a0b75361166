package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"ortho/models"
	words "ortho/models/text"
)

// wish is what the command line says of pictures that are made without an image.
type wish struct {
	texts, classes []string
	seed           uint64
	seeded         bool
	count          int
	truncation     float64
	latents        string
	ends           *[2]uint64
	frames         int
}

// What is asked for at most.
const (
	maxTexts   = 1 << 20
	maxText    = 1 << 16
	maxSamples = 100_000_000
)

// readWish reads the flags; arguments are texts (a pipeline's).
func readWish(c *cli.Context) (*wish, error) {
	w := &wish{texts: append(c.Args().Slice(), c.StringSlice("text")...), classes: c.StringSlice("class"), seed: c.Uint64("seed"), seeded: c.IsSet("seed"),
		count: c.Int("count"), truncation: c.Float64("truncation"), latents: c.String("latents"), frames: c.Int("frames")}
	switch {
	case w.count < 1 || w.count > 1_000_000:
		return nil, usagef("--count %d: from 1 to 1000000", w.count)
	case w.frames < 2 || w.frames > 10_000:
		return nil, usagef("--frames %d: from 2 to 10000", w.frames)
	case c.IsSet("truncation") && !(w.truncation > 0 && w.truncation <= 1):
		return nil, usagef("--truncation %v: above 0, and 1 at most", w.truncation)
	case c.IsSet("count") && (w.latents != "" || c.IsSet("interpolate")):
		return nil, usagef("--count is of seeds: --latents has an image a row, and --interpolate --frames of them")
	case c.IsSet("frames") && !c.IsSet("interpolate"):
		return nil, usagef("--frames is for --interpolate")
	case c.IsSet("truncation") && (w.latents != "" || c.IsSet("interpolate")):
		return nil, usagef("--truncation is for latents that are drawn, and not for --latents or --interpolate")
	case c.IsSet("seed") && c.IsSet("interpolate"):
		return nil, usagef("--interpolate A,B names the seeds: leave --seed out")
	case c.IsSet("fps") && !strings.EqualFold(filepath.Ext(c.String("output")), ".gif"):
		return nil, usagef("--fps is for animations: give -o FILE.gif")
	case c.Int("fps") < 1 || c.Int("fps") > 50:
		return nil, usagef("--fps %d: from 1 to 50", c.Int("fps"))
	case c.Bool("keep-size") || c.IsSet("background") || c.IsSet("tile") || c.IsSet("tile-overlap"):
		return nil, usagef("--keep-size, --background, --tile and --tile-overlap are for images: name them")
	case c.IsSet("shard"):
		return nil, usagef("--shard is for images: name them (texts and seeds can be given in parts)")
	}
	if c.IsSet("interpolate") {
		a, b, two := strings.Cut(c.String("interpolate"), ",")
		from, errA := strconv.ParseUint(strings.TrimSpace(a), 10, 64)
		to, errB := strconv.ParseUint(strings.TrimSpace(b), 10, 64)
		if !two || errA != nil || errB != nil {
			return nil, usagef("--interpolate %q: write A,B, two seeds or rows of --latents, such as 1,2", c.String("interpolate"))
		}
		w.ends = &[2]uint64{from, to}
	}
	if name := c.String("texts"); c.IsSet("texts") {
		more, err := readTexts(name, c.App.Reader)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", textsName(name), err)
		}
		w.texts = append(w.texts, more...)
	}
	for i, t := range w.texts {
		if err := checkWords(fmt.Sprintf("text %d", i+1), t); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func checkWords(what, text string) error {
	switch {
	case !utf8.ValidString(text):
		return usagef("%s is not in UTF-8: %.60q", what, text)
	case len(text) > maxText:
		return usagef("%s has more than %d bytes: %.60q", what, maxText, text)
	}
	return nil
}

// readTexts reads a text a line; empty lines are left out.
func readTexts(name string, stdin io.Reader) ([]string, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	var texts []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxText)
	for lines.Scan() {
		line := strings.TrimPrefix(lines.Text(), "\uFEFF")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if texts = append(texts, line); len(texts) > maxTexts {
			return nil, fmt.Errorf("it has more than %d texts", maxTexts)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d has more than %d bytes", len(texts)+1, maxText)
	}
	if len(texts) == 0 && lines.Err() == nil {
		return nil, errors.New("it has no texts")
	}
	return texts, lines.Err()
}

// alone reports whether one picture is made, as far as can be told before the model is
// there.
func (w *wish) alone() bool {
	return len(w.texts) <= 1 && len(w.classes) <= 1 && w.count == 1 && w.ends == nil
}

// classOf reads a class: its index, or its label in any case.
func classOf(name string, spec *models.GeneratorSpec, model string) (int, error) {
	n := len(spec.Labels)
	if spec.Class != nil && spec.Class.Count > 0 {
		n = spec.Class.Count
	}
	if spec.Class == nil && (spec.Text == nil || n == 0) {
		return 0, usagef("%s takes no classes: it makes images of %s", model, takes(spec))
	}
	if i, err := strconv.Atoi(name); err == nil {
		if i < 0 || n > 0 && i >= n {
			return 0, usagef("--class %d: the classes of %s are 0 to %d", i, model, n-1)
		}
		return i, nil
	}
	for i, l := range spec.Labels {
		if strings.EqualFold(l.Name, name) || l.ID != "" && l.ID == name {
			return i, nil
		}
	}
	var some []string
	for _, l := range spec.Labels[:min(len(spec.Labels), 12)] {
		some = append(some, l.Name)
	}
	if len(some) == 0 {
		return 0, usagef("--class %q: %s has no labels: give an index, or --labels", name, model)
	}
	return 0, usagef("--class %q: no label of %s (%s, ...)", name, model, strings.Join(some, ", "))
}

// takes says what a model makes images of.
func takes(spec *models.GeneratorSpec) string {
	var parts []string
	for _, p := range []struct {
		there bool
		name  string
	}{{spec.Image != nil, "images"}, {spec.Text != nil, "texts"}, {spec.Class != nil, "classes"}, {spec.Latents != nil, "latents"}} {
		if p.there {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(parts, " and ")
}

// left says what a text leaves to a model that draws digits: which one it is.
func left(text string, labels []models.Label) string {
	if len(labels) == 0 || slices.ContainsFunc(labels, func(l models.Label) bool { return !isDigit(l.Name) }) {
		return ""
	}
	digits, negated := 0, false
	for _, word := range words.Tokens(text) {
		if isDigit(word) {
			digits++
		}
		negated = negated || slices.Contains([]string{"no", "not", "without", "except"}, word)
	}
	switch {
	case digits == 0:
		return "names no digit: which one is drawn is left to the model"
	case digits > 1:
		return fmt.Sprintf("names %d digits: which one is drawn is left to the model", digits)
	case negated:
		return "says what is not to be drawn, which the model does not understand"
	}
	return ""
}
