package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/boxes"
	"ortho/models/detect"
	"ortho/preprocess"
)

// detectSlices has images looked at in windows.
type detectSlices struct {
	of *detect.Slices // nil: images as they are

	size, rule, metric string
	overlap, threshold float64
	noWhole            bool
}

func (s *detectSlices) Flags() []cli.Flag {
	const group = "Slices"
	d := boxes.DefaultMerging
	return []cli.Flag{
		&cli.StringFlag{Name: "slice", Destination: &s.size, Category: group, Usage: "look at windows of `N`xN pixels (or HxW) and at the whole image, and make one of what is found: for small objects in large images"},
		&cli.Float64Flag{Name: "overlap", Destination: &s.overlap, Value: 0.2, Category: group, Usage: "windows share `P` of their edge with the next (0 to below 1)"},
		&cli.BoolFlag{Name: "no-whole", Destination: &s.noWhole, Category: group, Usage: "don't look at the whole image, too"},
		&cli.StringFlag{Name: "merge", Destination: &s.rule, Value: string(d.Rule), Category: group, DefaultText: "greedy-nmm; nms where --conf is below 0.1, or boxes are oriented",
			Usage: "`RULE` by which boxes of several windows become one: greedy-nmm (the best takes in what overlaps it), nmm (and what overlaps that) or nms (the others are left out)"},
		&cli.StringFlag{Name: "merge-metric", Destination: &s.metric, Value: string(d.Metric), Category: group, DefaultText: "ios; iou where --conf is below 0.1",
			Usage: "`METRIC` of their overlap: ios (intersection over the smaller box) or iou (over union)"},
		&cli.Float64Flag{Name: "merge-threshold", Destination: &s.threshold, Value: d.Threshold, Category: group, Usage: "boxes belong together from an overlap of `P` on (above 0, to 1)"},
	}
}

func (s *detectSlices) Read(c *flags.Call) error {
	s.of = nil
	if !c.Given("slice") {
		for _, name := range []string{"overlap", "no-whole", "merge", "merge-metric", "merge-threshold"} {
			if c.Given(name) {
				return commandline.Usagef("--%s is for --slice", name)
			}
		}
		return nil
	}
	height, width, err := windowSize(s.size)
	switch {
	case err != nil:
		return err
	case !(s.overlap >= 0 && s.overlap < 1):
		return commandline.Usagef("--overlap %v: from 0 to below 1", s.overlap)
	case !(s.threshold > 0 && s.threshold <= 1):
		return commandline.Usagef("--merge-threshold %v: above 0, to 1", s.threshold)
	}
	if err := commandline.OneOf("merge", s.rule, wordsOf(boxes.MergeRules)...); err != nil {
		return err
	}
	if err := commandline.OneOf("merge-metric", s.metric, wordsOf(boxes.MergeMetrics)...); err != nil {
		return err
	}
	if c.Given("decode") {
		return commandline.Usagef("--decode is for images that are looked at as they are: --slice needs all their pixels")
	}
	s.of = &detect.Slices{Width: width, Height: height, Overlap: s.overlap, NoWhole: s.noWhole}
	if c.Given("merge") || c.Given("merge-metric") || c.Given("merge-threshold") {
		s.of.Merging = &boxes.Merging{Rule: boxes.MergeRule(s.rule), Metric: boxes.MergeMetric(s.metric), Threshold: s.threshold}
	}
	return nil
}

func wordsOf[T ~string](all []T) (texts []string) {
	for _, v := range all {
		texts = append(texts, string(v))
	}
	return texts
}

// leastWindow is below what no detector sees anything.
const leastWindow = 16

func windowSize(text string) (height, width int, err error) {
	h, w, two := strings.Cut(text, "x")
	if !two {
		w = h
	}
	height, err = strconv.Atoi(h)
	if err == nil {
		width, err = strconv.Atoi(w)
	}
	if err != nil || min(height, width) < leastWindow || max(height, width) > preprocess.MaxSize {
		return 0, 0, commandline.Usagef("--slice %q: pixels of a window from %d to %d, N or HxW, such as 640", text, leastWindow, preprocess.MaxSize)
	}
	return height, width, nil
}

// settings are those of the options that change rows: none where images are not sliced.
func (s *detectSlices) settings(d *detect.Detector) record.Settings {
	merging, on := d.Merging()
	if !on {
		return nil
	}
	return record.Settings{{Key: "slice", Value: fmt.Sprintf("%dx%d", s.of.Height, s.of.Width)}, {Key: "overlap", Value: strconv.FormatFloat(s.of.Overlap, 'g', -1, 64)},
		{Key: "no-whole", Value: strconv.FormatBool(s.of.NoWhole)}, {Key: "merge", Value: string(merging.Rule)}, {Key: "merge-metric", Value: string(merging.Metric)},
		{Key: "merge-threshold", Value: strconv.FormatFloat(merging.Threshold, 'g', -1, 64)}}
}

// tell says what is decided otherwise than the flags' defaults say.
func (s *detectSlices) tell(ui *term.UI, d *detect.Detector) {
	merging, on := d.Merging()
	if !on {
		return
	}
	asked := boxes.DefaultMerging
	if s.of.Merging != nil {
		asked = *s.of.Merging
	}
	switch {
	case asked.Rule == merging.Rule && asked.Metric == merging.Metric:
	case d.Spec().Head.Oriented:
		ui.Info("oriented boxes of several windows are never merged: the worse one is left out (nms), as SAHI has it")
	default:
		ui.Info(fmt.Sprintf("--conf is below %v: of boxes of several windows the worse one is left out (nms by iou), as SAHI has it; --merge says otherwise", boxes.LowConfidence))
	}
}
