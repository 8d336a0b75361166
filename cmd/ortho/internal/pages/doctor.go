package pages

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
	"ortho/runner/doctor"
	"ortho/runner/library"
	"ortho/runner/machine"
)

// Diagnosis is what doctor finds; its JSON is an output format.
type Diagnosis struct {
	Ortho       string                    `json:"ortho"` // version
	ONNXRuntime []Runtime                 `json:"onnxruntime"`
	Providers   []doctor.Provider         `json:"providers"`
	Machine     machine.Facts             `json:"machine"`
	JPEGDecoder preprocess.Decoder        `json:"jpeg_decoder"`
	Images      []preprocess.ImageLibrary `json:"image_libraries"`
	Data        doctor.Data               `json:"data"`
	Telemetry   bool                      `json:"telemetry"` // ONNX Runtime's: the environment keeps it on
	Warnings    []string                  `json:"warnings"`  // what goes wrong or costs speed
	Hints       []string                  `json:"hints"`     // what may be worth a try
}

// Advise adds what costs speed, and what may be worth a try.
func (d *Diagnosis) Advise() {
	for _, a := range doctor.AdviseCPU(d.Machine) {
		d.say(a)
	}
	if d.JPEGDecoder.Error != "" {
		d.warn("JPEGs are decoded without libjpeg-turbo, in about four times its time: %s (ortho runtime install)", d.JPEGDecoder.Error)
	}
	if d.Telemetry {
		d.warn("%s in the environment keeps ONNX Runtime's telemetry on, which tells Microsoft of models and of this machine", library.TelemetryVariable)
	}
	for _, a := range doctor.AdviseProviders(d.Machine, d.Providers) {
		d.say(a)
	}
}

func (d *Diagnosis) say(a doctor.Advice) {
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
		d.warn("the CPU has no VNNI: 8-bit models are not faster than float32 ones on it, and some may answer a little otherwise than elsewhere (a run of such a one says so)")
	case doctor.DriverFails:
		d.warn("NVIDIA's driver: %s", m.Unknown["gpus"])
	case doctor.TryCUDA:
		d.hint("there is an NVIDIA GPU (%s): %s", m.GPUs[0].Name, library.Remedy("cuda"))
	case doctor.TryOpenVINO:
		d.hint("OpenVINO may be faster on this CPU: %s; `ortho bench run --providers cpu,openvino` measures", library.Remedy("openvino"))
	}
}

func (d *Diagnosis) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

func (d *Diagnosis) hint(format string, args ...any) {
	d.Hints = append(d.Hints, fmt.Sprintf(format, args...))
}

