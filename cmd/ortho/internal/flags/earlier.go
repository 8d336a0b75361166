package flags

import (
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
)

// Earlier says what becomes of what an earlier run has left, and what this one leaves to a later one.
type Earlier struct {
	Mode       record.Mode
	KeepGone   bool   // rows of inputs that are gone
	RemoveGone bool   // pictures of earlier runs that have no row any more
	Record     string // auto, always, never: whether the record stays beside a complete output; "": auto
}

// Resumes reports whether the run goes on with what an earlier one has left.
func (e *Earlier) Resumes() bool {
	return e.Mode == record.Resume || e.Mode == record.RetryFailed || e.Mode == record.Update
}

func recordFlag() cli.Flag {
	return &cli.StringFlag{Name: "record", Value: "auto", Category: "Output", Usage: "`WHEN` the record OUT.run.json stays beside a complete OUT, for --update, --retry-failed and --resume: auto (unless OUT is a table), always or never"}
}

// read reads --overwrite, --resume, --retry-failed, --update and what goes with them.
func (e *Earlier) read(c *Call) error {
	*e = Earlier{KeepGone: c.line.Bool("keep-gone"), RemoveGone: c.line.Bool("remove-gone"), Record: c.line.String("record")}
	overwrite, resume, retry, update := c.line.Bool("overwrite"), c.line.Bool("resume"), c.line.Bool("retry-failed"), c.line.Bool("update")
	switch {
	case overwrite && (resume || retry || update):
		return commandline.Usagef("--overwrite starts anew, --resume, --retry-failed and --update go on with what is there: give one of them")
	case update && (resume || retry):
		return commandline.Usagef("--update continues and redoes what failed, too: leave --resume and --retry-failed out")
	case (e.KeepGone || e.RemoveGone) && !update:
		return commandline.Usagef("--keep-gone and --remove-gone go with --update")
	case e.KeepGone && e.RemoveGone:
		return commandline.Usagef("--keep-gone keeps the rows of inputs that are gone, and --remove-gone not even their pictures: give one of them")
	case !slices.Contains([]string{"", "auto", "always", "never"}, e.Record):
		return commandline.Usagef("--record %q is not one of auto, always, never", e.Record)
	case update && e.Record == "never":
		return commandline.Usagef("--update goes on from the record that the run before has left: leave out --record never")
	case overwrite:
		e.Mode = record.Overwrite
	case update:
		e.Mode = record.Update
	case retry:
		e.Mode = record.RetryFailed
	case resume:
		e.Mode = record.Resume
	}
	return nil
}
