package models

import (
	"strings"
	"testing"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// ends is a graph of images whose outputs are made by these operators: "Softmax", "Softmax of a".
func ends(ops map[string]string, outputs ...onnx.Value) *onnx.Graph {
	var nodes []*onnx.Node
	for _, v := range outputs {
		op := ops[v.Name]
		if op == "" {
			op = "Gemm"
		}
		op, of, _ := strings.Cut(op, " of ")
		if of == "" {
			of = "h"
		}
		nodes = append(nodes, &onnx.Node{Op: op, Inputs: []string{of}, Outputs: []string{v.Name}})
	}
	return &onnx.Graph{Inputs: list(tensor("x", onnx.Float, "Conv", "n", 3, 32, 32)), Outputs: outputs, Body: onnx.NewBody(nodes...)}
}

// TestWhichOutput holds by which evidence one of several outputs is taken, and where the user is
// asked.
func TestWhichOutput(t *testing.T) {
	const f = onnx.Float
	row := func(name string, n int) onnx.Value { return tensor(name, f, "", "n", n) }
	pixels := []string{"mean", "0", "std", "1"}
	for _, c := range []struct {
		name   string
		graph  *onnx.Graph
		files  map[string]string
		flags  []string
		want   string // the output
		fact   string // the source
		err    string
		notice string
	}{
		{name: "one", graph: ends(nil, row("y", 5)), want: "y", fact: "graph"},
		{name: "logits", graph: ends(nil, row("aux", 5), row("logits", 5), row("cls_logits", 5)), want: "logits", fact: "its name"},
		{name: "a name of scores", graph: ends(nil, row("out1", 5), row("probabilities", 5)), want: "probabilities", fact: "its name"},
		{name: "labels", graph: ends(nil, row("a", 3), row("b", 2)), files: map[string]string{config.ConfigFile: `{"id2label": {"0": "x", "1": "y"}}`}, want: "b", fact: "the number of labels"},
		{name: "classes of files", graph: ends(nil, row("a", 3), row("b", 2)), files: map[string]string{config.ConfigFile: `{"num_labels": 2}`}, want: "b", fact: "the number of classes in its files"},
		{name: "features", graph: ends(nil, row("last_features", 64), row("out", 5)), want: "out", fact: "the others' names"},
		{name: "the softmax", graph: ends(map[string]string{"b": "Softmax of a"}, row("a", 5), row("b", 5)), want: "b", fact: "how the graph ends"},
		{name: "features and the softmax", graph: ends(map[string]string{"b": "Softmax of a"}, row("a", 64), row("b", 5)), want: "b", fact: "how the graph ends"},
		{name: "an age beside the softmax of a gender", graph: ends(map[string]string{"b": "Softmax"}, row("a", 1), row("b", 2)), want: "b", fact: "how the graph ends", notice: "output b of model is taken for the scores of classes, since it comes from Softmax, and not a (scores-output says otherwise)"},
		{name: "a softmax that another is made of", graph: ends(map[string]string{"a": "Softmax", "b": "Softmax of a"}, row("a", 3), row("b", 5)), err: "which of its outputs"},
		{name: "weights of places beside logits", graph: ends(map[string]string{"a": "Softmax", "b": "Gemm of a"}, row("a", 49), row("b", 5)), err: "which of its outputs"},
		{name: "the vector", graph: ends(map[string]string{"a": "LpNormalization"}, row("a", 5), row("b", 5)), want: "b", fact: "how the graph ends"},
		{name: "two heads", graph: ends(nil, row("age", 8), row("gender", 2)), err: "which of its outputs holds the scores of classes (age float32[n,8] or gender float32[n,2]): give scores-output"},
		{name: "two heads, one stated", graph: ends(nil, row("age", 8), row("gender", 2)), flags: []string{"scores-output", "gender"}, want: "gender", fact: "flag"},
		{name: "two softmaxes", graph: ends(map[string]string{"a": "Softmax", "b": "Softmax"}, row("a", 5), row("b", 5)), err: "which of its outputs"},
		{name: "stated, and not there", graph: ends(nil, row("age", 8)), flags: []string{"scores-output", "sex"}, err: `has no output "sex"`},
		{name: "stated, and a map", graph: ends(nil, row("y", 8), tensor("map", f, "", "n", 64, 8, 8)), flags: []string{"scores-output", "map"}, err: "can't hold the scores of classes"},
		{name: "boxes, and a score of each", graph: ends(nil, tensor("boxes", f, "", "n", 100, 4), row("scores", 100), tensor("labels", onnx.Int64, "", "n", 100)), err: "gives no classes of the image but boxes (output boxes, scores, labels)"},
		{name: "boxes that their run counts", graph: ends(nil, tensor("a", f, "", "k", 4), tensor("b", f, "", "k")), err: "its scores are those of boxes"},
		{name: "four classes, and the best", graph: ends(nil, row("y", 4), tensor("label", onnx.Int64, "", "n")), want: "y", fact: "graph"},
		{name: "one box", graph: ends(nil, row("bounding_box", 4), row("y", 5)), want: "y", fact: "the others' names"},
		{name: "called as features", graph: ends(nil, row("features", 64)), want: "features", fact: "graph", notice: "output features of model is called as what are no scores: it is taken for the logits of classes all the same (output-name gives its values as they are)"},
		{name: "of the batch", graph: ends(nil, tensor("y", f, "", "n")), want: "y", fact: "graph", notice: "output y of model is one number: it is taken for the logit of a class, and its sigmoid for the probability (activation none gives the number itself)"},
		{name: "without a batch", graph: ends(nil, tensor("y", f, "", 10)), want: "y", fact: "graph"},
	} {
		m := opened(t, c.graph, c.files, settings(t, append(c.flags, pixels...)...))
		got, err := m.Classifier()
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		case c.err == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.err == "" && (got.OutputName != c.want || !strings.Contains(sourceOf(m, "output"), c.fact)):
			t.Errorf("%s: output %s by %q, want %s by %q", c.name, got.OutputName, sourceOf(m, "output"), c.want, c.fact)
		case c.notice == "" && len(m.Notices) > 0 || c.notice != "" && (len(m.Notices) != 1 || m.Notices[0].String() != c.notice):
			t.Errorf("%s: %v", c.name, m.Notices)
		}
	}
}

