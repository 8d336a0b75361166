package main

import (
	"context"
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/runner/bench"
)

// readRerun reads --rerun FILE, and has the run sweep its cells with its inputs, where no flag
// says otherwise.
func (b *graphBench) readRerun(ctx context.Context, call *flags.Call, name string) error {
	f, err := readResults(name)
	if err != nil {
		return err
	}
	digest, err := b.model.Digest(ctx)
	if err != nil {
		return err
	}
	again, err := bench.NewRerun(name, f)
	if err != nil {
		return err
	}
	if err := again.SameModel(digest); err != nil {
		return fmt.Errorf("%w: name it with -m", err)
	}
	b.again, b.plan, b.input = again, again.Plan(b.plan), b.input.as(f.Run.Input)
	if !call.Given("objective") {
		b.plan.Objective = f.Run.Plan.Objective
	}
	if !call.Given("provider-option") {
		b.plan.ProviderOptions = f.Run.Plan.ProviderOptions
	}
	b.files.reads, err = call.Protect(b.input.files()) // which the file may have named
	return err
}

// writeRerun says whether the earlier recommendation stands: no cell is significantly better.
// That it does not is an error.
func writeRerun(w io.Writer, again *bench.Rerun, f *bench.File) error {
	if again.Stands(f.Verdict) {
		_, err := fmt.Fprintf(w, "The recommendation of %s stands: none of its best cells is significantly better than %s.\n", again.Name, again.Best)
		return err
	}
	if _, err := fmt.Fprintf(w, "The recommendation of %s does not stand: %s is not the best.\n", again.Name, again.Best); err != nil {
		return err
	}
	return commandline.ErrVerdict
}
