package machine

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"
)

// Facts are what is known of the machine and of this process's share in it. What is
// not known is nil or empty, and Unknown says why under the value's name in JSON.
type Facts struct {
	OS             string `json:"os"`       // as runtime.GOOS
	Arch           string `json:"arch"`     // as runtime.GOARCH
	Platform       string `json:"platform"` // the system's name and version
	Kernel         string `json:"kernel"`
	Virtualization string `json:"virtualization,omitempty"` // the hypervisor, where it shows
	Container      string `json:"container,omitempty"`      // "docker", "podman", "kubernetes", "lxc", ...

	CPUModel      string   `json:"cpu_model"`
	CPUFeatures   []string `json:"cpu_features"`   // those that decide on kernels: "avx2", "avx512_vnni", ...
	PhysicalCores *int     `json:"physical_cores"` // of the machine
	LogicalCores  *int     `json:"logical_cores"`  // of the machine
	UsableCores   int      `json:"usable_cores"`   // logical ones on which this process may be scheduled
	QuotaCores    *float64 `json:"quota_cores"`    // CPU time that cgroups allow, in cores; nil: no limit
	Governor      string   `json:"governor,omitempty"`

	MemoryTotal     *uint64 `json:"memory_total_bytes"`
	MemoryAvailable *uint64 `json:"memory_available_bytes"`
	MemoryLimit     *uint64 `json:"memory_limit_bytes"` // that cgroups set; nil: no limit

	GPUs []GPU `json:"gpus"` // NVIDIA's; others are not looked for

	Unknown map[string]string `json:"unknown,omitempty"`
}

// GPU is one graphics processor.
type GPU struct {
	Name              string  `json:"name"`
	Driver            string  `json:"driver,omitempty"` // its version
	MemoryTotal       *uint64 `json:"memory_total_bytes,omitempty"`
	ComputeCapability string  `json:"compute_capability,omitempty"` // NVIDIA's: "8.6"
}

// Read reads the facts. It may take some tenths of a second: it starts nvidia-smi
// where there is one.
func Read() Facts {
	f := Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUFeatures: features(), UsableCores: runtime.NumCPU(), Unknown: map[string]string{}}
	unknown := func(name string, err error) { f.Unknown[name] = err.Error() }

	if info, err := host.Info(); err != nil {
		unknown("platform", err)
		unknown("kernel", err)
	} else {
		f.Platform = strings.TrimSpace(info.Platform + " " + info.PlatformVersion)
		f.Kernel = info.KernelVersion
		if info.VirtualizationRole == "guest" {
			f.Virtualization = info.VirtualizationSystem
		}
	}
	f.Container = container("/")

	if info, err := cpu.Info(); err != nil {
		unknown("cpu_model", err)
	} else if len(info) == 0 || info[0].ModelName == "" {
		f.Unknown["cpu_model"] = "the system does not tell"
	} else {
		f.CPUModel = info[0].ModelName
	}
	count := func(name string, logical bool) *int {
		n, err := cpu.Counts(logical)
		if err == nil && n < 1 {
			err = fmt.Errorf("the system tells %d", n)
		}
		if err != nil {
			unknown(name, err)
			return nil
		}
		return &n
	}
	f.PhysicalCores, f.LogicalCores = count("physical_cores", false), count("logical_cores", true)

	var err error
	if f.QuotaCores, f.MemoryLimit, err = cgroupLimits("/"); err != nil {
		unknown("quota_cores", err)
		unknown("memory_limit_bytes", err)
	}
	if f.Governor, err = governor("/"); err != nil {
		unknown("governor", err)
	}
	if m, err := mem.VirtualMemory(); err != nil {
		unknown("memory_total_bytes", err)
		unknown("memory_available_bytes", err)
	} else {
		f.MemoryTotal, f.MemoryAvailable = &m.Total, &m.Available
	}
	if f.GPUs, err = gpus("/"); err != nil {
		unknown("gpus", err)
	}
	return f
}

// Same lists the differences for which figures measured on f and on g can't be
// compared, each as "what: of f, of g"; none: they can be.
func (f Facts) Same(g Facts) []string {
	var differ []string
	compare := func(what, a, b string) {
		if a != b {
			differ = append(differ, fmt.Sprintf("%s: %s, %s", what, a, b))
		}
	}
	compare("operating system", f.OS, g.OS)
	compare("architecture", f.Arch, g.Arch)
	compare("CPU", known(f.CPUModel), known(g.CPUModel))
	compare("logical cores", number(f.LogicalCores, "unknown"), number(g.LogicalCores, "unknown"))
	compare("usable cores", fmt.Sprint(f.UsableCores), fmt.Sprint(g.UsableCores))
	compare("CPU quota in cores", number(f.QuotaCores, "none"), number(g.QuotaCores, "none"))
	if a, b := f.MemoryTotal, g.MemoryTotal; a == nil || b == nil || float64(max(*a, *b)-min(*a, *b)) > 0.05*float64(max(*a, *b)) {
		compare("memory in bytes", number(a, "unknown"), number(b, "unknown"))
	}
	compare("GPUs", gpuNames(f.GPUs), gpuNames(g.GPUs))
	return differ
}

func known(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func number[T int | float64 | uint64](n *T, none string) string {
	if n == nil {
		return none
	}
	return fmt.Sprint(*n)
}

func gpuNames(gpus []GPU) string {
	var names []string
	for _, g := range gpus {
		names = append(names, strings.TrimSpace(g.Name+" "+g.Driver))
	}
	if names == nil {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, "; ")
}

// container returns the kind of container that this process is in; "" where none shows.
func container(root string) string {
	if os.Getenv("KUBERNETES_SERVICE_HOST") != "" {
		return "kubernetes"
	}
	for _, c := range []struct{ file, name string }{{".dockerenv", "docker"}, {"run/.containerenv", "podman"}} {
		if _, err := os.Stat(root + c.file); err == nil {
			return c.name
		}
	}
	return os.Getenv("container") // systemd's convention: "lxc", "systemd-nspawn", ...
}