// TestWholeNumbers: integers are scores where the graph shows what they stand for, and nothing is said
// of a scale that probabilities do not need.
func TestWholeNumbers(t *testing.T) {
	for _, c := range []struct {
		op      string
		of      onnx.ElementType
		err     string
		notices int
	}{
		{"Softmax", onnx.Uint8, "", 0},
		{"Gemm", onnx.Uint8, "", 1},
		{"Softmax", onnx.Int32, "", 0},
		{"Softmax", onnx.Int64, "", 0},
		{"Gemm", onnx.Int64, "gives no classes", 0},
		{"Gemm", onnx.Int16, "gives no classes", 0},
	} {
		m := opened(t, ends(map[string]string{"y": c.op}, tensor("y", c.of, "", "n", 5)), nil, settings(t, "mean", "0", "std", "1"))
		_, err := m.Classifier()
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s as %s: %v", c.op, c.of, err)
		}
		if len(m.Notices) != c.notices {
			t.Errorf("%s as %s: %v", c.op, c.of, m.Notices)
		}
	}
}

func sourceOf(m *Model, key string) string {
	for _, f := range m.Facts {
		if f.Key == key {
			return f.Source
		}
	}
	return ""
}

// TestActivation holds what is left to apply, and who says so.
func TestActivation(t *testing.T) {
	for _, c := range []struct {
		name, op, config string
		classes          int
		flags            []string
		want             Activation
		source, notice   string
	}{
		{"nothing", "Gemm", "", 5, nil, Softmax, "default (no file states one, and the graph applies none)", ""},
		{"inside", "Softmax", "", 5, nil, None, "graph (Softmax inside)", ""},
		{"logarithms", "LogSoftmax", "", 5, nil, Softmax, "graph (LogSoftmax inside)", ""},
		{"several labels of one item", "Gemm", `{"problem_type": "multi_label_classification"}`, 5, nil, Sigmoid, "config.json (problem_type)", ""},
		{"that, and inside", "Sigmoid", `{"problem_type": "multi_label_classification"}`, 5, nil, None, "graph (Sigmoid inside)", ""},
		{"one logit", "Gemm", "", 1, nil, Sigmoid, "one logit", "is one number: it is taken for the logit of a class"},
		{"one logit, of which the files know", "Gemm", `{"problem_type": "single_label_classification"}`, 1, nil, Sigmoid, "config.json (problem_type), one label", ""},
		{"one probability", "Sigmoid", "", 1, nil, None, "graph (Sigmoid inside)", ""},
		{"one number", "Gemm", "", 1, []string{"activation", "none"}, None, "flag", ""},
		{"odd", "Tanh", "", 5, nil, Softmax, "default (no file states one, and the graph applies none)", "comes from Tanh, which gives -1 to 1: softmax is applied all the same (activation says otherwise)"},
		{"odd, as distances are", "Exp", "", 5, nil, Softmax, "default (no file states one, and the graph applies none)", "comes from Exp, which gives no negative numbers: softmax is applied all the same"},
		{"log-softmax of one number", "LogSoftmax", "", 1, nil, Softmax, "graph (LogSoftmax inside)", "LogSoftmax of one number is a constant, whatever the image"},
		{"softmax of one number", "Softmax", "", 1, nil, None, "graph (Softmax inside)", "Softmax of one number is a constant, whatever the image"},
		{"odd, and stated", "Tanh", "", 5, []string{"activation", "none"}, None, "flag", ""},
	} {
		files := map[string]string{}
		if c.config != "" {
			files[config.ConfigFile] = c.config
		}
		m := opened(t, ends(map[string]string{"logits": c.op}, tensor("logits", onnx.Float, "", "n", c.classes)), files, settings(t, append(c.flags, "mean", "0", "std", "1")...))
		got, err := m.Classifier()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got.Activation != c.want || sourceOf(m, "activation") != c.source {
			t.Errorf("%s: %s by %q", c.name, got.Activation, sourceOf(m, "activation"))
		}
		var told []string
		for _, n := range m.Notices {
			told = append(told, n.String())
		}
		if text := strings.Join(told, "\n"); !strings.Contains(text, c.notice) || c.notice == "" && text != "" {
			t.Errorf("%s: %q", c.name, text)
		}
		if single := c.classes == 1 && c.name != "one number" && c.op != "LogSoftmax"; got.Single != single || single && got.Classes != 2 {
			t.Errorf("%s: single %v, %d classes", c.name, got.Single, got.Classes)
		}
	}
}

