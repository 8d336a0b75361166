package pages

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/runner/bench"
	"ortho/runner/equality"
	"ortho/runner/machine"
	"ortho/runner/stats"
)

const hostile = `<script>alert("x")</script> & | * [a](javascript:x) ` + "`'\"\x00\xff\n\\"

// benchFile is a run of 2 providers and what can become of a cell: rows that fail, are
// ruled out, skipped, unstable, unequal, with figures that are unknown.
func benchFile() *bench.File {
	random := rand.New(rand.NewPCG(1, 2))
	at := func(v float64) *float64 { return &v }
	two, memory := 2, uint64(8<<30)
	f := &bench.File{Run: bench.Run{
		Kind: bench.KindRun, Format: bench.Format, Ortho: "0.5.0", Start: time.Date(2026, 5, 4, 12, 30, 0, 0, time.UTC),
		Command: "ortho bench run -m efficientnet-lite0 --providers cpu,openvino --threads 1,2 --batch 1,8 --concurrency 1,2 --budget 2m",
		Model: bench.Model{Name: "efficientnet-lite0", SHA256: "5f2bfd0a0dcf6e8a0b1b62c1a0ecf1b1a4c0a7f2cf3f4de0a8f9c8bb7e0d1c2b", SizeBytes: 18_600_000,
			Inputs: []string{"input float32[batch,3,224,224]"}, Outputs: []string{"logits float32[batch,1000]"}},
		Machine: machine.Facts{OS: "linux", Arch: "amd64", Platform: "debian 12.7", Kernel: "6.1.0", Virtualization: "kvm", CPUModel: "AMD EPYC 7B13", CPUFeatures: []string{"avx2", "fma"},
			UsableCores: 2, LogicalCores: &two, QuotaCores: at(1.5), MemoryTotal: &memory, Unknown: map[string]string{"governor": "the system has no cpufreq", "physical_cores": "no topology"}},
		Libraries: []bench.Library{{Flavor: "cpu", Version: "1.32.0", Path: "/opt/ortho/cpu/libonnxruntime.so"}, {Flavor: "openvino", Version: "1.24.1", Path: "/opt/ortho/openvino/libonnxruntime.so"}},
		Input:     bench.Input{Source: "images", Name: "photos", Rows: 100, SHA256: "00ff"},
		Plan: bench.Plan{Providers: []string{"cpu", "openvino", "cuda"}, Threads: []int{1, 2}, Batch: []int{1, 8}, Concurrency: []int{1, 2},
			Warmup: 3, Rounds: 4, BudgetS: 120, Objective: "throughput", MaxP99MS: 60},
		Reference: bench.Reference{Library: bench.Library{Flavor: "cpu", Version: "1.32.0"}, Providers: "cpu", Optimized: "disabled", Precision: "float32", Tolerance: "differences of at most 1e-3 of the value and 1e-4 of the output's root mean square"},
	}}
	bytes := func(mib float64) *int64 { v := int64(mib * (1 << 20)); return &v }
	yes, no := true, false
	for _, flavor := range []string{"cpu", "openvino"} {
		for _, providers := range []string{"cpu", "openvino"} {
			if providers == "openvino" && flavor == "cpu" {
				continue
			}
			for _, threads := range []int{1, 2} {
				for _, batch := range []int{1, 8} {
					for _, concurrency := range []int{1, 2} {
						ms := 10.4 * float64(batch) / (0.2 + 0.8*float64(threads))
						if providers == "openvino" {
							ms *= 0.92
						}
						if flavor == "openvino" && providers == "cpu" {
							ms *= 1.07
						}
						if over := threads * concurrency; over > 2 {
							ms *= float64(over) / 2 * 1.05
						}
						row := bench.Row{Kind: bench.KindCell, Config: bench.Config{Providers: providers, Flavor: flavor, Threads: threads, Batch: batch, Concurrency: concurrency},
							Status: bench.StatusOK, LibraryVersion: map[string]string{"cpu": "1.32.0", "openvino": "1.24.1"}[flavor], Provider: providers,
							IntraOpThreads: threads, ShapesFixed: batch == 8, Equal: &yes, Unknown: map[string]string{}}
						var all []float64
						for range 4 {
							round := bench.Round{Runs: 170}
							if batch > 1 {
								round.Runs = 12
							}
							for range round.Runs {
								v := ms * (1 + 0.03*random.NormFloat64())
								if random.IntN(40) == 0 {
									v *= 1 + 0.5*random.Float64()
								}
								round.LatencyMS = append(round.LatencyMS, math.Round(1000*v)/1000)
								round.WallS += v / 1000 / float64(concurrency)
							}
							row.Rounds, all = append(row.Rounds, round), append(all, round.LatencyMS...)
						}
						s := summary(all)
						rate := 1000 * float64(batch*concurrency) / s.Mean
						row.LatencyMS, row.LatencyCI = &s, &stats.Interval{Low: s.P50 * 0.99, High: s.P50 * 1.012}
						row.ThroughputS, row.ThroughputCI, row.CV = &rate, &stats.Interval{Low: rate * 0.985, High: rate * 1.01}, at(0.012)
						row.Startup = bench.Startup{LibraryMS: at(21), LoadMS: at(84), FirstRunMS: at(1.3 * ms)}
						base := 60.0
						row.Placement = &bench.Placement{Threads: 1, Runs: 10, Providers: []bench.ProviderShare{{Name: "CPUExecutionProvider", Nodes: 62, TimeShare: 1}}}
						for i, op := range []string{"FusedConv", "Conv", "Gemm", "GlobalAveragePool", "Add", "Clip", "ReorderOutput", "ReorderInput", "Flatten", "Mul", "Reshape", "Cast"} {
							row.Placement.Operators = append(row.Placement.Operators, bench.OperatorShare{Provider: "CPUExecutionProvider", Op: op, Nodes: 40 - 3*i, TimeShare: []float64{.61, .22, .08, .03, .02, .01, .01, .01, .004, .003, .002, .001}[i]})
						}
						if providers == "openvino" {
							base, row.Startup.LoadMS = 140, at(910)
							row.Placement = &bench.Placement{Threads: 1, Runs: 10, Providers: []bench.ProviderShare{{Name: "OpenVINOExecutionProvider", Nodes: 1, TimeShare: 0.97}, {Name: "CPUExecutionProvider", Nodes: 2, TimeShare: 0.03}},
								Operators: []bench.OperatorShare{{Provider: "OpenVINOExecutionProvider", Op: "OpenVINO-EP-subgraph_1", Nodes: 1, TimeShare: 0.97}, {Provider: "CPUExecutionProvider", Op: "Cast", Nodes: 2, TimeShare: 0.03}},
								Note:      "OpenVINO compiles its part of the graph: it runs as one fused node"}
						}
						row.Memory = bench.Memory{StartBytes: bytes(18), LibraryBytes: bytes(18 + base/2), SessionBytes: bytes(30 + base), FirstRunBytes: bytes(34 + base + 6*float64(batch)), FirstRunPSS: bytes(20 + base), PeakBytes: bytes(36 + base + 7*float64(batch*concurrency))}
						row.Equality = []equality.Output{{Name: "logits", Type: "float32", Rows: 100, Elements: 100_000, Within: true, MaxAbs: at(4.1e-6), MaxRel: at(2e-4), Cosine: at(1), SQNR: at(118.2), Top1: &equality.Top1{Same: 100, Agreement: 1}}}
						f.Rows = append(f.Rows, row)
					}
				}
			}
		}
	}
	f.Rows[2].Unstable, f.Rows[2].CV = true, at(0.131)
	f.Rows[3].Memory.FirstRunPSS, f.Rows[3].Memory.PeakBytes = nil, nil
	f.Rows[3].Unknown = map[string]string{"first_run_pss_bytes": "/proc/self/smaps_rollup: permission denied", "peak_rss_bytes": "the process ended before a sample was taken"}
	f.Rows[4].Equal, f.Rows[4].Placement, f.Rows[4].Equality = nil, nil, nil
	f.Rows[4].Unknown = map[string]string{"equal": "the reference has no output \"logits\"", "placement": "the profile has no node events"}
	wrong := &f.Rows[len(f.Rows)-4]
	wrong.Equal = &no
	wrong.Equality = []equality.Output{{Name: "logits", Reason: "3 of 100 rows are beyond the tolerance", MaxAbs: at(0.31), MaxRel: at(2.5), Cosine: at(0.998), SQNR: at(21.5), Top1: &equality.Top1{Same: 97, Differ: 3, Agreement: 0.97}}}
	for i, o := range []struct{ status, reason string }{
		{bench.StatusFailed, "libonnxruntime_providers_cuda.so: libcudart.so.12: cannot open shared object file: install CUDA 12"},
		{bench.StatusRuledOut, "the graph's batch is fixed at 1"}, {bench.StatusSkipped, "the budget of 2m0s was used up"}} {
		f.Rows = append(f.Rows, bench.Row{Kind: bench.KindCell, Config: bench.Config{Providers: "cuda", Flavor: "cuda", Threads: 1, Batch: 1 << (3 * i), Concurrency: 1}, Status: o.status, Reason: o.reason})
	}
	best, second := f.Rows[17].Config, f.Rows[1].Config
	f.Verdict = &bench.Verdict{Kind: bench.KindVerdict, Objective: "throughput", Recommended: &best, RunnerUp: &second, Ties: []bench.Config{f.Rows[21].Config},
		Flags:   "--provider openvino --threads 1 --batch 1 --concurrency 2",
		Reasons: []string{"Its throughput is the highest of the 22 cells that fit, and the interval of the difference to the runner-up, 4.1 % to 7.9 %, excludes 0."}}
	for _, row := range f.Rows {
		switch {
		case row.Equal != nil && !*row.Equal:
			f.Verdict.Excluded = append(f.Verdict.Excluded, bench.Excluded{Config: row.Config, Reason: "its outputs differ from the reference's"})
		case row.LatencyMS != nil && row.LatencyMS.P99 == nil:
			f.Verdict.Excluded = append(f.Verdict.Excluded, bench.Excluded{Config: row.Config, Reason: fmt.Sprintf("p99 is unknown: %d samples, 662 needed", row.LatencyMS.N)})
		case row.LatencyMS != nil && *row.LatencyMS.P99 > 60:
			f.Verdict.Excluded = append(f.Verdict.Excluded, bench.Excluded{Config: row.Config, Reason: fmt.Sprintf("p99 %.1f ms is above 60 ms", *row.LatencyMS.P99)})
		}
	}
	post := summary([]float64{0.02, 0.03, 0.04})
	f.Stages = &bench.Stages{Kind: bench.KindStages, Images: 100, DecodeMS: summary([]float64{1.9, 2.1, 2.4}), PreprocessMS: summary([]float64{1.2, 1.3, 1.4}), RunMS: at(9.6), PostprocessMS: &post}
	f.Overhead = &bench.Overhead{Kind: bench.KindOverhead, Config: best, BareMS: summary([]float64{9.51, 9.52, 9.55}), OwnMS: summary([]float64{9.52, 9.53, 9.56}), CostMS: 0.01}
	return f
}

