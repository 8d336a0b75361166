package pages

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/report"
)

// environment is what was measured, on what, and with which options.
func (r *results) environment() []report.Block {
	run := &r.Run
	m := &run.Model
	facts := report.Facts{
		{Name: "Model", Value: orUnknown(m.Name), Hint: fmt.Sprintf("%s MiB", mib(m.SizeBytes))},
		{Name: "Model's SHA-256", Value: orUnknown(m.SHA256)},
		{Name: "Inputs", Value: orUnknown(strings.Join(m.Inputs, "; "))},
		{Name: "Outputs", Value: orUnknown(strings.Join(m.Outputs, "; "))},
		{Name: "Fed with", Value: r.input()},
		{Name: "Values' SHA-256", Value: orUnknown(run.Input.SHA256)},
	}
	facts = append(facts, machineFacts(&run.Machine)...)
	for _, l := range run.Libraries {
		facts = append(facts, report.Fact{Name: "ONNX Runtime, " + l.Flavor, Value: orUnknown(l.Version), Hint: l.Path})
	}
	ref := &run.Reference
	facts = append(facts, report.Fact{Name: "Reference", Value: fmt.Sprintf("%s, optimisation %s, ONNX Runtime %s", orUnknown(ref.Providers), orUnknown(ref.Optimized), orUnknown(ref.Library.Version)), Hint: ref.Library.Flavor},
		report.Fact{Name: "Tolerance", Value: orUnknown(ref.Tolerance), Hint: ref.Precision})
	facts = append(facts, r.plan()...)
	return []report.Block{facts}
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

func (r *results) plan() report.Facts {
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
	facts := report.Facts{{Name: "Providers", Value: strings.Join(p.Providers, ", "), Hint: strings.Join(p.ProviderOptions, ", ")},
		{Name: "Threads", Value: join(p.Threads)}, {Name: "Batch", Value: join(p.Batch)}, {Name: "Concurrency", Value: join(p.Concurrency)},
		{Name: "Rounds", Value: strconv.Itoa(p.Rounds), Hint: "of all cells in turns"}, {Name: "Warm-up runs", Value: strconv.Itoa(p.Warmup)}, {Name: "Iterations", Value: iterations},
		{Name: "Duration of a cell", Value: seconds(p.DurationS)}, {Name: "Budget", Value: seconds(p.BudgetS)}, {Name: "Started", Value: r.Run.Start.UTC().Format("2006-01-02 15:04:05 UTC")}}
	return facts
}

func join(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return orUnknown(strings.Join(texts, ", "))
}
