package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/doctor"
	"ortho/runner/library"
	"ortho/runner/machine"
)

// doctorOptions is what the flags of doctor say.
type doctorOptions struct {
	library flags.Library
	json    bool
}

func newDoctorCommand() *cli.Command {
	o := &doctorOptions{}
	own := flags.Own{&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &o.json}}
	return flags.Command(cli.Command{
		Name:        "doctor",
		Usage:       "try every execution provider, and tell what is there and what costs speed",
		Description: help("doctor"),
	}, o.run, &o.library, own)
}

func (o *doctorOptions) run(ctx context.Context, call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("doctor takes no argument %q", call.Args[0])
	}
	d, err := diagnose(ctx, o.library.Path)
	if err != nil {
		return err
	}
	if o.json {
		err = pages.WriteJSON(call.Out, d)
	} else {
		err = d.Print(call.Out)
	}
	if err != nil {
		return err
	}
	return verdict(d, o.library.Path)
}

// newTryProvidersCommand is the hidden command that runs in doctor's child.
func newTryProvidersCommand() *cli.Command {
	lib := &flags.Library{}
	return flags.Command(cli.Command{
		Name:      "try-providers",
		Usage:     "run a small graph on providers; a line of JSON for each, for doctor",
		ArgsUsage: "PROVIDER[.KEY=VALUE]...",
		Hidden:    true,
	}, func(ctx context.Context, call *flags.Call) error {
		return doctor.Serve(ctx, lib.Path, call.Args, call.Out)
	}, lib)
}

// tryTimeout is how long a provider may take; 0: package doctor's default.
var tryTimeout time.Duration

func diagnose(ctx context.Context, explicit string) (pages.Diagnosis, error) {
	self, err := os.Executable()
	if err != nil {
		return pages.Diagnosis{}, fmt.Errorf("start processes of ortho: %w", err)
	}
	found := library.List(explicit)
	d := pages.Diagnosis{Ortho: build.Version(), ONNXRuntime: pages.Runtimes(found), Machine: machine.Read(), JPEGDecoder: preprocess.JPEGDecoder(), Images: preprocess.ImageLibraries(),
		Data: doctor.ReadData(), Telemetry: library.Telemetry(), Warnings: []string{}, Hints: []string{}}
	d.Providers, err = doctor.Providers(ctx, found, doctor.Options{Timeout: tryTimeout,
		Command: func(ctx context.Context, library string, tries []string) *exec.Cmd {
			return exec.CommandContext(ctx, self, append([]string{"try-providers", "--onnxruntime", library}, tries...)...)
		}})
	if err != nil {
		return pages.Diagnosis{}, err
	}
	for i, p := range d.Providers {
		if p.Status == doctor.Crashed {
			d.Providers[i].Reason = term.Clean(p.Reason)
		}
	}
	d.Advise()
	return d, nil
}

// verdict is an error when not even the CPU provider runs.
func verdict(d pages.Diagnosis, explicit string) error {
	for _, p := range d.Providers {
		if p.Provider != runner.CPU || !p.Used {
			continue
		}
		if !p.Available {
			return fmt.Errorf("the CPU provider of %s does not run (%s): %s", p.Library, p.Status, p.Reason)
		}
		if slices.ContainsFunc(d.ONNXRuntime, func(r pages.Runtime) bool { return r.Used }) {
			return nil
		}
	}
	_, err := library.Find(explicit)
	return err
}
