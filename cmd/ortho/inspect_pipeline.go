package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/runner"
)

// pipelineDescription is what inspect prints of a pipeline; its JSON is an output format.
type pipelineDescription struct {
	Name    string            `json:"name"`
	Path    string            `json:"path"`
	Class   string            `json:"class"`
	Size    int64             `json:"size_bytes"`       // of all parts
	SHA256  string            `json:"sha256,omitempty"` // see pipelineDigest; not there where a file is missing
	Parts   []partDescription `json:"parts"`
	Facts   []models.Fact     `json:"facts"`
	Missing []string          `json:"missing,omitempty"`
}

// partDescription is a graph of a pipeline.
type partDescription struct {
	Name         string   `json:"name"`
	File         string   `json:"file"`       // within the pipeline's folder
	Size         int64    `json:"size_bytes"` // with external data
	ExternalData []string `json:"external_data,omitempty"`
	Opset        int64    `json:"opset"` // of ai.onnx
	Nodes        int      `json:"nodes"`
	Inputs       []value  `json:"inputs"`
	Outputs      []value  `json:"outputs"`
}

// inspectPipeline prints a pipeline.
func inspectPipeline(c *cli.Context) error {
	if err := checkPipelineFlags(c); err != nil {
		return err
	}
	p, err := diffusion.ReadFolder(c.String("model"))
	if err != nil {
		return err
	}
	d, err := runner.Await(c.Context, func(context.Context) (*pipelineDescription, error) { return describedPipeline(p) })
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return writeJSON(c, d)
	}
	d.print(c.App.Writer)
	return nil
}

func describedPipeline(p *diffusion.Folder) (*pipelineDescription, error) {
	d := &pipelineDescription{Name: p.Name, Path: p.Path, Class: p.Class, Parts: []partDescription{}, Facts: p.Facts}
	for i := range p.Parts {
		part := &p.Parts[i]
		file, err := filepath.Rel(p.Path, part.Path)
		if err != nil {
			return nil, err
		}
		g := part.Graph
		one := partDescription{Name: part.Name, File: filepath.ToSlash(file), Size: part.Size(), ExternalData: g.ExternalData,
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
		d.Missing = strings.Split(err.Error(), "\n")
	}
	identity, err := pipelineDigest(p)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	} else if err == nil {
		d.SHA256 = identity.SHA256
	}
	return d, nil
}

// shownOutputs is how many outputs of a part are printed: text encoders give all of their
// layers.
const shownOutputs = 3

func (d *pipelineDescription) print(w io.Writer) {
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
		for _, file := range p.ExternalData {
			there := ""
			if _, err := os.Stat(filepath.Join(d.Path, filepath.Dir(filepath.FromSlash(p.File)), filepath.FromSlash(file))); err != nil {
				there = " (missing)"
			}
			line("  weights", "in %s%s", file, there)
		}
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
