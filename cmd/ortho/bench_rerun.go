package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ortho/runner/bench"
)

// readRerun reads --rerun FILE, and has the run sweep its cells with its inputs.
func (b *graphBench) readRerun(c *cli.Context) error {
	if !c.IsSet("rerun") {
		return nil
	}
	name := c.String("rerun")
	f, err := readResults(name)
	if err != nil {
		return err
	}
	digest, err := modelDigest(b.model)
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
	b.again, b.plan = again, again.Plan(b.plan)
	if !c.IsSet("objective") {
		b.plan.Objective = f.Run.Plan.Objective
	}
	if !c.IsSet("provider-option") {
		b.plan.ProviderOptions = f.Run.Plan.ProviderOptions
	}
	if err := sameInput(c, f.Run.Input); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.input = c.String("input")
	b.files.reads, err = protect(c, noFiles) // from an input that the file named, too
	return err
}

// sameInput has the run fed with what the earlier one was, where no flag says otherwise.
func sameInput(c *cli.Context, in bench.Input) error {
	set := map[string]string{"seed": fmt.Sprint(in.Seed)}
	if in.Source != "synthetic" {
		set = map[string]string{"input": in.Name}
	}
	for name, value := range set {
		if !c.IsSet(name) {
			if err := c.Set(name, value); err != nil {
				return err
			}
		}
	}
	if !c.IsSet("dim") {
		for name, size := range in.Dims {
			if err := c.Set("dim", fmt.Sprintf("%s=%d", name, size)); err != nil {
				return err
			}
		}
	}
	return nil
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
	return errVerdict
}
