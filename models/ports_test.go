package models

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// TestPorts: each of a graph's inputs and outputs is of one kind, and the others are not
// there.
func TestPorts(t *testing.T) {
	const f = onnx.Float
	for name, c := range map[string]struct {
		in, out []onnx.Value
		flags   []string
		want    string // the ports that are there
	}{
		"a classifier of images": {list(tensor("x", f, "", "n", 3, 8, 8)), list(tensor("y", f, "Gemm", "n", 10)), []string{"mean", "0", "std", "1"}, "image scores"},
		"an embedding":           {list(tensor("x", f, "", "n", 3, 8, 8)), list(tensor("y", f, "Gemm", "n", 10)), []string{"mean", "0", "std", "1", "output-name", "y"}, "image embedding"},
		"super-resolution":       {list(tensor("x", f, "", "n", 3, "h", "w")), list(tensor("y", f, "Clip", "n", 3, "H", "W")), []string{"input-range", "0,1", "output-range", "0,1"}, "image picture"},
		"a GAN of classes":       {list(tensor("z", f, "", "n", 16), tensor("class", onnx.Int64, "", "n")), list(tensor("y", f, "Tanh", "n", 3, 8, 8)), nil, "latents class picture"},
		"a timestep":             {list(tensor("z", f, "", "n", 16), tensor("t", onnx.Double, "")), list(tensor("y", f, "Tanh", "n", 3, 8, 8)), nil, ""},
	} {
		m := opened(t, &onnx.Graph{Inputs: c.in, Outputs: c.out}, nil, settings(t, c.flags...))
		var there []string
		try := func(port string, err error) {
			switch {
			case err == nil:
				there = append(there, port)
			case c.want != "" && (!errors.Is(err, ErrNoPort) || !strings.HasPrefix(err.Error(), m.Name+" ")):
				t.Errorf("%s: %s: %v", name, port, err)
			}
		}
		image, err := m.Image()
		try("image", err)
		_, err = m.Text()
		try("text", err)
		_, err = m.Latents()
		try("latents", err)
		_, err = m.Class()
		try("class", err)
		_, err = m.Scores()
		try("scores", err)
		_, err = m.Embedding()
		try("embedding", err)
		_, err = m.Picture()
		try("picture", err)
		if got := strings.Join(there, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if image != nil {
			image.Spec.Mean[0] = 9
			if again, _ := m.Image(); again.Spec.Mean[0] == 9 {
				t.Errorf("%s: a port is the model's own", name)
			}
		}
	}
}

// TestTasks: each task that can be stated has a row, and the last row fits every graph.
func TestTasks(t *testing.T) {
	for _, name := range config.Tasks {
		if row := taskNamed(name); row == nil || row.refuse == nil {
			t.Errorf("%s: %+v", name, row)
		}
	}
	if len(tasks) != len(config.Tasks) {
		t.Errorf("%d rows for %d tasks", len(tasks), len(config.Tasks))
	}
	if !slices.Contains(config.Tasks, tasks[len(tasks)-1].name) || !tasks[len(tasks)-1].fits(&resolver{graph: &onnx.Graph{}}, forNothing) {
		t.Error("a graph may have no task")
	}
}

// TestPurpose: scores have precedence over pictures beside them.
func TestPurpose(t *testing.T) {
	const f = onnx.Float
	scores, map4, picture := tensor("y", f, "", "n", 10), tensor("m", f, "", "n", 64, 8, 8), tensor("p", f, "", "n", 3, "h", "w")
	for want, outputs := range map[purpose][]onnx.Value{
		forScores: list(picture, map4, scores), forPicture: list(map4, picture), forNothing: list(map4, onnx.Value{Name: "u", Kind: "tensor", Type: f}),
	} {
		if got := purposeOfAll(&onnx.Graph{Outputs: outputs}); got != want {
			t.Errorf("%v: %d, want %d", outputs, got, want)
		}
	}
}
