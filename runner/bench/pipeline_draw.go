package bench

import (
	"context"
	"errors"
	"io"
	"math"
	"os/exec"
	"slices"
	"strings"
	"time"

	"ortho/runner"
	"ortho/runner/child"
)

// DrawRequest asks a process to make images, which shows how a pipeline uses its parts.
type DrawRequest struct {
	Pipeline  string            `json:"pipeline"` // its folder
	Image     Image             `json:"image"`
	MaxPixels int64             `json:"max_pixels"` // of files of images
	Library   string            `json:"library"`
	Providers []runner.Provider `json:"providers"`
	Threads   int               `json:"threads"`
	LowMemory bool              `json:"low_memory"`
	LimitS    float64           `json:"limit_s"` // an image that would take longer is cut short; 0: no limit
	Folder    string            `json:"folder"`  // for inputs, see [PartInputs]
}

// drawShare of the budget may be spent on making images.
const drawShare = 0.25

// NewDrawRequest is one by all providers of a plan; which pipeline and image, and where
// inputs go, is the caller's to fill in.
func NewDrawRequest(plan Plan) (DrawRequest, error) {
	providers, err := runner.ParseJoined(strings.Join(providersOf(plan.Providers), "+"), plan.ProviderOptions)
	_, cores := runner.DefaultBatch(runner.CPU)
	return DrawRequest{Providers: providers, LimitS: plan.BudgetS * drawShare,
		Threads: min(slices.Max(plan.Threads), max(1, cores))}, err // more would only wait for each other
}

// DrawAnswer is the answer to a DrawRequest.
type DrawAnswer struct {
	Image Image     `json:"image"` // with what was left to the pipeline
	Parts []PartUse `json:"parts"` // in the order of their use
	Work  Work      `json:"work"`
}

// PartUse is how an image uses a part of the pipeline. Its inputs are in the folder.
type PartUse struct {
	Name    string   `json:"name"`
	Runs    int      `json:"runs"` // of an image
	TookMS  float64  `json:"took_ms"`
	Outputs []string `json:"outputs"` // that are computed
	Fixed   bool     `json:"fixed"`   // its session is made for its inputs' sizes
}

// Draw makes the images in a process that cmd starts and that runs [ServeDrawing]: its memory
// is measured alone, and a crash of a provider does not end the run.
func Draw(ctx context.Context, cmd *exec.Cmd, r DrawRequest) (*DrawAnswer, error) {
	p, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	d := &DrawAnswer{}
	if err := p.Ask(ctx, r, d); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	if len(d.Parts) == 0 {
		return nil, errors.New("an image was drawn without a run of any part")
	}
	return d, nil
}

// ServeDrawing answers the requests of [Draw] by draw, until in ends or ctx is done.
func ServeDrawing(ctx context.Context, in io.Reader, out io.Writer, draw func(context.Context, DrawRequest) (*DrawAnswer, error)) error {
	return child.Serve(ctx, in, out, func(ctx context.Context, r DrawRequest) (any, error) { return draw(ctx, r) })
}

// leastBudget is what each part gets at least: with less its cells can't be opened.
const leastBudget = 5 * time.Second

// Results begins the results of a pipeline: its parts, none of them measured, each with its
// part of what the plan's budget leaves after the time that was spent. What measuring takes is
// single runs, and what counts is all runs of an image: shares are the mean of both. The
// fields that say what was run are the caller's to fill in.
func (d *DrawAnswer) Results(plan Plan, spent time.Duration) Pipeline {
	p := Pipeline{Kind: KindPipeline, Format: Format, Image: d.Image, Work: d.Work}
	var single, image float64
	for _, part := range d.Parts {
		single += part.TookMS
		image += part.TookMS * float64(part.Runs)
	}
	left, n := plan.BudgetS-spent.Seconds(), float64(len(d.Parts))
	for _, drawn := range d.Parts {
		part := Part{Name: drawn.Name, Runs: drawn.Runs, Outputs: drawn.Outputs, Fixed: drawn.Fixed, File: drawn.Name + ".jsonl"}
		if plan.BudgetS > 0 {
			share := (drawn.TookMS/single + drawn.TookMS*float64(drawn.Runs)/image) / 2
			least := min(leastBudget.Seconds(), max(1, left)/n)
			part.BudgetS = math.Round((least+max(0, left-least*n)*share)*10) / 10
		}
		p.Parts = append(p.Parts, part)
	}
	return p
}