// Print prints the diagnosis for people.
func (d Diagnosis) Print(w io.Writer) error {
	var b strings.Builder
	width := grid.Width(w)
	section := func(title string) { fmt.Fprintf(&b, "\n%s\n", title) }
	fmt.Fprintf(&b, "ortho %s\n", d.Ortho)
	section("ONNX Runtime libraries (* is used, unless -p asks for what it lacks)")
	if len(d.ONNXRuntime) == 0 {
		fmt.Fprintln(&b, "none: `ortho runtime install` gets one")
	} else {
		fmt.Fprintln(&b, RuntimeTable(d.ONNXRuntime).Draw(width))
	}
	section("Execution providers (* is taken by -p)")
	fmt.Fprintln(&b, d.providerTable().Draw(width))
	if absent := d.absent(); absent != "" {
		fmt.Fprintln(&b, grid.Sentence(w, "", absent))
	}
	section("Machine")
	fmt.Fprintln(&b, d.machineTable().Draw(width))
	for _, list := range []struct {
		title string
		lines []string
	}{{"Warnings", d.Warnings}, {"Hints", d.Hints}} {
		if len(list.lines) > 0 {
			section(list.title)
		}
		for _, line := range list.lines {
			fmt.Fprintln(&b, grid.Sentence(w, "- ", term.Clean(line)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d Diagnosis) providerTable() *grid.Table {
	t := grid.New(grid.Text("used"), grid.Text("provider"), grid.Text("library"), grid.Text("available"), grid.Text("reason, and what to do"))
	for _, p := range d.Providers {
		if p.Status == doctor.Absent && !installable(p.Provider) {
			continue
		}
		used, available := "", "no: "+string(p.Status)
		if p.Used && p.Available {
			used = "*"
		}
		if p.Available {
			available = "yes"
		}
		name := p.Provider
		for _, key := range slices.Sorted(maps.Keys(p.Options)) {
			name += " " + key + "=" + p.Options[key]
		}
		why := p.Reason
		if p.Remedy != "" {
			why += "; " + p.Remedy
		}
		t.Row(used, term.Clean(name), term.Clean(strings.TrimSpace(p.Version+" "+p.Flavor)), available, term.Clean(why))
	}
	return t
}

// absent names the providers that no library has, nor one that ortho can install.
func (d Diagnosis) absent() string {
	var names []string
	for _, p := range d.Providers {
		if p.Status == doctor.Absent && !installable(p.Provider) {
			names = append(names, p.Provider)
		}
	}
	if names == nil {
		return ""
	}
	return "In no library here: " + strings.Join(names, ", ") + ". A build with one is named by --onnxruntime PATH."
}

func installable(provider string) bool {
	return strings.Contains(library.Remedy(provider), "--flavor")
}

func (d Diagnosis) machineTable() *grid.Table {
	m := d.Machine
	t := grid.New(grid.Text("what"), grid.Text("value"))
	row := func(what, field, value string) {
		if value == "" {
			value = "unknown: " + cmp.Or(m.Unknown[field], "the system does not tell")
		}
		t.Row(what, term.Clean(value))
	}
	row("system", "platform", m.Platform)
	row("kernel", "kernel", strings.TrimSpace(m.Kernel+" "+m.OS+"/"+m.Arch))
	if in := strings.Join(slices.Compact(slices.DeleteFunc([]string{m.Virtualization, m.Container}, func(s string) bool { return s == "" })), ", "); in != "" {
		row("guest of", "", in)
	}
	row("CPU", "cpu_model", m.CPUModel)
	row("CPU features", "", cmp.Or(strings.Join(m.CPUFeatures, " "), "none that matter here"))
	row("cores", "", fmt.Sprintf("%s physical, %s logical, %d usable", known(m.PhysicalCores), known(m.LogicalCores), m.UsableCores))
	quota := "none"
	if m.QuotaCores != nil {
		quota = fmt.Sprintf("%.2f cores", *m.QuotaCores)
	}
	if m.Unknown["quota_cores"] != "" {
		quota = ""
	}
	row("CPU quota", "quota_cores", quota)
	row("governor", "governor", m.Governor)
	memory := ""
	if m.MemoryTotal != nil && m.MemoryAvailable != nil {
		memory = fmt.Sprintf("%s, of which %s available", term.Gigabytes(*m.MemoryTotal), term.Gigabytes(*m.MemoryAvailable))
	}
	if m.MemoryLimit != nil {
		memory += fmt.Sprintf("; control groups allow %s", term.Gigabytes(*m.MemoryLimit))
	}
	row("memory", "memory_total_bytes", memory)
	for _, g := range m.GPUs {
		text := g.Name
		if g.Driver != "" {
			text += ", driver " + g.Driver
		}
		if g.MemoryTotal != nil {
			text += ", " + term.Gigabytes(*g.MemoryTotal)
		}
		if g.ComputeCapability != "" {
			text += ", compute capability " + g.ComputeCapability
		}
		row("GPU", "", text)
	}
	if len(m.GPUs) == 0 {
		row("GPU", "", cmp.Or(m.Unknown["gpus"], "no NVIDIA driver; others are not looked for"))
	}
	for i, l := range d.Images {
		title := ""
		if i == 0 {
			title = "images"
		}
		row(title, "", strings.TrimSpace(l.Name+" "+l.Version)+" "+l.Use+": "+cmp.Or(l.Error, l.Path))
	}
	telemetry := "off"
	if d.Telemetry {
		telemetry = "on, as the environment has it"
	}
	row("telemetry", "", "of ONNX Runtime: "+telemetry)
	row("data folder", "", cmp.Or(d.Data.Error, d.Data.Path))
	for _, r := range d.Data.Runtimes {
		row("  installed", "", fmt.Sprintf("%s, %.0f MB", r.Name, float64(r.Bytes)/1e6))
	}
	return t
}

func known(n *int) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}
