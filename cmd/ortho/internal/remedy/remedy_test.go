package remedy

import (
	"errors"
	"fmt"
	"testing"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
)

// TestOf: what the library says of a cause is followed by what helps here, wherever
// in an error it stands.
func TestOf(t *testing.T) {
	task := func(wanted, is models.Task, may bool) error {
		return fmt.Errorf("compare: %w", &models.TaskError{Model: "m", Wanted: wanted, Is: is, Why: "does not", MayClassify: may})
	}
	none := func(like models.Likeness, output string) error {
		return &models.NoClassesError{Model: "m", Why: "gives none", Like: like, Output: output}
	}
	for want, err := range map[string]error{
		"compare: m does not: ortho classify-text runs it":                      task(models.Classify, models.ClassifyText, false),
		"compare: m does not: ortho generate runs it":                           task(models.Classify, models.Generate, false),
		"compare: m does not: ortho generate runs it (or give --task classify)": task(models.Classify, models.Generate, true),
		"compare: m does not; ortho classify is for classifiers of images":      task(models.ClassifyText, models.Classify, false),
		"compare: m does not; it makes images: ortho generate runs it":          task(models.ClassifyText, models.Generate, true),
		"compare: m does not":                                                     task(models.Generate, models.Classify, false),
		"compare: m does not: ortho embed runs it":                                task(models.Classify, models.Embed, false),
		"compare: m does not: ortho classify runs it":                             task(models.Embed, models.Classify, false),
		"compare: m does not; it makes embeddings of images: ortho embed runs it": task(models.ClassifyText, models.Embed, false),
		"compare: m does not: ortho generate runs it\nand more":                   errors.Join(task(models.Classify, models.Generate, false), errors.New("and more")),
		"open model x: there is no .onnx file in it, nor in a folder onnx: name one with -m, or the folder that it was exported to":                     fmt.Errorf("open model x: %w", config.ErrNoGraph),
		"there is no .onnx file in it, nor in a folder onnx; there is another":                                                                          fmt.Errorf("%w; there is another", config.ErrNoGraph),
		"compare: m does not; where they are classes', ortho classify runs it":                                                                          task(models.Generate, "", true),
		"m gives none. It looks like a part of a diffusion pipeline: ortho generate runs the whole, by -m and the folder that has the model_index.json": none(models.PipelinePart, ""),
		"m gives none. It looks like a detector: ortho detect says which boxes it can read; --output-name 758 gives its values as they are":             none(models.Detector, "758"),
		"m gives none. It gives values for each place of an image, as segmenters and detectors do; --output-name 'a b' gives its values as they are":    none(models.Map, "a b"),
		"m gives none. It looks like a part of a model of texts":                                                                                        none(models.TextPart, ""),
		"something else": errors.New("something else"),
	} {
		if got := Of(err); got.Error() != want || !errors.Is(got, err) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestImages: what is refused of images is followed by the flags that allow it.
func TestImages(t *testing.T) {
	spec := preprocess.Spec{Height: 8, Width: 8, Channels: 1, Mean: []float64{0}, Std: []float64{0}, Range: [2]float64{0, 1}}
	for want, err := range map[string]error{
		"decode PNG: image too large: the header says 30x20 = 600 pixels, the limit is 100 (--max-pixels)": fmt.Errorf("decode PNG: %w", &preprocess.TooLargeError{Width: 30, Height: 20, MaxPixels: 100}),
		"--mean 0 and --std 0 can't be used: both must be finite, and std not 0":                           spec.Validate(),
	} {
		if got := Text(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// sayer is an error with a text of its own about what it wraps.
type sayer struct {
	text   string
	causes []error
}

func (e *sayer) Error() string   { return e.text }
func (e *sayer) Unwrap() []error { return e.causes }

// TestPlaces: each of several causes has its remedy at its own place, once.
func TestPlaces(t *testing.T) {
	large := func() error { return &preprocess.TooLargeError{Width: 30, Height: 20, MaxPixels: 100} }
	const plain = "image too large: the header says 30x20 = 600 pixels, the limit is 100"
	const told = plain + " (--max-pixels)"
	equal := large()
	none := fmt.Errorf("m: %w", config.ErrNoGraph)
	const named = "m: there is no .onnx file in it, nor in a folder onnx: name one with -m, or the folder that it was exported to"
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"equal causes", errors.Join(large(), large()), told + "\n" + told},
		{"one cause twice", errors.Join(equal, equal), told + "\n" + told},
		{"causes with one's text in another's", errors.Join(large(), fmt.Errorf("a: %w", large()), errors.New(plain)), told + "\na: " + told + "\n" + plain},
		{"one that says already what to do", errors.Join(Of(large()), large()), told + "\n" + told},
		{"another that does", errors.Join(large(), Of(large())), told + "\n" + told},
		{"Of of Of", Of(Of(large())), told},
		{"Of of what wraps Of", Of(fmt.Errorf("a: %w", Of(fmt.Errorf("b: %w", large())))), "a: b: " + told},
		{"a text that names its cause twice", fmt.Errorf("%v: %w", large(), large()), plain + ": " + told},
		{"several wrapped", fmt.Errorf("a %w, b %w and %w", large(), errors.New("c"), large()), "a " + told + ", b c and " + told},
		{"several wrapped, in another order", fmt.Errorf("%[2]w; %[1]w", large(), fmt.Errorf("b: %w", large())), "b: " + told + "; " + told},
		{"a text without its cause's", &sayer{"it failed", []error{large()}}, "it failed"},
		{"a text with that of its cause's cause", &sayer{"failed, as " + plain, []error{fmt.Errorf("a: %w", large())}}, "failed, as " + told},
		{"a cause that is none", &sayer{"failed, as " + plain, []error{nil, large(), nil}}, "failed, as " + told},
		{"folders without graphs", errors.Join(none, large(), none), named + "\n" + told + "\n" + named},
		{"wrapped, joined and wrapped", fmt.Errorf("a: %w", errors.Join(fmt.Errorf("b: %w", errors.Join(large(), large())), large())), "a: b: " + told + "\n" + told + "\n" + told},
	} {
		got := Of(c.err)
		if got.Error() != c.want || !errors.Is(got, c.err) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if again := Text(got); again != c.want {
			t.Errorf("%s, again: %q, want %q", c.name, again, c.want)
		}
	}
}
