package pages

import (
	"cmp"
	"fmt"
	"strings"

	"ortho/cmd/ortho/internal/report"
	"ortho/runner/machine"
)

// machineFacts are what figures depend on besides the model.
func machineFacts(m *machine.Facts) report.Facts {
	missing := func(name string) string { return "unknown: " + cmp.Or(m.Unknown[name], "no reason was recorded") }
	facts := report.Facts{
		{Name: "CPU", Value: cmp.Or(m.CPUModel, missing("cpu_model")), Hint: strings.Join(m.CPUFeatures, " ")},
		{Name: "Cores", Value: fmt.Sprintf("%d usable, %s logical, %s physical", m.UsableCores, optional(m.LogicalCores), optional(m.PhysicalCores))},
	}
	quota := report.Fact{Name: "CPU quota", Value: "none"}
	if m.QuotaCores != nil {
		quota.Value = trim(*m.QuotaCores) + " cores"
	} else if m.Unknown["quota_cores"] != "" {
		quota.Value = missing("quota_cores")
	}
	memory := report.Fact{Name: "Memory", Value: missing("memory_total_bytes")}
	if m.MemoryTotal != nil {
		memory.Value = mib(*m.MemoryTotal) + " MiB"
	}
	if m.MemoryAvailable != nil {
		memory.Hint = mib(*m.MemoryAvailable) + " MiB available at the start"
	}
	if m.MemoryLimit != nil {
		memory.Hint = strings.TrimPrefix(memory.Hint+"; limited to "+mib(*m.MemoryLimit)+" MiB", "; ")
	}
	guest := strings.Trim(m.Virtualization+", "+m.Container, ", ")
	facts = append(facts, quota, report.Fact{Name: "Governor", Value: cmp.Or(m.Governor, missing("governor"))}, memory,
		report.Fact{Name: "System", Value: strings.TrimSpace(orUnknown(m.OS) + "/" + orUnknown(m.Arch) + " " + m.Platform), Hint: guest},
		report.Fact{Name: "Kernel", Value: cmp.Or(m.Kernel, missing("kernel"))})
	for _, g := range m.GPUs {
		gpu := report.Fact{Name: "GPU", Value: orUnknown(g.Name), Hint: "driver " + orUnknown(g.Driver)}
		if g.MemoryTotal != nil {
			gpu.Hint += ", " + mib(*g.MemoryTotal) + " MiB"
		}
		facts = append(facts, gpu)
	}
	if len(m.GPUs) == 0 {
		none := "none of NVIDIA's"
		if m.Unknown["gpus"] != "" {
			none = missing("gpus")
		}
		facts = append(facts, report.Fact{Name: "GPU", Value: none})
	}
	return facts
}

func optional(n *int) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n)
}
