package main

import (
	"context"
	"runtime"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/source"
	"ortho/runner"
)

// evaluationPage is the report, with thumbnails.
func evaluationPage(c *cli.Context, doc *pages.Evaluation) (*report.Page, error) {
	var items []source.Item
	for _, m := range doc.Result.Mistakes {
		items = append(items, source.File(m.Input))
	}
	pictures, err := picturesOf(c.Context, items, c.Int64("max-pixels"))
	if err != nil {
		return nil, err
	}
	return doc.Page(build.MadeBy(doc.Started), c.String("model"), pictures)
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
