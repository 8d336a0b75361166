package config

import (
	"fmt"
	"testing"
)

// TestGappedLabels: detectors' classes may be COCO's category ids, of which some have no name; a
// classifier's may not.
func TestGappedLabels(t *testing.T) {
	for config, want := range map[string]string{
		`{"architectures": ["DetrForObjectDetection"], "id2label": {"1": "person", "3": "car"}}`:        "[ person  car]",
		`{"architectures": ["DetrForObjectDetection"], "id2label": {"0": "person", "1": "car"}}`:        "[person car]",
		`{"architectures": ["DetrForObjectDetection"], "id2label": {"0": "N/A", "1": "N/A"}}`:           "[N/A N/A]",
		`{"architectures": ["DetrForObjectDetection"], "id2label": {"1": "person", "99999999": "car"}}`: "",
		`{"architectures": ["DetrForObjectDetection"], "id2label": {"-1": "person", "3": "car"}}`:       "",
		`{"architectures": ["ViTForImageClassification"], "id2label": {"1": "person", "3": "car"}}`:     "",
	} {
		o, err := ParseObject([]byte(config))
		if err != nil {
			t.Fatal(err)
		}
		labels, err := hfLabels(o)
		var names []string
		for _, l := range labels {
			names = append(names, l.Name)
		}
		if got := fmt.Sprint(names); (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s: %s, %v, want %s", config, got, err, want)
		}
	}
}

// TestConfigOutput holds what a config.json says of what the output means.
func TestConfigOutput(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`{}`, ""},
		{`{"architectures": ["ViTForImageClassification"], "id2label": {"0": "a", "1": "b"}}`, "ViTForImageClassification, named, 2, , "},
		{`{"architectures": ["ViTModel"]}`, "ViTModel, , , , "},
		{`{"problem_type": "multi_label_classification", "id2label": {"0": "a"}}`, ", named, 1, multi_label_classification, sigmoid"},
		{`{"problem_type": "single_label_classification"}`, ", , , single_label_classification, softmax"},
		{`{"problem_type": "regression", "num_labels": 1}`, ", , 1, regression, "},
		{`{"problem_type": "something else"}`, ""},
		{`{"function_to_apply": "none"}`, ", , , , none"},
		{`{"function_to_apply": "SIGMOID", "problem_type": "single_label_classification"}`, ", , , single_label_classification, softmax"},
		{`{"architecture": "resnet18", "num_classes": 0}`, ", , 0, , "},
		{`{"architecture": "resnet18", "pretrained_cfg": {"num_classes": 7}}`, ", , 7, , "},
		{`{"function_to_apply": "tanh"}`, `function_to_apply: "tanh" is not one of softmax, sigmoid, none`},
		{`{"architectures": "ViTModel"}`, "ViTModel, , , , "},
		{`{"architectures": [1]}`, `architectures: [1] is not what is expected there`},
	} {
		o, err := ParseObject([]byte(c.config))
		if err != nil {
			t.Fatal(err)
		}
		var s Settings
		if err := configOutput(o, &s); err != nil {
			if err.Error() != c.want {
				t.Errorf("%s: %v, want %s", c.config, err, c.want)
			}
			continue
		}
		l := Layer{Source: ConfigFile, Settings: s}
		architectures, _ := Architectures.In(l)
		named, _ := NamesClasses.In(l)
		if named.Value {
			named.Text = "named"
		}
		n, _ := NumLabels.In(l)
		problem, _ := ProblemType.In(l)
		activation, _ := OutputActivation.In(l)
		got := fmt.Sprintf("%s, %s, %s, %s, %s", architectures.Text, named.Text, n.Text, problem.Text, activation.Text)
		if want := c.want; got != want && !(want == "" && got == ", , , , ") {
			t.Errorf("%s: %s, want %s", c.config, got, want)
		}
	}
}
