package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner"
)

// page is the report.
func (doc *evaluation) page(c *cli.Context) (*report.Page, error) {
	var items []source.Item
	for _, m := range doc.Result.Mistakes {
		items = append(items, source.File(m.Input))
	}
	pictures, err := picturesOf(c.Context, items, c.Int64("max-pixels"))
	if err != nil {
		return nil, err
	}
	e := &pages.Evaluation{Model: doc.Model.Name, Data: fmt.Sprintf("%s: %s", doc.Data.Path, doc.Data), By: build.MadeBy(doc.Started),
		Result: doc.Result, Failed: doc.Failed, Temperature: temperatureText(doc.Result), Pictures: pictures, Notes: doc.Data.Notes}
	for _, f := range doc.Failures {
		e.Failures = append(e.Failures, report.Fact{Name: f.Input, Value: f.Error.Message})
	}
	if doc.Throughput != nil {
		e.Throughput = fmt.Sprintf("%.1f images/s", *doc.Throughput)
	}
	if t := doc.Result.Calibration.Fitted.Temperature; t != nil && doc.appliesTemperature() {
		e.Apply = fmt.Sprintf("ortho classify -m %s --temperature %.4g IMAGES", term.Quoted(c.String("model")), *t)
	}
	fact := func(name, value string) {
		if value != "" {
			e.How = append(e.How, report.Fact{Name: name, Value: value})
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
	return e.Page()
}

// picturesOf makes thumbnails, in order, on all cores. An image without one says why.
func picturesOf(ctx context.Context, items []source.Item, maxPixels int64) ([]report.Picture, error) {
	pictures := make([]report.Picture, 0, len(items))
	for r := range runner.Map(ctx, slices.Values(items), runtime.GOMAXPROCS(0), func(ctx context.Context, item source.Item) (report.Picture, error) {
		data, err := item.Read(ctx)
		if err != nil {
			return report.Picture{Missing: err.Error()}, nil
		}
		return report.NewPicture(data, maxPixels), nil
	}) {
		pictures = append(pictures, r.Value)
	}
	return pictures, ctx.Err()
}
