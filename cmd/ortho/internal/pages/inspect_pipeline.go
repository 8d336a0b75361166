package pages

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
)

// PipelineInspection is what inspect prints of a pipeline; its JSON is an output format.
type PipelineInspection struct {
	Name    string           `json:"name"`
	Path    string           `json:"path"`
	Class   string           `json:"class"`
	Size    int64            `json:"size_bytes"`       // of all parts
	SHA256  string           `json:"sha256,omitempty"` // see pipelineDigest; not there where a file is missing
	Parts   []PartInspection `json:"parts"`
	Facts   []models.Fact    `json:"facts"`
	Missing []string         `json:"missing,omitempty"`
}

// PartInspection is a graph of a pipeline.
type PartInspection struct {
	Name         string    `json:"name"`
	File         string    `json:"file"`       // within the pipeline's folder
	Size         int64     `json:"size_bytes"` // with external data
	ExternalData []string  `json:"external_data,omitempty"`
	Weights      []Weights `json:"weights,omitempty"` // the files of external_data
	Opset        int64     `json:"opset"`             // of ai.onnx
	Nodes        int       `json:"nodes"`
	Inputs       []Value   `json:"inputs"`
	Outputs      []Value   `json:"outputs"`
}

// InspectPipeline describes a pipeline: sha256 is its identity, and "" where a file of it is
// missing.
func InspectPipeline(p *diffusion.Folder, sha256 string) (*PipelineInspection, error) {
	d := &PipelineInspection{Name: p.Name, Path: p.Path, Class: p.Class, SHA256: sha256, Parts: []PartInspection{}, Facts: remedy.Facts(p.Facts)}
	for i := range p.Parts {
		part := &p.Parts[i]
		file, err := filepath.Rel(p.Path, part.Path)
		if err != nil {
			return nil, err
		}
		g := part.Graph
		one := PartInspection{Name: part.Name, File: filepath.ToSlash(file), Size: part.Size(), ExternalData: g.ExternalData, Weights: weightsOf(g, part.Path),
			Nodes: g.Nodes, Inputs: valuesOf(g.Inputs), Outputs: valuesOf(g.Outputs)}
		for _, o := range g.Opsets {
			if o.Domain == "" || o.Domain == "ai.onnx" {
				one.Opset = o.Version
			}
		}
		d.Size += one.Size
		d.Parts = append(d.Parts, one)
	}
	if _, err := p.Spec(); err != nil {
		d.Missing = strings.Split(remedy.Text(err), "\n")
	}
	return d, nil
}

// shownOutputs is how many outputs of a part are printed: text encoders give all of their
// layers.
const shownOutputs = 3

// Print prints the description for people.
func (d *PipelineInspection) Print(w io.Writer) {
	line := func(key, format string, args ...any) {
		fmt.Fprintln(w, grid.Sentence(w, fmt.Sprintf("%-10s ", key), term.Clean(fmt.Sprintf(format, args...))))
	}
	line("pipeline", "%s (%s)", d.Name, d.Class)
	line("folder", "%s", d.Path)
	line("size", "%s in %d parts", term.BytesOf(d.Size), len(d.Parts))
	if d.SHA256 != "" {
		line("sha256", "%s (of all files that images follow from)", d.SHA256)
	}
	for _, p := range d.Parts {
		line("part", "%s: %s, %s, opset %d, %d nodes", p.Name, p.File, term.BytesOf(p.Size), p.Opset, p.Nodes)
		for _, v := range p.Inputs {
			line("  input", "%s", v)
		}
		for _, v := range p.Outputs[:min(len(p.Outputs), shownOutputs)] {
			line("  output", "%s", v)
		}
		if more := len(p.Outputs) - shownOutputs; more > 0 {
			line("", "and %d others", more)
		}
		printWeights(p.Weights, func(text string) { line("  weights", "in %s", text) })
	}
	printFacts(w, d.Facts)
	for _, m := range d.Missing {
		fmt.Fprintf(w, "can't generate yet: %s\n", term.Clean(m))
	}
	if len(d.Missing) == 0 {
		fmt.Fprintf(w, "ortho generate -m %s \"a red fox in snow\" -o fox.png makes an image with it.\n", term.Clean(d.Path))
	}
}

// printFacts prints values with where they come from.
func printFacts(w io.Writer, facts []models.Fact) {
	t := grid.New(grid.Text("value"), grid.Text("is"), grid.Text("source"))
	for _, f := range facts {
		source := f.Source
		if source == "" {
			source = "missing"
		}
		t.Row(f.Key, term.Clean(f.Value), term.Clean(source))
	}
	t.Print(w)
}
