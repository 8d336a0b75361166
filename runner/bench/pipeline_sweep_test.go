package bench

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/runner/feed"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// A part is measured on the rows and the budget that it has.
func TestPipelineSweep(t *testing.T) {
	path := foundLibrary(t).Path
	g, err := onnx.ReadFile(network)
	if err != nil {
		t.Fatal(err)
	}
	set, err := feed.Synthetic(g, nil, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	p := &Pipeline{Name: "sd"}
	part := Part{Name: "unet", Fixed: true, Outputs: []string{"out"}, BudgetS: 7}
	plan := Plan{Providers: []string{"cpu"}, Threads: []int{1, 2}, Batch: []int{1}, Concurrency: []int{1}, BudgetS: 100}
	if _, err := p.Sweep(part, Subject{Graph: g}, plan, folder, path); err == nil || !strings.Contains(err.Error(), "unet.npz") {
		t.Errorf("without inputs: %v", err)
	}
	if err := npz.WriteFile(PartInputs(folder, "unet"), set.Arrays); err != nil {
		t.Fatal(err)
	}
	s, err := p.Sweep(part, Subject{Graph: g, File: network, SHA256: "aa"}, plan, folder, path)
	if err != nil {
		t.Fatal(err)
	}
	r := s.Run
	if s.OpenShapes || s.Outputs[0] != "out" || len(s.Cells) != 2 || s.Cells[1].Batch != 2 || r.Plan.Batch[0] != 2 || r.Plan.BudgetS != 7 || plan.Batch[0] != 1 {
		t.Errorf("%+v of %+v", s.Cells, r.Plan)
	}
	if r.Model.Name != "sd/unet" || r.Model.SHA256 != "aa" || len(r.Model.Inputs) != len(g.Inputs) || r.Input.Name != "unet.npz" || r.Input.Source != "npz" || r.Input.SHA256 == "" ||
		len(r.Libraries) != 1 || r.Libraries[0].Path != path || r.Reference.Library.Path != path || r.Start.IsZero() {
		t.Errorf("%+v", r)
	}

	if s := p.Recommended(s.Cells, path); s != nil {
		t.Errorf("of a pipeline whose settings are not known: %+v", s)
	}
	ms := 5.0
	p.Parts = []Part{{Name: "unet", Results: &File{Run: r}}}
	p.Settings = []Setting{{Providers: "cpu", Flavor: s.Cells[1].Flavor, Threads: 2, ImageMS: &ms}}
	if s := p.Recommended(s.Cells, path); s == nil || s.Threads != 2 || s.Batch != 0 || s.Concurrency != 0 || s.Library != path {
		t.Errorf("%+v", s)
	}
}

func TestContinuePipeline(t *testing.T) {
	folder := t.TempDir()
	if _, err := ContinuePipeline(folder, Image{}); err == nil {
		t.Error("of an empty folder")
	}
	p := &Pipeline{Kind: KindPipeline, Format: Format, Asked: Image{Prompt: "a fox", Guidance: new(7.5)}, Parts: []Part{{Name: "unet", Runs: 1, File: "unet.jsonl"}}}
	var text strings.Builder
	if err := p.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, PipelineFile), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if before, err := ContinuePipeline(folder, Image{Prompt: "a fox", Guidance: new(7.5)}); err != nil || len(before.Parts) != 1 || before.Settings != nil {
		t.Errorf("%+v, %v", before, err)
	}
	var refused *ContinueError
	if _, err := ContinuePipeline(folder, Image{Prompt: "a fox"}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "another image") {
		t.Error(err)
	}
}
