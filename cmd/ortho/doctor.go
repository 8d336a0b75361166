package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
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
	write := d.write
	if c.Bool("json") {
		write = d.writeJSON
	}
	if err := write(c.App.Writer); err != nil {
		return err
	}
	return d.verdict(explicit)
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

// diagnosis is what doctor finds; its JSON is an output format.
type diagnosis struct {
	Ortho       string            `json:"ortho"` // version
	ONNXRuntime []pages.Runtime   `json:"onnxruntime"`
	Providers   []doctor.Provider `json:"providers"`
	Machine     machine.Facts     `json:"machine"`
	JPEGDecoder decoder           `json:"jpeg_decoder"`
	Data        doctor.Data       `json:"data"`
	Warnings    []string          `json:"warnings"` // what goes wrong or costs speed
	Hints       []string          `json:"hints"`    // what may be worth a try
}

// tryTimeout is how long a provider may take; 0: as doctor has it.
var tryTimeout time.Duration

func diagnose(ctx context.Context, explicit string) (diagnosis, error) {
	self, err := os.Executable()
	if err != nil {
		return diagnosis{}, fmt.Errorf("start processes of ortho: %w", err)
	}
	found := library.List(explicit)
	d := diagnosis{Ortho: build.Version(), ONNXRuntime: pages.Runtimes(found), Machine: machine.Read(), JPEGDecoder: jpegDecoder(),
		Data: doctor.ReadData(), Warnings: []string{}, Hints: []string{}}
	d.Providers, err = doctor.Providers(ctx, found, doctor.Options{Timeout: tryTimeout,
		Command: func(ctx context.Context, library string, tries []string) *exec.Cmd {
			return exec.CommandContext(ctx, self, append([]string{"try-providers", "--onnxruntime", library}, tries...)...)
		}})
	if err != nil {
		return diagnosis{}, err
	}
	for i, p := range d.Providers {
		if p.Status == doctor.Crashed {
			d.Providers[i].Reason = term.Clean(p.Reason)
		}
	}
	d.advise()
	return d, nil
}

// verdict is an error when not even the CPU provider runs.
func (d diagnosis) verdict(explicit string) error {
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

// advise says what costs speed, and what may be worth a try.
func (d *diagnosis) advise() {
	for _, a := range doctor.AdviseCPU(d.Machine) {
		d.say(a)
	}
	if d.JPEGDecoder.Error != "" {
		d.warn("JPEGs are decoded without libjpeg-turbo, in about four times its time: %s", d.JPEGDecoder.Error)
	}
	for _, a := range doctor.AdviseProviders(d.Machine, d.Providers) {
		d.say(a)
	}
}

func (d *diagnosis) say(a doctor.Advice) {
	m := d.Machine
	switch a {
	case doctor.Powersave:
		d.warn("the clock's governor is powersave, which may keep the cores slow: `cpupower frequency-set -g performance`")
	case doctor.Quota:
		d.warn("control groups (a container's --cpus) allow %.2f of %d cores: threads beyond that wait", *m.QuotaCores, m.UsableCores)
	case doctor.FewerCores:
		d.warn("this process may use %d of %d logical cores (taskset, or a container's --cpuset-cpus)", m.UsableCores, *m.LogicalCores)
	case doctor.NoAVX2:
		d.warn("the CPU has no AVX2: every provider computes slowly on it")
	case doctor.NoVNNI:
		d.warn("the CPU has no VNNI: 8-bit models are not faster than float32 ones on it")
	case doctor.DriverFails:
		d.warn("NVIDIA's driver: %s", m.Unknown["gpus"])
	case doctor.TryCUDA:
		d.hint("there is an NVIDIA GPU (%s): %s", m.GPUs[0].Name, library.Remedy("cuda"))
	case doctor.TryOpenVINO:
		d.hint("OpenVINO may be faster on this CPU: %s; `ortho bench run --providers cpu,openvino` measures", library.Remedy("openvino"))
	}
}

func (d *diagnosis) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

func (d *diagnosis) hint(format string, args ...any) {
	d.Hints = append(d.Hints, fmt.Sprintf(format, args...))
}

func (d diagnosis) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
