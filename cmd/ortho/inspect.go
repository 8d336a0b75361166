package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/runner/onnx"
)

func newInspectCommand() *cli.Command {
	return &cli.Command{
		Name:  "inspect",
		Usage: "show a model's graph, and every preprocessing value with where it came from; or a pipeline's parts",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			&cli.BoolFlag{Name: "classes", Usage: "print the classes instead: index, id, label and, where a file tells, what each is; with --json, print them, too"},
		}, modelFlags("")...),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("inspect takes no arguments: name the model with -m")
			}
			if isPipeline(c.String("model")) {
				if c.Bool("classes") {
					return usagef("--classes: a pipeline has none")
				}
				return inspectPipeline(c)
			}
			model, err := openModel(c)
			if err != nil {
				return err
			}
			var classes []class
			if c.Bool("classes") {
				if classes, err = classesOf(model); err != nil {
					return err
				}
				if !c.Bool("json") {
					return printClasses(c, classes)
				}
			}
			d, err := inspected(model)
			if err != nil {
				return err
			}
			d.Classes = classes
			if c.Bool("json") {
				return writeJSON(c, d)
			}
			d.print(c.App.Writer)
			return nil
		},
	}
}

// writeJSON prints a description.
func writeJSON(c *cli.Context, d any) error {
	encoder := json.NewEncoder(c.App.Writer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

// description is what inspect prints; its JSON is an output format.
type description struct {
	Name         string            `json:"name"`
	Path         string            `json:"path,omitempty"`
	Size         int64             `json:"size_bytes"`
	SHA256       string            `json:"sha256"`
	Task         models.Task       `json:"task"`
	Exporter     string            `json:"exporter,omitempty"`
	Producer     string            `json:"producer,omitempty"`
	IRVersion    int64             `json:"ir_version"`
	Opsets       map[string]int64  `json:"opsets"`
	Inputs       []value           `json:"inputs"`
	Outputs      []value           `json:"outputs"`
	Nodes        int               `json:"nodes"`
	Ops          map[string]int    `json:"ops"`
	ExternalData []string          `json:"external_data,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	Facts        []models.Fact     `json:"preprocessing"`
	Missing      string            `json:"missing,omitempty"`
	Classes      []class           `json:"classes,omitempty"` // with --classes
}

type value struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Kind string `json:"kind"`
	Dims []any  `json:"shape"` // numbers, symbolic names, or null; null where the graph states no shape
	Op   string `json:"operator,omitempty"`
}

func inspected(m *models.Model) (*description, error) {
	digest, err := modelDigest(m)
	if err != nil {
		return nil, err
	}
	g := m.Graph
	d := &description{Name: m.Name, Path: m.Path, Size: g.Size, SHA256: digest, Task: m.Task, Exporter: m.Exporter,
		Producer: strings.TrimSpace(g.Producer + " " + g.ProducerVersion), IRVersion: g.IRVersion, Opsets: map[string]int64{},
		Inputs: valuesOf(g.Inputs), Outputs: valuesOf(g.Outputs), Nodes: g.Nodes, Ops: g.Ops,
		ExternalData: g.ExternalData, Metadata: g.Metadata, Facts: m.Facts}
	for _, o := range g.Opsets {
		domain := o.Domain
		if domain == "" {
			domain = "ai.onnx"
		}
		d.Opsets[domain] = o.Version
	}
	if err := usable(m); err != nil {
		d.Missing = remedied(err)
	}
	return d, nil
}

// usable tells what is missing to use a model for what it is for.
func usable(m *models.Model) error {
	err := m.Usable()
	if m.Data == nil {
		err = errors.Join(err, m.Graph.CheckWeights(m.Path))
	}
	return err
}

func modelDigest(m *models.Model) (string, error) {
	if m.Data == nil {
		return fileDigest(m.Path)
	}
	return fmt.Sprintf("%x", sha256.Sum256(m.Data)), nil
}

func valuesOf(values []onnx.Value) []value {
	out := make([]value, len(values))
	for i, v := range values {
		out[i] = value{Name: v.Name, Type: v.Type.String(), Kind: v.Kind, Op: v.Op}
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

func (v value) String() string {
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

func (d *description) print(w io.Writer) {
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
	for _, f := range d.ExternalData {
		text := f
		if _, err := os.Stat(filepath.Join(filepath.Dir(d.Path), filepath.FromSlash(f))); err != nil {
			text += " (missing)"
		}
		line("weights in", "%s", text)
	}
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
