package dual

import (
	"context"
	"fmt"
	"math"
	"slices"

	"ortho/models"
	"ortho/models/config"
	"ortho/runner"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// texts is the half that takes texts.
type texts struct {
	path   string
	data   []byte // where it is a part of a graph
	graph  *onnx.Graph
	words  words
	clean  func(string) string
	ids    string // the input
	length int
	output string
	width  int // of an embedding; 0: the graph does not say
}

// textOutputs are the names that exporters give to a text's embedding, the first there counts.
var textOutputs = []string{jointText, "text_embedding", "text_embeddings", "pooler_output", "sentence_embedding", "embedding", "embeddings"}

// openText reads the half for texts.
func (m *Model) openText(l *layout, layers config.Layers, said *stated) error {
	t := &m.text
	t.path, t.clean = l.text.Path, func(text string) string { return text }
	if l.openCLIP {
		t.clean = func(text string) string { return cleaned(text, said.canonicalize) }
		how, source := "HTML's entities are characters, white space in a row is one space", "layout (open_clip's)"
		if said.canonicalize {
			how, source = how+"; without ASCII's signs, in lower case", config.ConfigFile+" (text_cfg.tokenizer_kwargs)"
		}
		m.fact("text-cleaning", how, source)
	}
	if l.cut {
		part, err := models.OpenPart(l.text, models.Settings{})
		if err != nil {
			return err
		}
		t.data, t.graph = part.Data, part.Graph
	} else {
		g, err := onnx.ReadFile(t.path)
		if err != nil {
			return err
		}
		t.graph = g
	}
	for _, v := range t.graph.Inputs {
		if len(v.Dims) != 2 || v.Type != onnx.Int64 && v.Type != onnx.Int32 {
			return fmt.Errorf("its input %s takes no token ids: is it the half for images?", v)
		}
		if roleOf(v, len(t.graph.Inputs)) == "" {
			return fmt.Errorf("what its input %s takes is not known", v)
		}
		if roleOf(v, len(t.graph.Inputs)) == roleIDs {
			t.ids = v.Name
			m.fact("text input", v.String(), "graph")
			if v.Dims[1].Fixed() {
				t.length = int(v.Dims[1].Size)
			}
		}
	}
	if t.ids == "" {
		return fmt.Errorf("none of its inputs takes token ids: %s", onnx.List(t.graph.Inputs))
	}
	out, err := t.embedding()
	if err != nil {
		return err
	}
	m.fact("text output", out.String(), "graph")
	if t.output = out.Name; out.Dims[1].Fixed() {
		t.width = int(out.Dims[1].Size)
	}
	t.words, err = m.openWords(l, layers, said, t.length)
	return err
}

// The inputs of a half for texts.
const (
	roleIDs       = "ids"
	roleMask      = "mask"
	rolePositions = "positions"
	roleTypes     = "types"
)

// roleOf is what an input of token ids takes, of so many.
func roleOf(v onnx.Value, all int) string {
	switch v.Name {
	case "input_ids", "text", "tokens", "ids":
		return roleIDs
	case "attention_mask":
		return roleMask
	case "position_ids":
		return rolePositions
	case "token_type_ids":
		return roleTypes
	}
	if all == 1 {
		return roleIDs
	}
	return ""
}

// embedding is the output that stands for a text.
func (t *texts) embedding() (onnx.Value, error) {
	fits := func(v onnx.Value) bool { return len(v.Dims) == 2 && v.Kind == "tensor" }
	for _, name := range textOutputs {
		for _, v := range t.graph.Outputs {
			if v.Name == name && fits(v) {
				return v, nil
			}
		}
	}
	if rows := slices.DeleteFunc(slices.Clone(t.graph.Outputs), func(v onnx.Value) bool { return !fits(v) }); len(rows) == 1 {
		return rows[0], nil
	}
	return onnx.Value{}, fmt.Errorf("none of its outputs is called as one that stands for a text: %s", onnx.List(t.graph.Outputs))
}

// Texts is the half for texts, open. Its methods may be called concurrently.
type Texts struct {
	of      *texts
	session *runner.Session
}

// OpenTexts opens the half for texts. Close it after use.
func (m *Model) OpenTexts(ctx context.Context, opt runner.Options) (*Texts, error) {
	model := runner.Model{Path: m.text.path, Data: m.text.data, Graph: m.text.graph}
	opt.Outputs = []string{m.text.output}
	opt.Dims = nil
	s, err := runner.Open(ctx, model, opt)
	if err != nil {
		return nil, err
	}
	return &Texts{&m.text, s}, nil
}

// Close frees the session.
func (t *Texts) Close() error { return t.session.Close() }

// Session is the session that the half runs on.
func (t *Texts) Session() *runner.Session { return t.session }

// Tokens returns a text's ids, as the graph takes them.
func (t *Texts) Tokens(text string) ([]int64, error) {
	ids, _, _, err := t.of.words(t.of.clean(text))
	return ids, err
}

// Embed returns a text's embedding, as the graph gives it, and whether the text was too long, so that
// its end is not in it.
func (t *Texts) Embed(ctx context.Context, text string) (values []float32, cut bool, err error) {
	ids, mask, cut, err := t.of.words(t.of.clean(text))
	if err != nil {
		return nil, false, models.StageInput.Wrap(err)
	}
	inputs, outputs := make([]*runner.Tensor, len(t.session.Inputs)), make([]*runner.Tensor, len(t.session.Outputs))
	defer func() { closeAll(append(inputs, outputs...)) }()
	for i, v := range t.session.Inputs {
		row := ids
		switch roleOf(v, len(t.session.Inputs)) {
		case roleMask:
			row = mask
		case rolePositions:
			row = make([]int64, len(ids))
			for k := range row {
				row[k] = int64(k)
			}
		case roleTypes:
			row = make([]int64, len(ids))
		}
		rows := int64(1) // a graph that fixes more gets the text as often
		if v.Dims[0].Fixed() {
			rows = v.Dims[0].Size
		}
		array, err := npz.Integers(v.Name, v.Type, []int64{rows, int64(len(row))}, slices.Repeat(row, int(rows)))
		if err != nil {
			return nil, cut, models.StageRun.Wrap(err)
		}
		if inputs[i], err = runner.TensorOf(array); err != nil {
			return nil, cut, models.StageRun.Wrap(err)
		}
	}
	if err := t.session.Run(ctx, inputs, outputs); err != nil {
		return nil, cut, err
	}
	out := outputs[0]
	if len(out.Shape) != 2 || out.Shape[0] < 1 || out.Shape[1] < 1 {
		return nil, cut, models.StageOutput.Wrap(fmt.Errorf("output %s has the shape %v, and is no row of numbers", t.of.output, out.Shape))
	}
	values = make([]float32, out.Shape[1])
	if !runner.ToFloat32s(values, out.Type, out.Row(0)) {
		return nil, cut, models.StageOutput.Wrap(fmt.Errorf("output %s: values of type %s can't be read", t.of.output, out.Type))
	}
	for _, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, cut, models.StageOutput.Wrap(fmt.Errorf("output %s holds values that are not finite", t.of.output))
		}
	}
	return values, cut, nil
}
