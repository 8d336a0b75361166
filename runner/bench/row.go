package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"ortho/runner"
	"ortho/runner/equality"
	"ortho/runner/exact"
	"ortho/runner/machine"
	"ortho/runner/stats"
)

// Format is the version of the rows' format.
const Format = 1

// The rows of a results file, distinguished by "kind": a Run first, a Row for each cell,
// then what was measured once, and the Verdict.
const (
	KindRun      = "run"
	KindCell     = "cell"
	KindStages   = "stages"
	KindOverhead = "overhead"
	KindVerdict  = "verdict"
)

// File is a results file.
type File struct {
	Run      Run
	Rows     []Row
	Stages   *Stages   // nil: the inputs are no images
	Overhead *Overhead // nil: not measured
	Verdict  *Verdict  // nil: the run did not finish
}

// Run says what was measured, where and how.
type Run struct {
	Kind      string        `json:"kind"`
	Format    int           `json:"format"`
	Ortho     string        `json:"ortho"`
	Start     time.Time     `json:"start"`
	Command   string        `json:"command"` // that repeats it
	Model     Model         `json:"model"`
	Machine   machine.Facts `json:"machine"`
	Libraries []Library     `json:"libraries"`
	Input     Input         `json:"input"`
	Plan      Plan          `json:"plan"`
	Reference Reference     `json:"reference"`
}

// Model is the graph that was measured.
type Model struct {
	Name      string   `json:"name"`
	SHA256    string   `json:"sha256"` // of the .onnx file
	SizeBytes int64    `json:"size_bytes"`
	Inputs    []string `json:"inputs"` // "input float32[batch,3,224,224]"
	Outputs   []string `json:"outputs"`
	LeftOut   []string `json:"outputs_left_out,omitempty"` // of Outputs, those that can't be compared
}

// Library is one of ONNX Runtime's libraries that took part.
type Library struct {
	Flavor  string `json:"flavor"`
	Version string `json:"version"`
	Path    string `json:"path"`
}

// Input says what the graph was fed with.
type Input struct {
	Source string           `json:"input_source"` // "images", "npz" or "synthetic"
	Name   string           `json:"name,omitempty"`
	Rows   int              `json:"rows"`
	Seed   uint64           `json:"seed"` // of synthetic values
	Dims   map[string]int64 `json:"dims,omitempty"`
	SHA256 string           `json:"sha256"` // of the arrays
}

// Plan is what was asked for.
type Plan struct {
	Providers       []string `json:"providers"` // each as --providers takes it: "cpu", "cuda+cpu"
	ProviderOptions []string `json:"provider_options,omitempty"`
	CustomOps       []string `json:"custom_ops,omitempty"` // libraries with further operators
	Threads         []int    `json:"threads"`
	Batch           []int    `json:"batch"`
	Concurrency     []int    `json:"concurrency"`
	Warmup          int      `json:"warmup"`     // runs of each cell before the first round, and one before each
	Iterations      int      `json:"iterations"` // runs of a cell; 0: as many as the time allows
	Rounds          int      `json:"rounds"`
	DurationS       float64  `json:"duration_s"` // of a cell, all rounds; 0: by the budget
	BudgetS         float64  `json:"budget_s"`   // of the whole run; 0: none
	Objective       string   `json:"objective"`  // "throughput", "latency" or "memory"
	MaxP99MS        float64  `json:"max_p99_ms,omitempty"`
	MaxRSSMiB       float64  `json:"max_rss_mib,omitempty"`
}

// Reference says what outputs are compared with.
type Reference struct {
	Library   Library `json:"library"`
	Providers string  `json:"providers"`                // "cpu"
	Optimized string  `json:"optimization"`             // "disabled", or "extended" where 8-bit sums would saturate
	Precision string  `json:"precision"`                // which tolerances apply
	Tolerance string  `json:"tolerance"`                // in words
	Repeats   *bool   `json:"repeats_itself,omitempty"` // nil: nobody looked, since outputs were equal to its
	Error     string  `json:"error,omitempty"`
}

// Config is one cell of the sweep. It identifies the cell from run to run.
type Config struct {
	Providers   string `json:"providers"`   // in order: "cpu", "cuda+cpu"
	Flavor      string `json:"flavor"`      // of ONNX Runtime's library
	Threads     int    `json:"threads"`     // intra-op threads of one run; 0: the provider's choice
	Batch       int    `json:"batch"`       // rows of one run
	Concurrency int    `json:"concurrency"` // runs in flight
}

