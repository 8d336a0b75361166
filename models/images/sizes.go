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
	text string
	err  error // ONNX Runtime's
}

func (e *SizeError) Error() string { return e.text }
func (e *SizeError) Unwrap() error { return e.err }

// ofShape matches ONNX Runtime's messages about tensors that don't fit each other.
var ofShape = regexp.MustCompile(`(?i)broadcast|reshape|dimension|shape|incompatible|size mismatch`)

// runError explains what a failed run may mean. A graph that has run once runs at
// these sizes.
func (g *Graph[Out]) runError(err error) error {
	if g.ran.Load() || !ofShape.MatchString(err.Error()) {
		return err
	}
	in := g.task.Input
	other := preprocess.NHWC
	if in.Layout == preprocess.NHWC {
		other = preprocess.NCHW
	}
	stated := func(key string) bool { // stated by the graph
		return slices.ContainsFunc(g.model.Facts, func(f models.Fact) bool { return f.Key == key && strings.HasPrefix(f.Source, "graph") })
	}
	var may []string
	if !stated("input-size") {
		may = append(may, "another size (--input-size)")
	}
	if !stated("layout") {
		may = append(may, fmt.Sprintf("another layout (--layout %s)", other))
	}
	made := ""
	if len(may) > 0 {
		made = ": it may be made for " + strings.Join(may, ", or ")
	}
	return &SizeError{fmt.Sprintf("%s does not run at %dx%d, %s%s (ONNX Runtime: %s)", g.model.Name, in.Height, in.Width, in.Layout, made, inShort(err.Error())), err}
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
