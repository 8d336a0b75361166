package models

import (
	"strings"
	"testing"

	"ortho/runner/onnx"
)

// TestEmbedder: an output stands for an image where it is called so, or is named; scores come
// first, and nothing is guessed.
func TestEmbedder(t *testing.T) {
	const f = onnx.Float
	image := list(tensor("x", f, "", "n", 3, 8, 8))
	pixels := []string{"mean", "0", "std", "1"}
	for name, c := range map[string]struct {
		out   []onnx.Value
		flags []string
		task  Task
		want  string // the output, or else the error
	}{
		"CLIP's vision model":      {list(tensor("image_embeds", f, "Gemm", "n", 512), tensor("last_hidden_state", f, "", "n", 50, 768)), nil, Embed, "image_embeds"},
		"an encoder":               {list(tensor("last_hidden_state", f, "", "n", 50, 768), tensor("pooler_output", f, "Tanh", "n", 768)), nil, Embed, "pooler_output"},
		"both":                     {list(tensor("image_embeds", f, "Gemm", "n", 512), tensor("pooler_output", f, "Tanh", "n", 768)), nil, Embed, "which of its outputs stands for an image"},
		"one of both":              {list(tensor("image_embeds", f, "Gemm", "n", 512), tensor("pooler_output", f, "Tanh", "n", 768)), []string{"output-name", "pooler_output"}, Embed, "pooler_output"},
		"a classifier":             {list(tensor("logits", f, "Gemm", "n", 10), tensor("embedding", f, "", "n", 64)), nil, Classify, "gives no embedding"},
		"a classifier, said to be": {list(tensor("logits", f, "Gemm", "n", 10), tensor("embedding", f, "", "n", 64)), []string{"task", "embed"}, Embed, "embedding"},
		"a map of features":        {list(tensor("y", f, "Conv", "n", 64, 7, 7)), []string{"task", "embed"}, Embed, "which of its outputs stands for an image"},
		"a map of features, named": {list(tensor("y", f, "Conv", "n", 64, 7, 7)), []string{"task", "embed", "output-name", "y"}, Embed, "y"},
		"a name that is not there": {list(tensor("embedding", f, "", "n", 64)), []string{"output-name", "z"}, Embed, `no output "z"`},
	} {
		m := opened(t, &onnx.Graph{Inputs: image, Outputs: c.out}, nil, settings(t, append(c.flags, pixels...)...))
		if m.Task != c.task {
			t.Errorf("%s: task %s, want %s", name, m.Task, c.task)
		}
		if m.Task == Classify {
			if _, err := m.Embedder(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			continue
		}
		spec, err := m.Embedder()
		switch {
		case err != nil && !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		case err == nil && spec.Output.OutputName != c.want:
			t.Errorf("%s: %s, want %s", name, spec.Output.OutputName, c.want)
		}
		if _, err := m.Classifier(); err == nil || !strings.Contains(err.Error(), "gives no classes but an embedding") {
			t.Errorf("%s: classify: %v", name, err)
		}
	}
}
