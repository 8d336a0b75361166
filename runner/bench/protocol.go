package bench

import (
	"ortho/runner"
	"ortho/runner/onnx"
)

// request is what the sweep asks of a cell's process; exactly one field is set.
type request struct {
	Open     *openRequest     `json:"open,omitempty"`
	Outputs  *outputsRequest  `json:"outputs,omitempty"`
	Compare  *compareRequest  `json:"compare,omitempty"`
	Profile  *profileRequest  `json:"profile,omitempty"`
	Round    *roundRequest    `json:"round,omitempty"`
	Overhead *overheadRequest `json:"overhead,omitempty"`
}

// answer is the answer to a request; the field that was asked for is set.
type answer struct {
	Opened   *opened    `json:"opened,omitempty"`
	Compared *compared  `json:"compared,omitempty"`
	Profile  *Placement `json:"profile,omitempty"`
	Round    *Round     `json:"round,omitempty"`
	Peak     *int64     `json:"peak_rss_bytes,omitempty"` // with Round
	Overhead *Overhead  `json:"overhead,omitempty"`
}

// openRequest asks for a session, which is run once.
type openRequest struct {
	Model       string            `json:"model"`
	Library     string            `json:"library"`
	Providers   []runner.Provider `json:"providers"`
	Threads     int               `json:"threads"`
	Batch       int               `json:"batch"` // rows of one run
	Concurrency int               `json:"concurrency"`
	Inputs      string            `json:"inputs"`                // npz
	Given       []onnx.Given      `json:"given,omitempty"`       // what all runs get besides
	Single      bool              `json:"single,omitempty"`      // as the graph has it
	Whole       bool              `json:"whole,omitempty"`       // they are those of one run
	Dims        map[string]int64  `json:"dims,omitempty"`        // sizes of open dimensions that are not the batch's
	Outputs     []string          `json:"outputs,omitempty"`     // none: all
	OpenShapes  bool              `json:"open_shapes,omitempty"` // the session is not made for the inputs' sizes
	Images      []string          `json:"images,omitempty"`      // encoded files, to be measured from the file to the result
	Unoptimized bool              `json:"unoptimized,omitempty"`
	CustomOps   []string          `json:"custom_ops,omitempty"`
}

// opened is the answer to an openRequest.
type opened struct {
	LibraryVersion string              `json:"library_version"`
	Provider       string              `json:"provider"`
	Threads        int                 `json:"threads"`
	Fixed          bool                `json:"fixed"`
	MaySaturate    bool                `json:"may_saturate"`
	Optimization   runner.Optimization `json:"optimization"`
	Startup        Startup             `json:"startup"`
	Memory         Memory              `json:"memory"`
	MemoryReason   string              `json:"memory_reason,omitempty"` // why some of it is not known
}

// outputsRequest asks for the outputs of every run over the inputs' rows, in a file.
type outputsRequest struct {
	File string `json:"file"` // npz
}

// compareRequest asks to compare the outputs with such a file.
type compareRequest struct {
	File string `json:"file"`
}

type profileRequest struct {
	Folder string `json:"folder"` // for ONNX Runtime's profile
	Runs   int    `json:"runs"`   // that are profiled, after a first
}

// roundRequest asks to run the graph for a while, or a number of times where Runs is not 0.
type roundRequest struct {
	Seconds float64 `json:"seconds"`
	Runs    int     `json:"runs,omitempty"`
	Warmup  int     `json:"warmup"` // runs before the clock starts
}

type overheadRequest struct {
	Seconds float64 `json:"seconds"`
}