var update = flag.Bool("update", false, "write testdata anew")

// fixture is benchFile as a results file.
func fixture(t *testing.T) *bench.File {
	t.Helper()
	const name = "testdata/bench.jsonl"
	if *update {
		var b bytes.Buffer
		if err := benchFile().Write(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := bench.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		line := 0
		for g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n"); line < min(len(g), len(w)) && g[line] == w[line]; line++ {
		}
		t.Errorf("%s differs from line %d; go test -update writes it anew", name, line+1)
	}
}

// TestBench holds the report to golden files. Of a figure that is its texts: the last
// digits of coordinates are the processor's.
func TestBench(t *testing.T) {
	f := fixture(t)
	var b, again bytes.Buffer
	if err := Bench(f).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if err := Bench(f).WriteHTML(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("a second report of the same rows is another one", err)
	}
	golden(t, "bench.html", regexp.MustCompile(`(?s)<svg .*?</svg>`).ReplaceAllStringFunc(b.String(), func(svg string) string {
		var texts []string
		for _, m := range regexp.MustCompile(`(?s)<(?:text|title|desc)[^>]*>(.*?)<`).FindAllStringSubmatch(svg, -1) {
			texts = append(texts, m[1])
		}
		return "<svg>" + strings.Join(texts, "\n") + "</svg>"
	}))
	golden(t, "bench.md", Bench(f).Markdown())
	var csv, text bytes.Buffer
	if err := WriteBenchCSV(&csv, f, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "bench.csv", csv.String())
	if err := WriteBenchstat(&text, f); err != nil {
		t.Fatal(err)
	}
	golden(t, "bench.txt", text.String())
}

