package main

import (
	"context"
	"encoding/json"
	"iter"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/generate"
	"ortho/models/provenance"
	"ortho/preprocess"
	"ortho/runner"
)

// engine makes the images of a run: a model of one graph, or a pipeline of several.
type engine interface {
	Session() *runner.Session // for its provider, threads and library
	Concurrency() int         // runs in flight
	Close() error
	// record describes the run.
	record(context.Context, record.Settings) (record.Record, error)
}

// sampler is an engine that makes images without one.
type sampler interface {
	engine
	// samples makes an image of each request, in their order.
	samples(context.Context, iter.Seq[request]) iter.Seq[sample]
}

// request is what one image is to be made of, and the name of its row.
type request struct {
	generate.Request
	name string
}

// stamp is of all that an image follows from, but for what all images of a run have in common.
func (r request) stamp() source.Stamp {
	text, err := json.Marshal(r.Request)
	if err != nil { // latents that are no numbers
		return ""
	}
	return source.StampText(string(text))
}

// sample is the outcome of a request.
type sample struct {
	request
	image *preprocess.Image
	made  provenance.Image // also where it failed
	err   error
}

// modelChunks are the text chunks of all that a model has made.
func modelChunks(model, digest string, on *runner.Session) [][2]string {
	return [][2]string{{"Software", "ortho " + build.Version()}, {"ortho:model", term.UTF8(model)}, {"ortho:model-sha256", digest}, {"ortho:provider", on.Provider}}
}
