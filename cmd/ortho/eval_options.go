package main

import (
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
)

// evalOptions is what the flags of eval say.
type evalOptions struct {
	data, truth  string
	json         bool
	output, html string // files; "": none
	overwrite    bool

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
