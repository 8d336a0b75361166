package pages

import (
	"fmt"
	"slices"
	"strconv"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/term"
)

// Page is the report: by says what made it, model how a command line names the model, and
// pictures are those of the mistakes, in order.
func (doc *Evaluation) Page(by, model string, pictures []report.Picture) (*report.Page, error) {
	e := &evaluationPage{Model: doc.Model.Name, Data: fmt.Sprintf("%s: %s", doc.Data.Path, doc.Data), By: by,
		Result: doc.Result, Failed: doc.Failed, Temperature: temperatureText(doc.Result), Pictures: pictures, Notes: doc.Data.Notes}
	e.Failures = doc.failures()
	if doc.Throughput != nil {
		e.Throughput = fmt.Sprintf("%.1f images/s", *doc.Throughput)
	}
	if t := doc.Result.Calibration.Fitted.Temperature; t != nil && doc.appliesTemperature() {
		e.Apply = fmt.Sprintf("ortho classify -m %s --temperature %.4g IMAGES", term.Quoted(model), *t)
	}
	e.How = doc.how()
	return e.page()
}

// failures are names and reasons.
func (doc *EvaluationRun) failures() (all []report.Fact) {
	for _, f := range doc.Failures {
		all = append(all, report.Fact{Name: f.Input, Value: f.Error.Message})
	}
	return all
}

// how are settings and versions.
func (doc *EvaluationRun) how() (facts report.Facts) {
	fact := func(name, value string) {
		if value != "" {
			facts = append(facts, report.Fact{Name: name, Value: value})
		}
	}
	fact("model's SHA-256", doc.Model.SHA256)
	fact("ortho", doc.Ortho)
	fact("ONNX Runtime", doc.ONNXRuntime)
	fact("started", doc.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	fact("took", fmt.Sprintf("%.1f s", doc.Seconds))
	threads := strconv.Itoa(doc.Threads)
	if doc.Threads == 0 {
		threads = "ONNX Runtime's choice"
	}
	fact("threads of a run", threads)
	fact("batch", strconv.Itoa(doc.Batch))
	fact("runs at once", strconv.Itoa(doc.Concurrency))
	for _, s := range slices.Concat(doc.Settings, doc.Preprocessing, record.Settings(doc.Model.ExternalData)) {
		fact(s.Key, s.Value)
	}
	return facts
}
