package main

import (
	"slices"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/images"
)

// evalOptions is what the flags of eval say.
type evalOptions struct {
	data, truth  string
	images       string // the folder of those that a truth names; "": its own
	limit        int    // images; 0: all
	common       bool   // judge classes that both have
	against      string // another model; "": none
	json         bool
	output, html string // files; "": none
	overwrite    bool

	confidence, overlap float64
	most                int
	picked              pickOptions
	texts               zeroShot

	progress flags.Progress
	decoding flags.Decoding
	timeout  flags.Timeout
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
}

// checkOutputs refuses files that can't be written before any work is done.
func (o *evalOptions) checkOutputs(call *flags.Call) error {
	for _, file := range []struct {
		flag, name string
		kind       output.Kind
	}{{"output", o.output, output.JSON}, {"html", o.html, output.HTML}} {
		switch {
		case call.Given(file.flag) && (file.name == "" || file.name == "-"):
			return commandline.Usagef("--%s names no file; --json prints to standard output", file.flag)
		case file.flag == "html" && file.name != "" && file.name == o.output:
			return commandline.Usagef("--output and --html name one file")
		case file.name != "":
			if err := flags.Fits(file.flag, file.name, file.kind); err != nil {
				return err
			}
			if _, err := call.Reads.Check(file.name, o.overwrite); err != nil {
				return err
			}
		}
	}
	return nil
}

// ofTasks are the flags that are for some tasks only.
var ofTasks = []string{"conf", "iou", "max-det", "common", "images", "as", "threshold", "mcut", "zero-shot", "template"}

// only refuses flags that are for other tasks than the one under way, which takes some of [ofTasks].
func (o *evalOptions) only(call *flags.Call, takes ...string) error {
	for _, name := range ofTasks {
		if call.Given(name) && !slices.Contains(takes, name) {
			return commandline.Usagef("--%s says nothing of this task and data", name)
		}
	}
	return nil
}

// imageOptions are the options for images.
func (o *evalOptions) imageOptions() images.Options {
	return images.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
		MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage}
}

// check refuses what can't be evaluated, before anything is opened.
func (o *evalOptions) check(call *flags.Call) error {
	switch {
	case o.data == "":
		return commandline.Usagef("no images: give --data FOLDER or --data labels.csv")
	case !slices.Contains(truths(), o.truth):
		return commandline.OneOf("truth", o.truth, truths()...)
	case o.limit < 0 || call.Given("limit") && o.limit == 0:
		return commandline.Usagef("--limit %d: at least 1", o.limit)
	case o.most < 0:
		return commandline.Usagef("--max-det %d: at least 0", o.most)
	case call.Given("against") && o.against == "":
		return commandline.Usagef("--against names no model")
	}
	for name, v := range map[string]float64{"conf": o.confidence, "iou": o.overlap} {
		if !(v >= 0 && v <= 1) {
			return commandline.Usagef("--%s %v: from 0 to 1", name, v)
		}
	}
	if o.texts.labels != "" || call.Given("template") {
		return o.texts.check(call, o.model.Name)
	}
	return nil
}

// chosen are the places of the images that --limit leaves of all, evenly spread over them.
func (o *evalOptions) chosen(all int) []int {
	n := all
	if o.limit > 0 {
		n = min(n, o.limit)
	}
	places := make([]int, n)
	for i := range places {
		places[i] = int(int64(i) * int64(all) / int64(n))
	}
	return places
}
