package dual

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"ortho/models"
	"ortho/models/config"
	"ortho/runner"
	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Model is a dual encoder.
type Model struct {
	Name string
	// Image is the half that takes images, for task embed. What it fails with, where anything
	// is missing to use it, [models.Model.Usable] says.
	Image *models.Model
	// Facts are those of the texts' half and of how both are compared, with their sources.
	Facts []models.Fact

	text   texts
	logits Logits
	unsaid error // why no scores can be made
}

// Logits says how the cosine of two embeddings becomes a score:
// Activation(Scale * cosine + Bias), over all texts where it is a softmax.
type Logits struct {
	Scale, Bias float64
	Activation  models.Activation // Softmax: the texts exclude each other; Sigmoid: each counts alone
}

// Open reads a dual encoder: a folder, or the file of a joint graph. Its error is that of
// [models.Open], a [HalfError], or names what can't be right of the texts' half.
func Open(ctx context.Context, name string, flags models.Settings, opt runner.Options) (*Model, error) {
	l, err := find(name)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	m := &Model{Name: l.name}
	m.fact("halves", l.kind, "files")
	image := flags
	if err := image.Assume("task", string(models.Embed), "layout"); err != nil {
		return nil, err
	}
	if m.Image, err = models.OpenPart(l.image, image); err != nil {
		return nil, err
	}
	layers, _, err := config.Read(m.Image.Graph, nil, l.root, flags)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	said, err := readStated(l)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	if err := m.openText(l, layers, said); err != nil {
		return nil, fmt.Errorf("open model %s: its half for texts: %w", name, err)
	}
	if err := m.sameLength(); err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	if err := m.settleLogits(ctx, l, layers, said, opt); err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	return m, nil
}

// Image opens the half for images alone, whatever is missing of the other. ok is false where the name
// is not that of a model of images and texts.
func Image(name string, flags models.Settings) (m *models.Model, ok bool, err error) {
	l, err := find(name)
	if err != nil {
		return nil, false, nil
	}
	if err := flags.Assume("task", string(models.Embed), "layout"); err != nil {
		return nil, true, err
	}
	m, err = models.OpenPart(l.image, flags)
	return m, true, err
}

// Logits returns how embeddings are compared. Its error says what nothing states of that.
func (m *Model) Logits() (Logits, error) { return m.logits, m.unsaid }

// TextDigest identifies the half for texts: the digest of its graph's file.
func (m *Model) TextDigest(ctx context.Context) (string, error) {
	return models.DigestOf(ctx, m.text.path)
}

func (m *Model) fact(key, value, source string) {
	m.Facts = append(m.Facts, models.Fact{Key: key, Value: value, Source: source})
}

// sameLength refuses halves whose embeddings have different lengths.
func (m *Model) sameLength() error {
	out, err := m.Image.Embedding()
	if err != nil {
		return nil // which Image says
	}
	for _, v := range m.Image.Graph.Outputs {
		if v.Name != out.OutputName || len(v.Dims) != 2 || !v.Dims[1].Fixed() || m.text.width == 0 || int64(m.text.width) == v.Dims[1].Size {
			continue
		}
		return fmt.Errorf("an image's embedding has %d numbers, and a text's %d: the halves are of two models", v.Dims[1].Size, m.text.width)
	}
	return nil
}

// Families of transformers whose model_type says how scores are made.
var activations = map[string]models.Activation{
	"clip": models.Softmax, "metaclip_2": models.Softmax, "chinese_clip": models.Softmax, "altclip": models.Softmax,
	"siglip": models.Sigmoid, "siglip2": models.Sigmoid,
}