// TestBenchMissing takes one thing after another away: no report may fail for it.
func TestBenchMissing(t *testing.T) {
	for name, change := range map[string]func(*bench.File){
		"nothing":           func(f *bench.File) { *f = bench.File{} },
		"no verdict":        func(f *bench.File) { f.Verdict, f.Stages, f.Overhead = nil, nil, nil },
		"no cell fits":      func(f *bench.File) { f.Verdict.Recommended, f.Verdict.RunnerUp, f.Verdict.Ties = nil, nil, nil },
		"an unknown winner": func(f *bench.File) { f.Verdict.Recommended = &bench.Config{Providers: "tpu"} },
		"no cells":          func(f *bench.File) { f.Rows = nil },
		"failed cells":      func(f *bench.File) { f.Rows = f.Rows[len(f.Rows)-3:] },
		"one cell":          func(f *bench.File) { f.Rows = f.Rows[:1] },
		"bare rows": func(f *bench.File) {
			for i, row := range f.Rows {
				f.Rows[i] = bench.Row{Config: row.Config, Status: row.Status, LatencyMS: row.LatencyMS, ThroughputS: row.ThroughputS}
			}
		},
		"no samples": func(f *bench.File) {
			for i := range f.Rows {
				f.Rows[i].Rounds = nil
			}
		},
		"zeros": func(f *bench.File) {
			for i := range f.Rows {
				zero := 0.0
				f.Rows[i].ThroughputS, f.Rows[i].LatencyMS = &zero, &stats.Summary{}
			}
		},
		"numbers that are none": func(f *bench.File) {
			for i := range f.Rows {
				bad := math.Inf(1)
				f.Rows[i].ThroughputS, f.Rows[i].LatencyMS = &bad, &stats.Summary{P50: math.NaN(), Mean: math.Inf(-1)}
			}
			f.Stages.DecodeMS.P50 = math.NaN()
		},
		"hostile names": func(f *bench.File) {
			f.Run.Model.Name, f.Run.Machine.CPUModel, f.Run.Command = hostile, hostile, hostile
			for i := range f.Rows {
				f.Rows[i].Providers, f.Rows[i].Flavor, f.Rows[i].Reason, f.Rows[i].LibraryVersion = hostile, hostile, hostile, hostile
				f.Rows[i].Unknown = map[string]string{"peak_rss_bytes": hostile}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := fixture(t)
			change(f)
			var b bytes.Buffer
			if err := Bench(f).WriteHTML(&b); err != nil {
				t.Fatal(err)
			}
			if _, after, found := strings.Cut(b.String(), "is missing:"); found {
				t.Error("a figure is missing:", after[:100])
			}
			if n := strings.Count(b.String(), "<script"); n != 1 {
				t.Errorf("%d scripts", n)
			}
			if Bench(f).Markdown() == "" {
				t.Error("no Markdown")
			}
			if err := errors.Join(WriteBenchCSV(io.Discard, f, true), WriteBenchstat(io.Discard, f)); err != nil {
				t.Error(err)
			}
		})
	}
}

// FuzzBench renders whatever passes for a results file.
func FuzzBench(f *testing.F) {
	text, err := os.ReadFile("testdata/bench.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	f.Add(slices.Concat(lines[0], lines[3], lines[len(lines)-4], lines[len(lines)-3], lines[len(lines)-2]))
	f.Add(slices.Concat(lines[0], lines[len(lines)-5], lines[len(lines)-2]))
	f.Add(lines[0])
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := bench.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Bench(file).WriteHTML(&b); err != nil {
			t.Error(err)
		}
		if _, after, found := strings.Cut(b.String(), "is missing:"); found {
			t.Error("a figure is missing:", after[:min(len(after), 200)])
		}
		Bench(file).Markdown()
		if err := errors.Join(WriteBenchCSV(io.Discard, file, true), WriteBenchstat(io.Discard, file)); err != nil {
			t.Error(err)
		}
	})
}

func summary(samples []float64) stats.Summary { return stats.Summarize(samples) }
