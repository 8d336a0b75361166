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

// maxCells is how many cells may be open at once.
const maxCells = 512

// UnusedOption is a provider option that is for none of a plan's providers.
type UnusedOption struct{ Option, Provider string }

func (e UnusedOption) Error() string {
	return fmt.Sprintf("provider option %q: provider %s is none of the plan's", e.Option, e.Provider)
}

// side is an entry of a plan's providers, with the library that has them.
type side struct {
	name string
	list []runner.Provider
	lib  Library
	err  error // why there is no library
}

// Cells are all combinations of what a plan lists, each with the library that has its
// providers: the one at path explicit or, where that is empty, the one that is found. A
// library of another flavor than cpu is measured with its CPU provider, too, which shows what is
// due to its version rather than to its provider. Cells that can't be run are among them with the
// reason: where a library is missing, one for all that would need it; of a graph that takes
// batches of fixed rows (0: of any), those of others.
//
// Errors are the plan's: an [UnusedOption], a provider that does not exist, too many cells.
func Cells(explicit string, plan Plan, fixed int) ([]Cell, error) {
	sides, err := sidesOf(explicit, plan)
	if err != nil {
		return nil, err
	}
	var cells []Cell
	for _, s := range sides {
		cells = append(cells, s.cells(plan, fixed)...)
	}
	if len(cells) > maxCells {
		return nil, fmt.Errorf("%d cells are too many to keep open side by side (%d): sweep fewer values at once", len(cells), maxCells)
	}
	return cells, nil
}

func sidesOf(explicit string, plan Plan) ([]side, error) {
	listed := providersOf(plan.Providers)
	for _, o := range plan.ProviderOptions {
		if name, _, _ := strings.Cut(o, "."); !slices.Contains(listed, strings.ToLower(name)) {
			return nil, UnusedOption{o, name}
		}
	}
	var sides []side
	for _, entry := range plan.Providers {
		list, err := runner.ParseJoined(entry, plan.ProviderOptions)
		if err != nil {
			return nil, err
		}
		lib, err := findLibrary(explicit, list)
		sides = append(sides, side{entry, list, lib, err})
	}
	for _, s := range slices.Clone(sides) {
		same := func(o side) bool { return o.name == runner.CPU && o.lib.Path == s.lib.Path }
		if s.err == nil && s.lib.Flavor != runner.CPU && !slices.ContainsFunc(sides, same) {
			sides = append(sides, side{runner.CPU, []runner.Provider{{Name: runner.CPU}}, s.lib, nil})
		}
	}
	return sides, nil
}

// providersOf are all providers of the entries, "cuda+cpu" being two.
func providersOf(entries []string) []string {
	var names []string
	for _, name := range strings.Split(strings.Join(entries, "+"), "+") {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func findLibrary(explicit string, list []runner.Provider) (Library, error) {
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	found, err := library.FindFor(explicit, names)
	return Library{Flavor: found.Flavor, Version: found.Version, Path: found.Path}, err
}

// cells are those of one side.
func (s side) cells(plan Plan, fixed int) (cells []Cell) {
	for _, threads := range plan.Threads {
		for _, batch := range plan.Batch {
			for _, concurrency := range plan.Concurrency {
				cell := Cell{Config: Config{Providers: s.name, Flavor: s.lib.Flavor, Threads: threads, Batch: batch, Concurrency: concurrency},
					List: s.list, Library: s.lib, Status: StatusOK}
				if s.err != nil {
					cell.Status, cell.Reason, cell.Err = StatusFailed, s.err.Error(), s.err
					return []Cell{cell} // one tells it
				}
				if fixed > 0 && batch != fixed {
					cell.Status, cell.Reason = StatusRuledOut, fmt.Sprintf("the graph takes batches of exactly %d", fixed)
				}
				cells = append(cells, cell)
			}
		}
	}
	return cells
}

// reference is the CPU provider of the flavor cpu, or of the library at path explicit.
func reference(explicit string) (Cell, error) {
	cpu := []runner.Provider{{Name: runner.CPU}}
	lib, err := findLibrary(explicit, cpu)
	if err != nil {
		return Cell{}, err
	}
	return Cell{Config: Config{Providers: runner.CPU, Flavor: lib.Flavor}, List: cpu, Library: lib, Status: StatusOK}, nil
}

// arraysDigest is the SHA-256 of arrays, in hexadecimal.
func arraysDigest(arrays []npz.Array) string {
	h := sha256.New()
	for _, a := range arrays {
		fmt.Fprintf(h, "%s %s %v\n", a.Name, a.Type, a.Shape)
		h.Write(a.Data)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
