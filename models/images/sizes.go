package images

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ortho/models"
	"ortho/preprocess"
)

// SizeError says that the graph does not run at the sizes that the run feeds it. They are
// the same for all images, so that each of them would fail.
type SizeError struct {
	Model         string
	Height, Width int
	Layout        preprocess.Layout
	// Sizes: it may be made for another size. Layouts: it may be made for the other layout.
	Sizes, Layouts bool
	Err            error // ONNX Runtime's
}

func (e *SizeError) Error() string {
	return e.Worded(func(setting string) string { return setting })
}

// Worded is the error's text with settings called as name has them.
func (e *SizeError) Worded(name func(setting string) string) string {
	var may []string
	if e.Sizes {
		may = append(may, "another size ("+name("input-size")+")")
	}
	if e.Layouts {
		other := preprocess.NHWC
		if e.Layout == preprocess.NHWC {
			other = preprocess.NCHW
		}
		may = append(may, fmt.Sprintf("another layout (%s %s)", name("layout"), other))
	}
	made := ""
	if len(may) > 0 {
		made = ": it may be made for " + strings.Join(may, ", or ")
	}
	return fmt.Sprintf("%s does not run at %dx%d, %s%s (ONNX Runtime: %s)", e.Model, e.Height, e.Width, e.Layout, made, inShort(e.Err.Error()))
}

func (e *SizeError) Unwrap() error { return e.Err }

// ofShape matches ONNX Runtime's messages about tensors that don't fit each other.
var ofShape = regexp.MustCompile(`(?i)broadcast|reshape|dimension|shape|incompatible|size mismatch`)

// runError explains what a failed run may mean. A graph that has run once runs at
// these sizes.
func (g *Graph[Out]) runError(err error) error {
	if g.ran.Load() || g.task.Input.Open() || !ofShape.MatchString(err.Error()) {
		return err
	}
	told := func(key string) bool { // by the graph
		return slices.ContainsFunc(g.model.Facts, func(f models.Fact) bool { return f.Key == key && strings.HasPrefix(f.Source, "graph") })
	}
	in := g.task.Input
	return &SizeError{Model: g.model.Name, Height: in.Height, Width: in.Width, Layout: in.Layout, Sizes: !told("input-size"), Layouts: !told("layout"), Err: err}
}

var (
	ofNode = regexp.MustCompile(`(?s)running (\S+ node)\. Name:'([^']*)' Status Message: (.*)`)
	// A condition in C++, with its place, before the sentence: "/a/b.h:540 void f(int) x == 1
	// was false. It must be 1."
	condition = regexp.MustCompile(`(?s)^\S*:\d+ .*? was false\. `)
)

// inShort removes places in ONNX Runtime's source code from its message about a run.
func inShort(text string) string {
	if m := ofNode.FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("%s %s: %s", m[1], m[2], condition.ReplaceAllString(m[3], ""))
	}
	return strings.Join(strings.Fields(text), " ")
}
