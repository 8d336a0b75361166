package pages

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Inspection is what inspect prints of a model; its JSON is an output format.
type Inspection struct {
	Name         string            `json:"name"`
	Path         string            `json:"path,omitempty"`
	Size         int64             `json:"size_bytes"`
	SHA256       string            `json:"sha256"`
	Task         models.Task       `json:"task"`
	Exporter     string            `json:"exporter,omitempty"`
	Producer     string            `json:"producer,omitempty"`
	IRVersion    int64             `json:"ir_version"`
	Opsets       map[string]int64  `json:"opsets"`
	Inputs       []Value           `json:"inputs"`
	Outputs      []Value           `json:"outputs"`
	Nodes        int               `json:"nodes"`
	Ops          map[string]int    `json:"ops"`
	ExternalData []string          `json:"external_data,omitempty"`
	Weights      []Weights         `json:"weights,omitempty"` // the files of external_data
	Metadata     map[string]string `json:"metadata,omitempty"`
	Facts        []models.Fact     `json:"preprocessing"`
	Missing      string            `json:"missing,omitempty"`
	Classes      []Class           `json:"classes,omitempty"` // with --classes
}

// Weights is a file with weights beside a graph.
type Weights struct {
	File    string `json:"file"`              // relative to the graph's folder
	Bytes   int64  `json:"bytes"`             // that it has; 0 where there is no such file
	Needed  int64  `json:"bytes_needed"`      // that it must have at least, by the graph
	Problem string `json:"problem,omitempty"` // why it can't be used
}

// weightsOf looks at the files with weights of a graph in a file.
func weightsOf(g *onnx.Graph, file string) (all []Weights) {
	for _, f := range g.WeightsIn(regular.Folder(filepath.Dir(file))) {
		w := Weights{File: f.Name, Bytes: max(0, f.Size), Needed: f.Bytes}
		if f.Problem != nil {
			w.Problem = f.Problem.Error()
		}
		all = append(all, w)
	}
	return all
}

// shownWeights is how many files with weights are printed: a model may have one for each tensor.
const shownWeights = 8

// printWeights prints the first files, and all that can't be used as far as they are few.
func printWeights(all []Weights, line func(string)) {
	left, bytes, problems := 0, int64(0), 0
	for i, w := range all {
		shown := i < shownWeights
		if w.Problem != "" {
			problems++
			shown = problems <= shownWeights
		}
		if shown {
			line(w.String())
			continue
		}
		left++
		bytes += w.Bytes
	}
	if left > 0 {
		line(fmt.Sprintf("%s, %d bytes", term.Counted(int64(left), "other file"), bytes))
	}
}

func (w Weights) String() string {
	if w.Problem != "" {
		return w.File + ", which " + w.Problem
	}
	return fmt.Sprintf("%s, %d bytes", w.File, w.Bytes)
}

// Value is an input or an output of a graph.
type Value struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Kind string `json:"kind"`
	Dims []any  `json:"shape"` // numbers, symbolic names, or null; null where the graph states no shape
	Op   string `json:"operator,omitempty"`
}

// Inspect describes a model: sha256 is its identity, and missing is why it can't be used for
// its task; nil if it can.
func Inspect(m *models.Model, sha256 string, missing error) *Inspection {
	g := m.Graph
	d := &Inspection{Name: m.Name, Path: m.Path, Size: g.Size, SHA256: sha256, Task: m.Task, Exporter: m.Exporter,
		Producer: strings.TrimSpace(g.Producer + " " + g.ProducerVersion), IRVersion: g.IRVersion, Opsets: map[string]int64{},
		Inputs: valuesOf(inputsOf(g)), Outputs: valuesOf(g.Outputs), Nodes: g.Nodes, Ops: g.Ops,
		ExternalData: g.ExternalData, Weights: weightsOf(g, m.Path), Metadata: g.Metadata, Facts: remedy.ModelFacts(m)}
	for _, o := range g.Opsets {
		domain := o.Domain
		if domain == "" {
			domain = "ai.onnx"
		}
		d.Opsets[domain] = o.Version
	}
	if missing != nil {
		d.Missing = remedy.Text(missing)
	}
	return d
}

// inputsOf are a graph's inputs, behind which those stand that are set.
func inputsOf(g *onnx.Graph) []onnx.Value {
	all := slices.Clone(g.Inputs)
	for _, v := range g.Given {
		all = append(all, v.Input)
	}
	return all
}

func valuesOf(values []onnx.Value) []Value {
	out := make([]Value, len(values))
	for i, v := range values {
		out[i] = Value{Name: v.Name, Type: v.Type.String(), Kind: v.Kind, Op: v.Op}
		if v.Ranked {
			out[i].Dims = []any{}
		}
		for _, d := range v.Dims {
			switch {
			case d.Fixed():
				out[i].Dims = append(out[i].Dims, d.Size)
			case d.Name != "":
				out[i].Dims = append(out[i].Dims, d.Name)
			default:
				out[i].Dims = append(out[i].Dims, nil)
			}
		}
	}
	return out
}

func (v Value) String() string {
	if v.Kind != "tensor" {
		return v.Name + "  " + v.Kind
	}
	dims := make([]string, len(v.Dims))
	for i, d := range v.Dims {
		dims[i] = "?"
		if d != nil {
			dims[i] = fmt.Sprint(d)
		}
	}
	shape := strings.Join(dims, ", ")
	if v.Dims == nil {
		shape = "shape not stated"
	}
	return fmt.Sprintf("%s  %s [%s]", v.Name, v.Type, shape)
}

// topOps names the most frequent operators, most frequent first.
func topOps(ops map[string]int) string {
	names := slices.SortedFunc(maps.Keys(ops), func(a, b string) int {
		return cmp.Or(ops[b]-ops[a], strings.Compare(a, b))
	})
	more := ""
	if len(names) > 8 {
		more = fmt.Sprintf(", and %s", term.Counted(int64(len(names)-8), "other kind"))
		names = names[:8]
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", ops[name], name)
	}
	return strings.Join(names, ", ") + more
}

// Print prints the description for people.
func (d *Inspection) Print(w io.Writer) {
	line := func(key, format string, args ...any) {
		fmt.Fprintln(w, grid.Sentence(w, fmt.Sprintf("%-10s ", key), term.Clean(fmt.Sprintf(format, args...))))
	}
	line("model", "%s", d.Name)
	if d.Path != "" {
		line("file", "%s", d.Path)
	}
	line("size", "%d bytes, %d nodes", d.Size, d.Nodes)
	line("sha256", "%s", d.SHA256)
	if d.Exporter != "" || d.Producer != "" {
		line("exporter", "%s (producer %s)", d.Exporter, d.Producer)
	}
	for _, domain := range slices.Sorted(maps.Keys(d.Opsets)) {
		line("opset", "%s %d", domain, d.Opsets[domain])
	}
	for _, v := range d.Inputs {
		line("input", "%s", v)
	}
	for _, v := range d.Outputs {
		line("output", "%s, by %s", v, v.Op)
	}
	line("operators", "%s", topOps(d.Ops))
	printWeights(d.Weights, func(text string) { line("weights in", "%s", text) })
	for _, key := range slices.Sorted(maps.Keys(d.Metadata)) {
		text := d.Metadata[key]
		if runes := []rune(text); len(runes) > 200 {
			text = string(runes[:200]) + "..."
		}
		line("metadata", "%s = %s", key, text)
	}
	printFacts(w, d.Facts)
	if d.Missing != "" {
		fmt.Fprintf(w, "can't %s yet: %s\n", d.Task, term.CleanLines(d.Missing))
	}
}