// TestTemperatureFits: it divides logits before a softmax, and the one logit of a sigmoid, which is that of
// two.
func TestTemperatureFits(t *testing.T) {
	for _, c := range []struct {
		op, activation string
		classes        int
		err            string
	}{
		{"Gemm", "", 5, ""},
		{"LogSoftmax", "", 5, ""},
		{"Gemm", "", 1, ""},
		{"Gemm", "sigmoid", 5, "each class has a probability of its own"},
		{"Softmax", "", 5, "has made its logits probabilities already"},
		{"Sigmoid", "", 1, "has made its logits probabilities already"},
	} {
		flags := []string{"mean", "0", "std", "1", "temperature", "2"}
		if c.activation != "" {
			flags = append(flags, "activation", c.activation)
		}
		m := opened(t, ends(map[string]string{"y": c.op}, tensor("y", onnx.Float, "", "n", c.classes)), nil, settings(t, flags...))
		_, err := m.Classifier()
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestWithoutHead: models that their files call by a class without a head give embeddings.
func TestWithoutHead(t *testing.T) {
	wants := map[string]Task{ // timm's
		`{"architecture": "resnet18", "num_classes": 0}`: Embed, `{"architecture": "resnet18", "num_classes": 64}`: Classify,
		`{"architecture": "resnet18", "pretrained_cfg": {"num_classes": 0, "input_size": [3, 32, 32]}}`: Embed,
	}
	for architectures, want := range map[string]Task{
		`["ViTModel"]`: Embed, `["CLIPVisionModelWithProjection"]`: Embed, `["ResNetBackbone"]`: Embed,
		`["ViTForImageClassification"]`: Classify, `["ViTModel", "ViTForImageClassification"]`: Classify, `[]`: Classify, `"ViTModel"`: Embed,
	} {
		wants[`{"architectures": `+architectures+`}`] = want
	}
	for file, want := range wants {
		files := map[string]string{config.ConfigFile: file}
		m := opened(t, ends(nil, tensor("out", onnx.Float, "", "n", 64)), files, settings(t, "mean", "0", "std", "1"))
		if m.Task != want {
			t.Errorf("%s: %s", file, m.Task)
		}
		if _, err := m.Embedder(); want == Embed && err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	m := opened(t, ends(map[string]string{"out": "LpNormalization"}, tensor("out", onnx.Float, "", "n", 64)), nil, settings(t, "mean", "0", "std", "1"))
	if m.Task != Embed {
		t.Errorf("a vector of length 1: %s", m.Task)
	}
}
