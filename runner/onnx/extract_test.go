package onnx

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

const jointGraph = "../../models/dual/testdata/clip-joint/model.onnx"

// TestExtract: a part has the inputs that it needs and the outputs that are asked for, and only
// the weights between.
func TestExtract(t *testing.T) {
	file, err := os.ReadFile(jointGraph)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	weights := 0
	for _, c := range []struct{ inputs, outputs, takes []string }{
		{[]string{"pixel_values", "input_ids"}, []string{"image_embeds"}, []string{"pixel_values"}},
		{[]string{"input_ids", "attention_mask"}, []string{"text_embeds"}, []string{"input_ids", "attention_mask"}},
		{[]string{"image_embeds", "text_embeds"}, []string{"logits_per_image"}, []string{"image_embeds", "text_embeds"}},
	} {
		data, err := Extract(file, Float, c.inputs, c.outputs)
		if err != nil {
			t.Fatal(err)
		}
		g, err := Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		var takes []string
		for _, v := range g.Inputs {
			takes = append(takes, v.Name)
		}
		if !slices.Equal(takes, c.takes) || len(g.Outputs) != 1 || g.Outputs[0].Name != c.outputs[0] || g.Nodes >= whole.Nodes || !slices.Equal(g.Opsets, whole.Opsets) {
			t.Errorf("%q: it takes %q, gives %v and has %d nodes", c.outputs, takes, g.Outputs, g.Nodes)
		}
		weights += g.Initializers
	}
	if weights < whole.Initializers || weights > whole.Initializers+8 { // few constants are used twice
		t.Errorf("%d weights in the parts, %d in all", weights, whole.Initializers)
	}
	for _, c := range []struct {
		inputs, outputs []string
		says            string
	}{
		{[]string{"pixel_values"}, []string{"text_embeds"}, `the part also needs the input "`},
		{nil, []string{"nothing"}, `no node gives the value "nothing"`},
	} {
		if _, err := Extract(file, Float, c.inputs, c.outputs); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q of %q: %v", c.outputs, c.inputs, err)
		}
	}
}

func FuzzExtract(f *testing.F) {
	file, err := os.ReadFile(jointGraph)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file, "pixel_values", "image_embeds")
	f.Add([]byte("\x3a\x0a\x0a\x08\x0a\x01a\x12\x01b\x22\x00"), "a", "b")
	f.Fuzz(func(t *testing.T, file []byte, input, output string) {
		data, err := Extract(file, Float, []string{input}, []string{output})
		if err == nil && len(data) > 2*len(file)+4*(len(input)+len(output))+64 {
			t.Errorf("%d bytes of %d", len(data), len(file))
		}
	})
}
