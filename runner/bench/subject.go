package bench

import (
	"fmt"
	"slices"
	"time"

	"ortho/runner"
	"ortho/runner/equality"
	"ortho/runner/feed"
	"ortho/runner/machine"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Subject is a graph that is measured, and what it is fed.
type Subject struct {
	Name    string // its name in reports
	SHA256  string // of the .onnx file
	File    string // path of the .onnx file
	Graph   *onnx.Graph
	Outputs []string // that are computed; none: all
	// OpenShapes makes the sessions for inputs of all sizes, and not for those of Inputs.
	OpenShapes bool
	Inputs     *feed.Set
	InputName  string   // of what they come from; "": of nothing
	Images     []string // files of encoded images, measured from the file to the result; none: the graph alone is measured
	Stages     *Stages  // of the images; nil: not known
}

// NewSweep prepares the measurement of the plan's cells, and says in its Run what is measured,
// where and how; Ortho and Command are left empty. explicit is as [Cells] was given it.
func NewSweep(of Subject, plan Plan, cells []Cell, explicit string) (*Sweep, error) {
	ref, err := reference(explicit)
	if err != nil {
		return nil, err
	}
	r := Run{
		Kind: KindRun, Format: Format, Start: time.Now().UTC().Truncate(time.Second),
		Model:     Model{Name: of.Name, SHA256: of.SHA256, SizeBytes: of.Graph.Size},
		Machine:   machine.Read(),
		Input:     Input{Source: of.Inputs.Source, Name: of.InputName, Rows: of.Inputs.Rows, Seed: of.Inputs.Seed, Dims: of.Inputs.Dims},
		Plan:      plan,
		Reference: Reference{Library: ref.Library, Providers: runner.CPU, Optimized: "disabled"},
	}
	for _, v := range of.Graph.Inputs {
		r.Model.Inputs = append(r.Model.Inputs, v.String())
	}
	given := slices.Clone(of.Inputs.Arrays)
	for _, v := range of.Graph.Given {
		r.Model.Inputs = append(r.Model.Inputs, v.Input.String()+", given")
		given = append(given, npz.Array{Name: v.Name, Type: v.Input.Type, Shape: v.Shape, Data: v.Data})
	}
	r.Input.SHA256 = arraysDigest(given)
	for _, v := range of.Graph.Outputs {
		r.Model.Outputs = append(r.Model.Outputs, v.String())
	}
	can, not := equality.Comparable(of.Graph.Outputs)
	switch {
	case len(can) == 0:
		return nil, fmt.Errorf("%s has no output that can be compared, as tensors of numbers and of strings can: its outputs are %s", of.Name, onnx.List(of.Graph.Outputs))
	case len(not) > 0 && len(of.Outputs) == 0:
		for _, v := range not {
			r.Model.LeftOut = append(r.Model.LeftOut, v.String())
		}
		for _, v := range can {
			of.Outputs = append(of.Outputs, v.Name)
		}
	}
	for _, cell := range append([]Cell{ref}, cells...) {
		if cell.Library.Path != "" && !slices.Contains(r.Libraries, cell.Library) {
			r.Libraries = append(r.Libraries, cell.Library)
		}
	}
	return &Sweep{Subject: of, Run: r, Cells: cells, Reference: ref}, nil
}