// String is the cell's name in reports.
func (c Config) String() string {
	name := c.Providers
	if c.Flavor != "" && c.Flavor != c.Providers && (c.Providers == "cpu" || c.Flavor != FlavorOf(c.Providers)) {
		name += "@" + c.Flavor
	}
	return name + " threads=" + strconv.Itoa(c.Threads) + " batch=" + strconv.Itoa(c.Batch) + " concurrency=" + strconv.Itoa(c.Concurrency)
}

// FlavorOf returns the flavor that usually brings the first of the providers.
func FlavorOf(providers string) string {
	first, _, _ := strings.Cut(providers, "+")
	if first == "tensorrt" {
		return "cuda"
	}
	return first
}

// Whether and how a cell was measured.
const (
	StatusOK       = "ok"
	StatusFailed   = "failed"    // its process could not start, run or finish it
	StatusRuledOut = "ruled_out" // the graph can't run so, such as another batch than its fixed one
	StatusSkipped  = "skipped"   // the budget or an interruption ended first
)

// Saturation is what it means that a row's session may saturate.
const Saturation = runner.Saturation

// Row is what was measured of one cell. Figures that are not known are nil, with the
// reason in Unknown under the figure's JSON name.
type Row struct {
	Kind string `json:"kind"`
	Config
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`

	LibraryVersion string `json:"library_version,omitempty"`
	Provider       string `json:"provider,omitempty"`     // the first of Providers that could be used
	IntraOpThreads int    `json:"intra_op_threads"`       // as set; 0: ONNX Runtime's choice
	ShapesFixed    bool   `json:"shapes_fixed"`           // the session was created for this batch's shapes
	MaySaturate    bool   `json:"may_saturate,omitempty"` // sums of 8-bit products may, on this CPU

	LatencyMS    *stats.Summary  `json:"latency_ms"` // of single runs of the graph
	LatencyCI    *stats.Interval `json:"latency_ms_p50_ci95"`
	ThroughputS  *float64        `json:"throughput_per_s"` // rows a second, by wall clock; of images, from the encoded file to the answer
	ThroughputCI *stats.Interval `json:"throughput_per_s_ci95"`
	GraphS       *float64        `json:"graph_throughput_per_s"` // rows a second of the graph alone
	CV           *float64        `json:"cv"`                     // of the rounds' throughput
	Unstable     bool            `json:"unstable"`

	Startup Startup `json:"startup"`
	Memory  Memory  `json:"memory"`

	Equal     *bool             `json:"equal"` // nil: not known
	Equality  []equality.Output `json:"equality,omitempty"`
	Placement *Placement        `json:"placement"`

	Unknown map[string]string `json:"unknown,omitempty"`
	Rounds  []Round           `json:"rounds,omitempty"`
}

// Startup is what comes before the steady state.
type Startup struct {
	LibraryMS  *float64 `json:"library_ms"`   // loading ONNX Runtime
	LoadMS     *float64 `json:"load_ms"`      // creating the session: reading, optimising and compiling the graph
	FirstRunMS *float64 `json:"first_run_ms"` // at shapes that the session has not seen
}

// Memory is the resident set of the cell's process after each phase; PSS counts pages
// that processes share in parts.
type Memory struct {
	StartBytes    *int64 `json:"start_rss_bytes"`
	LibraryBytes  *int64 `json:"library_rss_bytes"`
	SessionBytes  *int64 `json:"session_rss_bytes"`
	FirstRunBytes *int64 `json:"first_run_rss_bytes"`
	FirstRunPSS   *int64 `json:"first_run_pss_bytes"`
	PeakBytes     *int64 `json:"peak_rss_bytes"` // of the rounds
}

// Placement says which provider ran which nodes, by the profile of a separate, untimed
// session: counts of executed nodes, and shares of the nodes' time. A provider that
// compiles runs its part of the graph as one fused node.
type Placement struct {
	Threads   int             `json:"threads"` // of the profiled session
	Runs      int             `json:"runs"`    // that the shares are of
	Providers []ProviderShare `json:"providers"`
	Operators []OperatorShare `json:"operators"` // largest share first
	Note      string          `json:"note,omitempty"`
}

// ProviderShare is one provider's part of a run.
type ProviderShare struct {
	Name      string  `json:"name"` // as ONNX Runtime calls it: "CPUExecutionProvider"
	Nodes     int     `json:"nodes"`
	TimeShare float64 `json:"time_share"` // 0 to 1
}

// OperatorShare is one operator's part of a run.
type OperatorShare struct {
	Provider  string  `json:"provider"`
	Op        string  `json:"op"`
	Nodes     int     `json:"nodes"`
	TimeShare float64 `json:"time_share"` // 0 to 1
}

// Round is one of a cell's turns. Rounds of all cells are interleaved.
//
// Images take two turns in a round: from the file to the result, and the graph alone.
type Round struct {
	WallS     float64   `json:"wall_s"`
	Runs      int       `json:"runs"`
	ImagesS   float64   `json:"images_wall_s,omitempty"` // from file to result
	Images    int       `json:"images,omitempty"`        // that were measured so
	EveryNth  int       `json:"every_nth,omitempty"`     // only every nth run's latency is kept; 0: all are
	LatencyMS []float64 `json:"latency_ms"`              // of single runs, in the order of their ends
}

// Stages says where an image's time goes. Each is measured alone, on one core.
type Stages struct {
	Kind          string         `json:"kind"`
	Images        int            `json:"images"`
	DecodeMS      stats.Summary  `json:"decode_ms"`
	PreprocessMS  stats.Summary  `json:"preprocess_ms"`
	RunMS         *float64       `json:"run_ms"` // of one image in the recommended cell: p50 / batch
	PostprocessMS *stats.Summary `json:"postprocess_ms"`
}

// Overhead compares ortho's session with a bare loop over onnxruntime_go's
// DynamicAdvancedSession.Run: one run at a time, in turns, the same session.
type Overhead struct {
	Kind   string        `json:"kind"`
	Config Config        `json:"config"`
	BareMS stats.Summary `json:"bare_ms"`
	OwnMS  stats.Summary `json:"ortho_ms"`
	CostMS float64       `json:"cost_ms"` // difference of the medians
}

// Verdict is the answer: which settings to use.
type Verdict struct {
	Kind        string     `json:"kind"`
	Objective   string     `json:"objective"`
	Recommended *Config    `json:"recommended"` // nil: no cell fits; Reasons say why
	Flags       string     `json:"flags,omitempty"`
	RunnerUp    *Config    `json:"runner_up"`
	Ties        []Config   `json:"ties"`    // that the measurement can't distinguish from it
	Reasons     []string   `json:"reasons"` // in words
	Excluded    []Excluded `json:"excluded"`
}

// Excluded is a cell that could not win.
type Excluded struct {
	Config
	Reason string `json:"reason"`
}

// The objectives, by which the best cell is chosen.
const (
	ObjectiveThroughput = "throughput" // rows a second
	ObjectiveLatency    = "latency"    // the median of a run's time
	ObjectiveMemory     = "memory"     // the peak of resident memory
)

// Objectives lists them.
var Objectives = []string{ObjectiveThroughput, ObjectiveLatency, ObjectiveMemory}

// Constraints exclude cells; 0 is none. A figure that is not known satisfies none.
type Constraints struct {
	MaxP99MS  float64
	MaxRSSMiB float64
}

// Unit is that of throughput: "images/s", or "rows/s" of other inputs.
func (f *File) Unit() string {
	if f.Run.Input.Source == "images" {
		return "images/s"
	}
	return "rows/s"
}

// Write writes the file's rows, one JSON object a line.
func (f *File) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	rows := []any{f.Run}
	for _, r := range f.Rows {
		rows = append(rows, r)
	}
	if f.Stages != nil {
		rows = append(rows, f.Stages)
	}
	if f.Overhead != nil {
		rows = append(rows, f.Overhead)
	}
	if f.Verdict != nil {
		rows = append(rows, f.Verdict)
	}
	for _, row := range rows {
		if err := encoder.Encode(exact.Value(row)); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
	}
	return b.Flush()
}

// short keeps five significant digits.
func short(v float64) float64 {
	s, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	if err != nil {
		return v
	}
	return s
}

// Rank is a row's figure for an objective: higher is better, and rows without figures are lowest.
func (r *Row) Rank(objective string) float64 {
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
