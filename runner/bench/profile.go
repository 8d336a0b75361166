package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"ortho/runner/regular"
)

// maxProfile bounds the profile that is read: a run of 10,000 nodes takes about 5 MB.
const maxProfile = 512 << 20

// event is the part that is read of one event of ONNX Runtime's profile (onnxruntime/core/common/
// profiler.cc; Chrome's trace format).
type event struct {
	Category string  `json:"cat"`
	Name     string  `json:"name"`
	Start    float64 `json:"ts"`  // microseconds
	Duration float64 `json:"dur"` // microseconds
	Args     struct {
		Op       string `json:"op_name"`
		Provider string `json:"provider"`
		Index    string `json:"node_index"`
	} `json:"args"`
}

// compiling providers run their part of the graph as one fused node.
var compiling = map[string]bool{
	"OpenVINOExecutionProvider": true, "TensorrtExecutionProvider": true, "NvTensorRTRTXExecutionProvider": true,
	"CoreMLExecutionProvider": true, "QNNExecutionProvider": true, "VitisAIExecutionProvider": true, "MIGraphXExecutionProvider": true,
}

// readProfile sums up the profile at path, leaving out the first run, in which memory is
// still being allocated.
func readProfile(path string) (*Placement, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	defer f.Close()
	p, err := parseProfile(io.LimitReader(f, maxProfile))
	if err != nil {
		return nil, fmt.Errorf("read profile %s: %w", path, err)
	}
	return p, nil
}

func parseProfile(r io.Reader) (*Placement, error) {
	type node struct{ provider, op, key string }
	decoder := json.NewDecoder(r)
	if t, err := decoder.Token(); err != nil || t != json.Delim('[') {
		return nil, fmt.Errorf("no list of events: %w", cmp.Or(err, errors.New("it begins otherwise")))
	}
	var kernels, runs []event
	for decoder.More() {
		var e event
		if err := decoder.Decode(&e); err != nil {
			return nil, err
		}
		switch {
		case e.Category == "Session" && e.Name == "model_run":
			runs = append(runs, e)
		case e.Category == "Node" && e.Args.Provider != "" && e.Duration >= 0:
			kernels = append(kernels, e)
		}
	}
	if len(runs) < 2 {
		return nil, fmt.Errorf("it holds %d runs, not 2 or more", len(runs))
	}
	slices.SortFunc(runs, func(a, b event) int { return cmp.Compare(a.Start, b.Start) })
	begin := runs[1].Start
	times := map[node]float64{}
	total := 0.0
	for _, e := range kernels {
		if e.Start < begin {
			continue
		}
		times[node{e.Args.Provider, e.Args.Op, e.Args.Index + " " + e.Name}] += e.Duration
		total += e.Duration
	}
	if len(times) == 0 {
		return nil, errors.New("it holds no node")
	}
	p := &Placement{Runs: len(runs) - 1}
	providers, operators := map[string]ProviderShare{}, map[[2]string]OperatorShare{}
	for n, t := range times {
		share := 0.0
		if total > 0 {
			share = t / total
		}
		v := providers[n.provider]
		providers[n.provider] = ProviderShare{n.provider, v.Nodes + 1, v.TimeShare + share}
		key := [2]string{n.provider, n.op}
		o := operators[key]
		operators[key] = OperatorShare{n.provider, n.op, o.Nodes + 1, o.TimeShare + share}
	}
	for _, v := range providers {
		p.Providers = append(p.Providers, v)
		if compiling[v.Name] {
			p.Note = v.Name + " compiles its part of the graph: it shows as fused nodes, not as the graph's own"
		}
	}
	for _, o := range operators {
		p.Operators = append(p.Operators, o)
	}
	slices.SortFunc(p.Providers, func(a, b ProviderShare) int {
		return cmp.Or(cmp.Compare(b.TimeShare, a.TimeShare), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(p.Operators, func(a, b OperatorShare) int {
		return cmp.Or(cmp.Compare(b.TimeShare, a.TimeShare), cmp.Compare(a.Op, b.Op), cmp.Compare(a.Provider, b.Provider))
	})
	return p, nil
}
