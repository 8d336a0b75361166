package classify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"ortho/models"
	"ortho/models/text"
	"ortho/runner"
)

// TextClassifier is a model ready to classify texts. Its methods may be called
// concurrently.
type TextClassifier struct {
	spec        *models.TextClassifierSpec
	opt         Options
	session     *runner.Session
	concurrency int
	sight       sight
}

// TextInput is a text to classify. Read returns it, in UTF-8; it is called as [Input]'s.
type TextInput struct {
	Name string
	Read func(ctx context.Context) (string, error)
}

// TextItem is the outcome of one text: a result, or the error. See
// [models.StageOf].
type TextItem struct {
	Input  TextInput
	Result TextResult
	Err    error
}

// TextResult is what the model says of one text.
type TextResult struct {
	Result           // its size is 0x0
	Text    string   // that was read
	Unknown []string // the tokens that the vocabulary lacks, each once
	Cut     []string // the tokens beyond the model's length, which it has not seen
	Strange bool     // the model knows (almost) none of the words that carry meaning
	Doubt   string   // why the first class is not to be believed; "" where nothing speaks against it
}

// OpenText makes a classifier of a model that takes token ids. Options about images
// are ignored, and so is Batch unless the graph fixes it.
// Close it after use. ctx is as in [Open].
func OpenText(ctx context.Context, m *models.Model, opt Options) (*TextClassifier, error) {
	spec, err := m.TextClassifier()
	if err != nil {
		return nil, err
	}
	opt.Runner.Outputs = spec.Outputs()
	session, err := runner.Open(ctx, runner.Model{Path: m.Path, Data: m.Data, Graph: m.Graph}, opt.Runner)
	if err != nil {
		return nil, err
	}
	_, concurrency := opt.Runner.DefaultBatch(session.Provider)
	if opt.Concurrency > 0 {
		concurrency = opt.Concurrency
	}
	return &TextClassifier{spec: spec, opt: opt, session: session, concurrency: concurrency}, nil
}

// Close refuses further texts, as [Classifier.Close] does images.
func (c *TextClassifier) Close() error { return c.session.Close() }

// Seen is as [Classifier.Seen].
func (c *TextClassifier) Seen() Seen { return c.sight.seen() }

// Session is the session that the classifier runs on.
func (c *TextClassifier) Session() *runner.Session { return c.session }

// Spec describes the model's input and output.
func (c *TextClassifier) Spec() *models.TextClassifierSpec { return c.spec }

// Concurrency returns the runs in flight.
func (c *TextClassifier) Concurrency() int { return c.concurrency }

// Stream classifies texts and yields a result or an error for each, in their order. Memory is
// bounded however many there are. It ends as [Classifier.Stream] does.
func (c *TextClassifier) Stream(ctx context.Context, inputs iter.Seq[TextInput]) iter.Seq[TextItem] {
	results := runner.Map(ctx, inputs, c.concurrency, func(ctx context.Context, in TextInput) (TextResult, error) {
		read, err := runner.Await(ctx, in.Read)
		if err != nil {
			return TextResult{}, models.StageRead.Wrap(err)
		}
		return c.Text(ctx, read)
	})
	return func(yield func(TextItem) bool) {
		for r := range results {
			err := r.Err
			if err != nil {
				err = fmt.Errorf("%s: %w", r.Item.Name, err)
			}
			if !yield(TextItem{r.Item, r.Value, err}) {
				return
			}
		}
	}
}

// Text classifies one text. A text without any word that the model
// knows fails at [models.StageInput].
func (c *TextClassifier) Text(ctx context.Context, s string) (TextResult, error) {
	e := c.spec.Text.Vocabulary.Encode(s, c.spec.Text.Length)
	result := TextResult{Text: s, Unknown: e.Unknown, Cut: e.Cut, Strange: !e.Grasped()}
	if e.Known == 0 {
		return result, models.StageInput.Wrap(errors.New("the model's vocabulary has none of the text's words"))
	}
	arrays, err := c.spec.Text.Arrays(slices.Repeat([]text.Encoding{e}, max(1, c.spec.Batch)))
	if err != nil {
		return result, models.StageRun.Wrap(err)
	}
	inputs := make([]*runner.Tensor, len(c.session.Inputs))
	defer func() {
		for _, t := range inputs {
			if t != nil {
				t.Close()
			}
		}
	}()
	for i, v := range c.session.Inputs {
		for _, a := range arrays {
			if a.Name != v.Name {
				continue
			}
			if inputs[i], err = runner.TensorOf(a); err != nil {
				return result, models.StageRun.Wrap(err)
			}
		}
	}
	outputs := make([]*runner.Tensor, len(c.session.Outputs))
	if err := c.session.Run(ctx, inputs, outputs); err != nil {
		return result, err
	}
	var rows []runner.Row
	for i, out := range outputs {
		defer out.Close()
		if len(out.Shape) == 0 {
			return result, models.StageOutput.Wrap(fmt.Errorf("output %s is a scalar, not the scores of classes", c.session.Outputs[i].Name))
		}
		rows = append(rows, runner.Row{Name: c.session.Outputs[i].Name, Type: out.Type, Shape: out.Shape[1:], Data: out.Row(0)})
	}
	if result.Result, err = scored(&c.spec.Scores, c.opt, rows, &c.sight); err == nil {
		result.Doubt = c.doubt(e, &result)
	}
	return result, err
}

// doubt says why a result's first class is not to be believed; "" where nothing speaks against
// it.
func (c *TextClassifier) doubt(e text.Encoding, r *TextResult) string {
	carry := e.Telling + e.Lost
	switch {
	case r.Output != nil:
		return ""
	case carry == 0:
		return "the text has no word that carries meaning"
	case r.Strange && e.Telling == 0:
		return "the model knows none of the text's words that carry meaning"
	case r.Strange:
		return fmt.Sprintf("the model knows %d of the text's %d words that carry meaning", e.Telling, carry)
	case len(r.Predictions) == 0:
		return ""
	}
	first, limit := r.Predictions[0], c.spec.Doubt.Below
	words := text.Tokens(r.Text)
	if carry <= models.Short && !slices.ContainsFunc(text.Tokens(first.Label), func(w string) bool { return text.Carries(w) && slices.Contains(words, w) }) {
		limit = c.spec.Doubt.ShortBelow
	}
	if first.Probability >= limit {
		return ""
	}
	return fmt.Sprintf("its best guess, %s, has a probability of %.2f, and of such texts a guess below %v is seldom right", first.Label, first.Probability, limit)
}
