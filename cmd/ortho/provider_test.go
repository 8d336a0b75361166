package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/record"
	"ortho/runner"
	"ortho/runner/library"
)

const providers = "testdata/providers/"

// TestProviders: what OpenVINO can't run is run by the next of the list, with a word about it, or
// by none; the provider that is told of is the one that ran the nodes. The graphs are those of
// scripts/make_session_graphs.py.
func TestProviders(t *testing.T) {
	needLibrary(t)
	if _, err := library.FindFor("", []string{"openvino"}); err != nil {
		t.Skipf("needs the flavor openvino: %v", err)
	}
	device := func(name string) []string { return []string{"--provider-option", "openvino.device_type=" + name} }
	for name, c := range map[string]struct {
		model, list string
		more        []string
		provider    string         // that ran; "": none did
		nodes       map[string]int // as recorded
		says        []string
	}{
		"all":           {"partly", "cpu", nil, "cpu", nil, nil},
		"a part":        {"partly", "openvino,cpu", nil, "openvino", map[string]int{"openvino": 4, "cpu": 1}, []string{"provider openvino (4 of 5 nodes; cpu 1)"}},
		"a part alone":  {"partly", "openvino", nil, "", nil, []string{"openvino can't run 1 of the graph's 5 nodes (Scaler)", "-p openvino,cpu"}},
		"falls":         {"not_compiled", "openvino,cpu", nil, "cpu", nil, []string{"warning: execution provider openvino cannot be used", "dynamic rank", "provider cpu, batch 1"}},
		"does not fall": {"not_compiled", "openvino", nil, "", nil, []string{"not_compiled", "dynamic rank"}},
		"no node":       {"partly", "openvino,cpu", device("AUTO"), "cpu", nil, []string{"it runs 0 of the graph's 5 nodes with device_type=AUTO", "provider cpu"}},
		"bogus":         {"partly", "openvino", device("BOGUS"), "", nil, []string{"no device BOGUS here: there is CPU", "--provider-option openvino.device_type=CPU"}},
		"bogus, or cpu": {"partly", "openvino,cpu", device("AUTO:BOGUS,CPU"), "cpu", nil, []string{"no device BOGUS here", "provider cpu"}},
		"small letters": {"partly", "openvino,cpu", device("cpu"), "openvino", map[string]int{"openvino": 4, "cpu": 1}, nil},
	} {
		out := filepath.Join(t.TempDir(), "rows.jsonl")
		cmd := process(t, append([]string{"classify", photos, "-m", providers + c.model, "-p", c.list, "-o", out}, c.more...)...)
		text, err := cmd.CombinedOutput()
		if (err == nil) != (c.provider != "") {
			t.Errorf("%s: %v: %s", name, err, text)
		}
		for _, want := range c.says {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: %s\nwant %q in it", name, text, want)
			}
		}
		if strings.Contains(string(text), "disabled by the user") {
			t.Errorf("%s: %s", name, text)
		}
		if c.provider == "" {
			continue
		}
		var r record.Record
		if data, err := os.ReadFile(out + ".run.json"); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if err := json.Unmarshal(data, &r); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if r.Provider != c.provider || !maps.Equal(r.Nodes, c.nodes) || (len(r.Skipped) > 0) != (c.list != "cpu" && c.provider == "cpu") {
			t.Errorf("%s: provider %s, nodes %v, skipped %q", name, r.Provider, r.Nodes, r.Skipped)
		}
	}
	code, found, stderr := comparing(t, "-m", providers+"partly", "--providers", "cpu,openvino+cpu", photos)
	if code != exitOK || !slices.Equal(found.Candidates[0].Notes(), []string{"nodes: cpu 1, openvino 4"}) {
		t.Errorf("compare: exit %d, %s, %+v", code, stderr, found.Candidates)
	}
	code, _, stderr = comparing(t, "-m", providers+"not_compiled", "--providers", "cpu,openvino+cpu", photos)
	if code != exitFailed || !strings.Contains(stderr, "openvino+cpu: execution provider openvino cannot be used") {
		t.Errorf("compare: exit %d, %s", code, stderr)
	}
}

// TestSaturates: a quantised graph that the setting against saturation can't load runs without,
// and says so, once.
func TestSaturates(t *testing.T) {
	needLibrary(t)
	const graph = "../../runner/testdata/quantized/gemm_qoperator_s8s8.onnx"
	code, found, stderr := comparing(t, "-m", graph, "-m", graph, "--input", "synthetic")
	if code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if notes := found.Reference.Notes(); found.Reference.MaySaturate != slices.Equal(notes, []string{runner.Saturation}) {
		t.Errorf("%+v", found.Reference)
	}
}

// TestCustomOperator: a graph with an operator of a library that was not given says which.
func TestCustomOperator(t *testing.T) {
	needLibrary(t)
	const graph = "../../runner/testdata/custom/model.onnx"
	code, _, stderr := execute(t, "", "compare", "-m", graph, "-m", graph, "--input", "synthetic")
	if code != exitFailed || !strings.Contains(stderr, "NegPos of the domain ai.onnx.contrib") || !strings.Contains(stderr, "--custom-ops FILE") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	for file, want := range map[string]string{"none.so": "no such file", "testdata": "a folder", graph: "custom operators of"} {
		if code, _, stderr := execute(t, "", "compare", "-m", graph, "-m", graph, "--input", "synthetic", "--custom-ops", file); code != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d: %s", file, code, stderr)
		}
	}
	if code, _, stderr := execute(t, "", "classify", photos, "--custom-ops", graph, "--custom-ops", graph); code != exitUsage || !strings.Contains(stderr, "twice") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
