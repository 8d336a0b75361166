package machine

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"
)

// features are the CPU's that decide which kernels ONNX Runtime and OpenVINO take, by
// the names of Linux's /proc/cpuinfo.
func features() []string {
	names := []string{}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"avx512f", cpu.X86.HasAVX512F}, {"avx512_vnni", cpu.X86.HasAVX512VNNI},
		{"avx_vnni", cpu.X86.HasAVXVNNI}, {"avx512_bf16", cpu.X86.HasAVX512BF16},
		{"amx_tile", cpu.X86.HasAMXTile}, {"amx_int8", cpu.X86.HasAMXInt8}, {"amx_bf16", cpu.X86.HasAMXBF16},
		{"neon", cpu.ARM64.HasASIMD}, {"fp16", cpu.ARM64.HasASIMDHP}, {"dotprod", cpu.ARM64.HasASIMDDP}, {"i8mm", cpu.ARM64.HasI8MM},
		{"sve", cpu.ARM64.HasSVE}, {"sve2", cpu.ARM64.HasSVE2},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}

// governor is Linux's policy for the clock; of several cores with different ones, all.
func governor(root string) (string, error) {
	files, err := filepath.Glob(filepath.Join(root, "sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"))
	if err != nil || len(files) == 0 {
		return "", errors.New("the system shows none (virtual machines have none)")
	}
	var names []string
	for _, file := range files {
		text, err := readSmall(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a core went offline
		}
		if err != nil {
			return "", err
		}
		names = append(names, strings.TrimSpace(text))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", "), nil
}