// settleLogits settles how embeddings are compared.
func (m *Model) settleLogits(ctx context.Context, l *layout, layers config.Layers, said *stated, opt runner.Options) error {
	var inGraph *Logits
	if l.joint != nil {
		var err error
		if inGraph, err = headOf(ctx, l, opt); err != nil {
			m.fact("logits", "can't be read from the graph: "+err.Error(), "graph")
		}
	}
	activation, ok := config.OutputActivation.Find(layers)
	family, known := activations[said.modelType]
	switch {
	case ok:
	case known:
		activation = config.OutputActivation.Of(family, fmt.Sprintf("%s (model_type %s)", config.ConfigFile, said.modelType))
	case l.openCLIP && said.hasBias:
		activation = config.OutputActivation.Of(models.Sigmoid, config.ConfigFile+" (init_logit_bias)")
	case l.openCLIP && said.hasConfig:
		activation = config.OutputActivation.Of(models.Softmax, config.ConfigFile+" (no init_logit_bias)")
	case inGraph != nil && inGraph.Bias != 0:
		activation = config.OutputActivation.Of(models.Sigmoid, "graph ("+jointLogits+" has a bias)")
	default:
		m.fact("activation", "give activation softmax (as CLIP) or sigmoid (as SigLIP)", "")
		m.unsaid = config.Errorf("%s: nothing says how its scores are made: give %s softmax (as CLIP) or sigmoid (as SigLIP)", m.Name, config.Key("activation"))
		return nil
	}
	m.logits.Activation = activation.Value
	m.fact("activation", string(activation.Value), activation.Source)

	scale, scaled := config.LogitScale.Find(layers)
	bias, biased := config.LogitBias.Find(layers)
	switch {
	case scaled:
	case inGraph != nil:
		scale, scaled = config.LogitScale.Of(inGraph.Scale, "graph ("+jointLogits+")"), true
	case activation.Value == models.Softmax:
		scale, scaled = config.LogitScale.Of(100, "default (CLIP's training ends at 100, the most that it allows)"), true
	}
	switch {
	case biased:
	case inGraph != nil:
		bias, biased = config.LogitBias.Of(inGraph.Bias, "graph ("+jointLogits+")"), true
	case activation.Value == models.Softmax:
		bias, biased = config.LogitBias.Of(0, "default (it changes no softmax)"), true
	}
	if !scaled || !biased {
		const give = "logit-scale and logit-bias"
		m.fact("logit-scale", "give "+give+": those that it was trained to", "")
		m.unsaid = config.Errorf("%s: its halves don't say what its training made of the scale and bias of scores: give %s and %s (exp(logit_scale) and logit_bias of the weights; a joint graph has both in it)",
			m.Name, config.Key("logit-scale"), config.Key("logit-bias"))
		return nil
	}
	m.logits.Scale, m.logits.Bias = scale.Value, bias.Value
	m.fact("logit-scale", scale.Text, scale.Source)
	if activation.Value == models.Sigmoid {
		m.fact("logit-bias", bias.Text, bias.Source)
	}
	return nil
}

// headOf runs what a joint graph makes of two embeddings: on those that are nothing, which gives the
// bias, and on those that are the same, which gives the scale.
func headOf(ctx context.Context, l *layout, opt runner.Options) (*Logits, error) {
	data, err := regular.ReadFile(l.jointPath, onnx.MaxBytes)
	if err != nil {
		return nil, err
	}
	var kind onnx.Value
	for _, v := range l.joint.Outputs {
		if v.Name == jointImage {
			kind = v
		}
	}
	width := int64(8)
	if n := len(kind.Dims); n == 2 && kind.Dims[1].Fixed() {
		width = kind.Dims[1].Size
	}
	part, err := onnx.Extract(data, kind.Type, []string{jointImage, jointText}, []string{jointLogits})
	if err != nil {
		return nil, err
	}
	g, err := onnx.Read(bytes.NewReader(part), int64(len(part)))
	if err != nil {
		return nil, err
	}
	if len(g.External) > 0 {
		return nil, errors.New("it lies in a file beside the graph")
	}
	s, err := runner.Open(ctx, runner.Model{Data: part, Graph: g}, runner.Options{Library: opt.Library})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	at := func(image, text float32) (float64, error) {
		inputs, outputs := make([]*runner.Tensor, len(s.Inputs)), make([]*runner.Tensor, len(s.Outputs))
		defer func() { closeAll(append(inputs, outputs...)) }()
		for i, v := range s.Inputs {
			t, err := runner.NewTensor(kind.Type, []int64{1, width})
			if err != nil {
				return 0, err
			}
			inputs[i] = t
			value := text
			if v.Name == jointImage {
				value = image
			}
			if !runner.FromFloat32s(t.Bytes(), kind.Type, []float32{value}) {
				return 0, fmt.Errorf("its embeddings are %s", kind.Type)
			}
		}
		if err := s.Run(ctx, inputs, outputs); err != nil {
			return 0, err
		}
		var value [1]float32
		if out := outputs[0]; len(out.Bytes()) != out.Type.Size() || !runner.ToFloat32s(value[:], out.Type, out.Bytes()) {
			return 0, fmt.Errorf("%s of one image and one text has the shape %v", jointLogits, out.Shape)
		}
		return float64(value[0]), nil
	}
	bias, err := at(1, 0)
	if err != nil {
		return nil, err
	}
	both, err := at(1, 1)
	if err != nil {
		return nil, err
	}
	opposite, err := at(1, -1)
	if err != nil {
		return nil, err
	}
	precision := 1e-5
	if kind.Type != onnx.Float && kind.Type != onnx.Double {
		precision = 1e-2
	}
	if sum, wide := both+opposite-2*bias, max(1, both-bias); math.Abs(sum/wide) > precision || both <= bias {
		return nil, fmt.Errorf("%s is no scale and bias of the product of two embeddings", jointLogits)
	}
	return &Logits{Scale: both - bias, Bias: bias}, nil
}

func closeAll(all []*runner.Tensor) {
	for _, t := range all {
		if t != nil {
			t.Close()
		}
	}
}
