package machine

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// FuzzFiles: whatever the kernel's files hold, limits are limits, and nothing is without an end.
func FuzzFiles(f *testing.F) {
	f.Add("0::/user/app\n", v2Mounts, "150000 100000\n", "1073741824\n", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue\n", "Model: \t\t NVIDIA A10\nIRQ: 1\n")
	f.Add("4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n", v1Mounts, "-1\n", "9223372036854771712\n", "", "Model:")
	f.Add("0::/../../other\n", v2Mounts, "max 100000", "max", "Kernel Module 9.\x1b9", "\xff\x00")
	f.Add("0::/\n", v2Mounts, "1e308 1e-308", "18446744073709551616", "Kernel Module", "VmRSS:  99999999999999999999 kB\n")
	f.Add("0::/\n", v2Mounts, "NaN Inf", "-5", "", "powersave\n")
	root := f.TempDir() // one, and not each time
	f.Fuzz(func(t *testing.T, groups, mounts, cpu, memory, driver, information string) {
		for name, text := range map[string]string{
			"proc/self/cgroup": groups, "proc/self/mountinfo": mounts, "sys/fs/cgroup/cpu.max": cpu, "sys/fs/cgroup/memory.max": memory,
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": cpu, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": cpu, "sys/fs/cgroup/memory/memory.limit_in_bytes": memory,
			"proc/driver/nvidia/version": driver, "proc/driver/nvidia/gpus/0000:01:00.0/information": information,
			"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": information,
		} {
			file := filepath.Join(root, name)
			err := os.WriteFile(file, []byte(text), 0o644)
			if errors.Is(err, fs.ErrNotExist) {
				err = errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		cores, limit, err := cgroupLimits(root)
		if err != nil || cores != nil && !(*cores > 0 && *cores < math.Inf(1)) || limit != nil && (*limit == 0 || *limit >= 1<<62) {
			t.Errorf("%s cores, %s bytes, %v", number(cores, "none"), number(limit, "none"), err)
		}
		if _, err := shownGPUs(root); err != nil {
			t.Error(err)
		}
		if _, err := governor(root); err != nil {
			t.Error(err)
		}
		if n, err := kilobytes(information, "VmRSS"); err == nil && n >= 1<<60 {
			t.Errorf("%d bytes", n)
		}
	})
}
