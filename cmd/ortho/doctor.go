package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/runner"
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
	d, err := diagnose(c.Context, c.String("onnxruntime"))
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
	return d.verdict(c.String("onnxruntime"))
}

// diagnosis is what doctor finds; its JSON is an output format.
type diagnosis struct {
	Ortho       string          `json:"ortho"` // version
	ONNXRuntime []runtimeRow    `json:"onnxruntime"`
	Providers   []providerState `json:"providers"`
	Machine     machine.Facts   `json:"machine"`
	JPEGDecoder decoder         `json:"jpeg_decoder"`
	Data        dataFolder      `json:"data"`
	Warnings    []string        `json:"warnings"` // what goes wrong or costs speed
	Hints       []string        `json:"hints"`    // what may be worth a try
}

// providerState is an execution provider in one library, or in none.
type providerState struct {
	Provider  string            `json:"provider"`
	Options   map[string]string `json:"options,omitempty"` // it was tried with
	Used      bool              `json:"used"`              // -p PROVIDER takes it from this library
	Library   string            `json:"library,omitempty"` // path
	Version   string            `json:"version,omitempty"`
	Flavor    string            `json:"flavor,omitempty"`
	Available bool              `json:"available"`
	Status    string            `json:"status"` // one of the states
	Reason    string            `json:"reason,omitempty"`
	Remedy    string            `json:"remedy,omitempty"`
}

// States of a provider.
const (
	stateOK          = "ok"
	stateFailed      = "failed"      // it ran nothing
	stateCrashed     = "crashed"     // and took its process with it
	stateHung        = "hung"        // it did not answer
	stateUnsupported = "unsupported" // the library has it, ortho's binding does not
	stateAbsent      = "absent"      // in no library
)

// dataFolder is what ortho keeps on the disk.
type dataFolder struct {
	Path     string      `json:"path"`
	Runtimes []installed `json:"runtimes"`
	Error    string      `json:"error,omitempty"`
}

type installed struct {
	Name  string `json:"name"`
	Bytes int64  `json:"size_bytes"`
}

func diagnose(ctx context.Context, explicit string) (diagnosis, error) {
	found := library.List(explicit)
	d := diagnosis{Ortho: build.Version(), ONNXRuntime: runtimeRows(found), Machine: machine.Read(), JPEGDecoder: jpegDecoder(),
		Data: readDataFolder(), Warnings: []string{}, Hints: []string{}}
	seen := map[string]bool{}
	for _, lib := range found {
		if lib.Err != nil {
			continue
		}
		for _, state := range tryLibrary(ctx, lib) {
			state.Used = !seen[state.Provider] && state.Options == nil
			seen[state.Provider] = seen[state.Provider] || state.Used
			d.Providers = append(d.Providers, state)
		}
		if err := ctx.Err(); err != nil {
			return diagnosis{}, err
		}
	}
	for _, name := range runner.ProviderNames() {
		if !seen[name] {
			d.Providers = append(d.Providers, providerState{Provider: name, Status: stateAbsent, Reason: "no library that was found has it", Remedy: library.Remedy(name)})
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
		if slices.ContainsFunc(d.ONNXRuntime, func(r runtimeRow) bool { return r.Used }) {
			return nil
		}
	}
	_, err := library.Find(explicit)
	return err
}

func readDataFolder() dataFolder {
	var d dataFolder
	var err error
	if d.Path, err = library.DataDir(); err != nil {
		d.Error = err.Error()
		return d
	}
	root := filepath.Join(d.Path, "onnxruntime")
	entries, _ := os.ReadDir(root) // not there: nothing is installed
	for _, e := range entries {
		in := installed{Name: e.Name()}
		filepath.WalkDir(filepath.Join(root, e.Name()), func(_ string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				if info, err := e.Info(); err == nil {
					in.Bytes += info.Size()
				}
			}
			return nil // what can't be read counts nothing
		})
		d.Runtimes = append(d.Runtimes, in)
	}
	return d
}

// advise tells what costs speed, and what may be worth a try.
func (d *diagnosis) advise() {
	warn := func(format string, args ...any) { d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...)) }
	hint := func(format string, args ...any) { d.Hints = append(d.Hints, fmt.Sprintf(format, args...)) }
	m := d.Machine
	if m.Governor == "powersave" {
		warn("the clock's governor is powersave, which may keep the cores slow: `cpupower frequency-set -g performance`")
	}
	if m.QuotaCores != nil && *m.QuotaCores < float64(m.UsableCores) {
		warn("control groups (a container's --cpus) allow %.2f of %d cores: threads beyond that wait", *m.QuotaCores, m.UsableCores)
	}
	if m.LogicalCores != nil && m.UsableCores < *m.LogicalCores {
		warn("this process may use %d of %d logical cores (taskset, or a container's --cpuset-cpus)", m.UsableCores, *m.LogicalCores)
	}
	if m.Arch == "amd64" && !slices.Contains(m.CPUFeatures, "avx2") {
		warn("the CPU has no AVX2: every provider computes slowly on it")
	}
	if m.Arch == "amd64" && !slices.Contains(m.CPUFeatures, "avx512_vnni") && !slices.Contains(m.CPUFeatures, "avx_vnni") {
		warn("the CPU has no VNNI: 8-bit models are not faster than float32 ones on it")
	}
	if d.JPEGDecoder.Error != "" {
		warn("JPEGs are decoded without libjpeg-turbo, in about four times its time: %s", d.JPEGDecoder.Error)
	}
	if text := m.Unknown["gpus"]; text != "" {
		warn("NVIDIA's driver: %s", text)
	}
	has := func(provider string) bool {
		return slices.ContainsFunc(d.Providers, func(p providerState) bool { return p.Provider == provider && p.Status != stateAbsent })
	}
	if len(m.GPUs) > 0 && !has("cuda") {
		hint("there is an NVIDIA GPU (%s): %s", m.GPUs[0].Name, library.Remedy("cuda"))
	}
	if m.Arch == "amd64" && runtime.GOOS != "darwin" && !has("openvino") {
		hint("OpenVINO may be faster on this CPU: %s; `ortho bench run --providers cpu,openvino` measures", library.Remedy("openvino"))
	}
}

func (d diagnosis) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
