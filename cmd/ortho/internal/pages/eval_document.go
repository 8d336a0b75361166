package pages

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models"
	"ortho/models/evaluate"
)

// Evaluation is what eval found of a classifier, and how; its JSON is an output format.
type Evaluation struct {
	EvaluationRun
	Result *evaluate.Result `json:"result"`
}

// EvaluationRun is how an evaluation ran, of any task.
type EvaluationRun struct {
	Ortho         string          `json:"ortho"`
	ONNXRuntime   string          `json:"onnxruntime"`
	Started       time.Time       `json:"started"`
	Complete      bool            `json:"complete"` // false: interrupted, or stopped by an error
	Model         record.Model    `json:"model"`
	Data          EvaluationData  `json:"data"`
	Preprocessing record.Settings `json:"preprocessing"`
	Settings      record.Settings `json:"settings"`

	Seconds     float64  `json:"seconds"`
	Throughput  *float64 `json:"throughput_per_s"` // images by wall clock; null where there were none
	Provider    string   `json:"provider"`
	Threads     int      `json:"threads"` // 0: ONNX Runtime's choice
	Batch       int      `json:"batch"`
	Concurrency int      `json:"concurrency"`
	record.Placement

	// OrientationIgnored are the images that were read as stored though their EXIF orientation
	// asks for a turn.
	OrientationIgnored int64 `json:"orientation_ignored,omitempty"`

	Failed   int64          `json:"failed"` // images without an answer, which figures leave out
	Failures []rows.Classes `json:"failures"`
}

// EvaluationData describes the labelled images that a model was evaluated on.
type EvaluationData struct {
	Path    string         `json:"path"`
	Kind    string         `json:"kind"`
	Classes int            `json:"classes"`
	NamedBy map[string]int `json:"classes_named_by"` // id, label, index, rank: how many
	Notes   []string       `json:"notes,omitempty"`
	// PassedOver are the files in sub-folders that are no images, by ending: see [source.Passed].
	PassedOver map[string]int64 `json:"passed_over,omitempty"`
}

// String names the kind, and how classes were named: "CSV, 100 classes named by id".
func (d EvaluationData) String() string {
	if d.Classes == 0 {
		return d.Kind
	}
	var by []string
	for _, kind := range append(slices.Clone(evaluate.Kinds), "rank") {
		switch n := d.NamedBy[kind]; {
		case n == d.Classes:
			by = append(by, kind)
		case n > 0:
			by = append(by, fmt.Sprintf("%s (%d)", kind, n))
		}
	}
	classes := "classes"
	if d.Classes == 1 {
		classes = "class"
	}
	if len(by) == 0 {
		return fmt.Sprintf("%s, %d %s", d.Kind, d.Classes, classes)
	}
	return fmt.Sprintf("%s, %d %s named by %s", d.Kind, d.Classes, classes, strings.Join(slices.Clip(by), " and "))
}

// appliesTemperature reports whether --temperature can be given for the model.
func (doc *Evaluation) appliesTemperature() bool {
	return doc.Result.Calibration.Activation == models.Softmax
}
