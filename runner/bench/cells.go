package bench

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"ortho/runner"
	"ortho/runner/library"
	"ortho/runner/npz"
)

// Cells are all combinations, each with the library that has its providers. Those
// that can't be run are in it with the reason.
func Cells(explicit string, plan Plan, fixed int) ([]Cell, error) {
	type side struct {
		name string
		list []runner.Provider
		lib  Library
		err  error
	}
	var sides []side
	for _, o := range plan.ProviderOptions {
		if name, _, _ := strings.Cut(o, "."); !slices.ContainsFunc(plan.Providers, func(e string) bool {
			return slices.Contains(strings.Split(e, "+"), strings.ToLower(name))
		}) {
			return nil, fmt.Errorf("provider option %q: provider %s is not among --providers", o, name)
		}
	}
	for _, entry := range plan.Providers {
		list, err := runner.ParseJoined(entry, plan.ProviderOptions)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, p := range list {
			names = append(names, p.Name)
		}
		found, err := library.FindFor(explicit, names)
		sides = append(sides, side{entry, list, Library{Flavor: found.Flavor, Version: found.Version, Path: found.Path}, err})
	}
	// A flavor's own CPU provider tells its version's part from the provider's.
	for _, s := range slices.Clone(sides) {
		same := func(o side) bool { return o.name == runner.CPU && o.lib.Path == s.lib.Path }
		if s.err == nil && s.lib.Flavor != runner.CPU && !slices.ContainsFunc(sides, same) {
			sides = append(sides, side{runner.CPU, []runner.Provider{{Name: runner.CPU}}, s.lib, nil})
		}
	}
	var cells []Cell
	for _, s := range sides {
		for _, threads := range plan.Threads {
			for _, batch := range plan.Batch {
				for _, concurrency := range plan.Concurrency {
					cell := Cell{Config: Config{Providers: s.name, Flavor: s.lib.Flavor, Threads: threads, Batch: batch, Concurrency: concurrency},
						List: s.list, Library: s.lib, Status: StatusOK}
					switch {
					case s.err != nil:
						cell.Status, cell.Reason = StatusFailed, s.err.Error()
					case fixed > 0 && batch != fixed:
						cell.Status, cell.Reason = StatusRuledOut, fmt.Sprintf("the graph takes batches of exactly %d", fixed)
					}
					cells = append(cells, cell)
					if s.err != nil {
						goto next // one row tells it
					}
				}
			}
		}
	next:
	}
	if len(cells) > 512 {
		return nil, fmt.Errorf("%d cells are too many to keep open side by side (512): sweep fewer values at once", len(cells))
	}
	return cells, nil
}

// ReferenceCell is the CPU provider of the flavor cpu.
func ReferenceCell(explicit string) (Cell, error) {
	found, err := library.FindFor(explicit, []string{runner.CPU})
	if err != nil {
		return Cell{}, err
	}
	return Cell{
		Config:  Config{Providers: runner.CPU, Flavor: found.Flavor},
		List:    []runner.Provider{{Name: runner.CPU}},
		Library: Library{Flavor: found.Flavor, Version: found.Version, Path: found.Path},
		Status:  StatusOK,
	}, nil
}

func ArraysDigest(arrays []npz.Array) string {
	h := sha256.New()
	for _, a := range arrays {
		fmt.Fprintf(h, "%s %s %v\n", a.Name, a.Type, a.Shape)
		h.Write(a.Data)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// RowsOf is the largest first dimension of a run's inputs that are more than a row.
func RowsOf(arrays []npz.Array) int {
	rows := int64(1)
	for _, a := range arrays {
		if len(a.Shape) > 1 {
			rows = max(rows, a.Shape[0])
		}
	}
	return int(rows)
}

// Unique are all providers of the entries, "cuda+cpu" being two.
func Unique(entries []string) []string {
	var names []string
	for _, name := range strings.Split(strings.Join(entries, "+"), "+") {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Rank orders the table: the best first, cells without figures last.
func Rank(r Row, objective string) float64 {
	switch {
	case r.Status != StatusOK || r.ThroughputS == nil:
		return -1e300
	case objective == ObjectiveLatency && r.LatencyMS != nil:
		return -r.LatencyMS.P50
	case objective == ObjectiveMemory && r.Memory.PeakBytes != nil:
		return -float64(*r.Memory.PeakBytes)
	}
	return *r.ThroughputS
}
