package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// environment is what was measured, on what, and with which options.
func (r *results) environment() []Block {
	run := &r.Run
	m := &run.Model
	facts := Facts{
		{"Model", orUnknown(m.Name), fmt.Sprintf("%s MiB", mib(m.SizeBytes))},
		{"Model's SHA-256", orUnknown(m.SHA256), ""},
		{"Inputs", orUnknown(strings.Join(m.Inputs, "; ")), ""},
		{"Outputs", orUnknown(strings.Join(m.Outputs, "; ")), ""},
		{"Fed with", r.input(), ""},
		{"Values' SHA-256", orUnknown(run.Input.SHA256), ""},
	}
	facts = append(facts, machineFacts(&run.Machine)...)
	for _, l := range run.Libraries {
		facts = append(facts, Fact{"ONNX Runtime, " + l.Flavor, orUnknown(l.Version), l.Path})
	}
	ref := &run.Reference
	facts = append(facts, Fact{"Reference", fmt.Sprintf("%s, optimisation %s, ONNX Runtime %s", orUnknown(ref.Providers), orUnknown(ref.Optimized), orUnknown(ref.Library.Version)), ref.Library.Flavor},
		Fact{"Tolerance", orUnknown(ref.Tolerance), ref.Precision})
	facts = append(facts, r.plan()...)
	return []Block{facts}
}

func (r *results) input() string {
	in := &r.Run.Input
	text := orUnknown(in.Source)
	if in.Name != "" {
		text += ", " + in.Name
	}
	if in.Rows > 0 {
		text += ", " + count(in.Rows, "row")
	}
	if in.Source == "synthetic" {
		text += ", seed " + strconv.FormatUint(in.Seed, 10)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Dims)) {
		text += fmt.Sprintf(", %s=%d", name, in.Dims[name])
	}
	return text
}

func (r *results) plan() Facts {
	p := &r.Run.Plan
	seconds := func(v float64) string {
		if v == 0 {
			return "not set"
		}
		return trim(v) + " s"
	}
	iterations := "as many as the time allows"
	if p.Iterations > 0 {
		iterations = strconv.Itoa(p.Iterations)
	}
	facts := Facts{{"Providers", strings.Join(p.Providers, ", "), strings.Join(p.ProviderOptions, ", ")},
		{"Threads", join(p.Threads), ""}, {"Batch", join(p.Batch), ""}, {"Concurrency", join(p.Concurrency), ""},
		{"Rounds", strconv.Itoa(p.Rounds), "of all cells in turns"}, {"Warm-up runs", strconv.Itoa(p.Warmup), ""}, {"Iterations", iterations, ""},
		{"Duration of a cell", seconds(p.DurationS), ""}, {"Budget", seconds(p.BudgetS), ""}, {"Started", r.Run.Start.UTC().Format("2006-01-02 15:04:05 UTC"), ""}}
	return facts
}

func join(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return orUnknown(strings.Join(texts, ", "))
}
