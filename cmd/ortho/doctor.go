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
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/doctor"
	"ortho/runner/library"
	"ortho/runner/machine"
)

func newDoctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "try every execution provider, and tell what is there and what costs speed",
		Description: "Every provider of every ONNX Runtime library that is found runs a small graph in a process of its own: that it\n" +
			"was compiled in does not mean that it runs. What can't be used is listed with the reason and what to do.\n" +
			"Exit code 0: the CPU provider, at least, runs.",
		Flags: []cli.Flag{
			libraryFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: runDoctor,
	}
}

func runDoctor(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("doctor takes no argument %q", c.Args().First())
	}
	explicit := c.String("onnxruntime")
	d, err := diagnose(c.Context, explicit)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = pages.WriteJSON(c.App.Writer, d)
	} else {
		err = d.Print(c.App.Writer)
	}
	if err != nil {
		return err
	}
	return verdict(d, explicit)
}

// newTryProvidersCommand is doctor's child.
func newTryProvidersCommand() *cli.Command {
	return &cli.Command{
		Name:      "try-providers",
		Usage:     "run a small graph on providers; a line of JSON for each, for doctor",
		ArgsUsage: "PROVIDER[.KEY=VALUE]...",
		Hidden:    true,
		Flags:     []cli.Flag{libraryFlag()},
		Action: func(c *cli.Context) error {
			return doctor.Serve(c.Context, c.String("onnxruntime"), c.Args().Slice(), c.App.Writer)
		},
	}
}

// tryTimeout is how long a provider may take; 0: as doctor has it.
var tryTimeout time.Duration

func diagnose(ctx context.Context, explicit string) (pages.Diagnosis, error) {
	self, err := os.Executable()
	if err != nil {
		return pages.Diagnosis{}, fmt.Errorf("start processes of ortho: %w", err)
	}
	found := library.List(explicit)
	d := pages.Diagnosis{Ortho: build.Version(), ONNXRuntime: pages.Runtimes(found), Machine: machine.Read(), JPEGDecoder: preprocess.JPEGDecoder(),
		Data: doctor.ReadData(), Warnings: []string{}, Hints: []string{}}
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
