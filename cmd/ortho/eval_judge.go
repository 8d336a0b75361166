package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
	"ortho/models/images"
	"ortho/runner/stats"
)

// judging is an evaluation under way.
type judging struct {
	images   []source.Item
	chosen   []int // places of the images that are judged
	doc      *pages.Quality
	bar      *term.Progress
	failFast bool
}

// alone runs one model over all images. It returns why it ended early, if it did.
func (j *judging) alone(ctx context.Context, t *trial) error {
	start := time.Now()
	j.doc.Started = start.Round(time.Millisecond)
	var early error
	for a := range t.answers(ctx, slices.Values(j.chosen)) {
		if err := a.err; err == nil {
			a.err = a.add()
		}
		if early = j.count(a); early != nil {
			break
		}
	}
	return j.ended(ctx, t, early, time.Since(start))
}

// count counts an image, and says whether the run ends by it.
func (j *judging) count(a judged) error {
	j.bar.Step(a.err != nil)
	if a.err == nil {
		j.doc.Judged++
		return nil
	}
	if all := (*images.SizeError)(nil); errors.As(a.err, &all) {
		return all
	}
	j.doc.Failed++
	if j.doc.Failed <= failuresKept {
		item := j.images[a.place]
		j.doc.Failures = append(j.doc.Failures, row(classify.Item{Input: classify.Input{Name: item.Name, Read: item.Read}, Err: a.err}))
	}
	if j.failFast {
		return fmt.Errorf("%w (--fail-fast stops here)", a.err)
	}
	return nil
}

// ended says how fast the images went through.
func (j *judging) ended(ctx context.Context, t *trial, early error, took time.Duration) error {
	speed := howOf(t.graph).Took(j.doc.Judged, took)
	d := j.doc
	d.Seconds, d.Provider, d.Threads, d.Batch, d.Concurrency, d.Placement = speed.Seconds, speed.Provider, speed.Threads, speed.Batch, speed.Concurrency, speed.Placement
	if d.Judged > 0 {
		d.Throughput = &speed.PerSecond
	}
	if early == nil {
		early = ctx.Err()
	}
	if early == nil && t.end != nil {
		early = t.end(ctx)
	}
	return early
}

// The images of a round, in which two models take turns: ten rounds where they are enough. Rates are compared round by
// round, so that what the machine does meanwhile meets both; the answers of one round are held.
const leastRound, mostRound = 16, 64

// both runs two models over all images, in turns. An image that fails with either is judged by neither.
func (j *judging) both(ctx context.Context, first, second *trial) error {
	start := time.Now()
	j.doc.Started = start.Round(time.Millisecond)
	n := len(j.chosen)
	size := min(max(n/10, leastRound), mostRound)
	rounds := max(n/size, 1)
	var rates [2][]float64
	var spent [2]time.Duration
	var early error
	for r := range rounds {
		from, to := r*n/rounds, (r+1)*n/rounds
		var answers [2][]judged
		for turn := range 2 {
			at := (turn + r) % 2 // who begins changes
			begun := time.Now()
			for a := range []*trial{first, second}[at].answers(ctx, slices.Values(j.chosen[from:to])) {
				answers[at] = append(answers[at], a)
			}
			took := time.Since(begun)
			spent[at] += took
			rates[at] = append(rates[at], float64(len(answers[at]))/took.Seconds())
		}
		for i := range min(len(answers[0]), len(answers[1])) {
			a, b := answers[0][i], answers[1][i]
			if a.err == nil {
				a.err = b.err
			}
			if a.err == nil {
				a.err = a.add()
			}
			if a.err == nil {
				early = b.add() // the first has it already: there is no going on without the second
			}
			if early == nil {
				early = j.count(a)
			}
			if early != nil {
				break
			}
		}
		if early != nil || ctx.Err() != nil {
			break
		}
	}
	early = j.ended(ctx, first, early, spent[0])
	if early == nil && second.end != nil {
		early = second.end(ctx)
	}
	a := &pages.Against{Throughput: float64(j.doc.Judged) / max(spent[1], 1).Seconds()}
	if len(rates[0]) > 2 { // the first round warms both up
		if test, ok := stats.Paired(rates[1][1:], rates[0][1:], stats.Effect{}); ok {
			a.Rate = &pages.Ratio{Ratio: test.Ratio, Rounds: len(rates[0]) - 1, Within: &test.Interval}
		}
	}
	j.doc.Against = a
	return early
}
