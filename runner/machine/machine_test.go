package machine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func ptr[T any](v T) *T { return &v }

// tree makes a root with these files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestRead(t *testing.T) {
	f := Read()
	if f.OS != runtime.GOOS || f.Arch != runtime.GOARCH || f.UsableCores < 1 || f.GPUs == nil || f.CPUFeatures == nil {
		t.Errorf("%+v", f)
	}
	// What is there is no zero, and what is not there has a reason.
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"physical_cores", "logical_cores", "memory_total_bytes", "memory_available_bytes", "cpu_model", "platform", "kernel"} {
		v := values[name]
		if (v == nil || v == "") != (f.Unknown[name] != "") || v == 0.0 {
			t.Errorf("%s: %v, unknown for %q", name, v, f.Unknown[name])
		}
	}
	if differ := f.Same(f); differ != nil {
		t.Errorf("differs from itself: %q", differ)
	}
	var again Facts
	if err := json.Unmarshal(text, &again); err != nil || f.Same(again) != nil {
		t.Errorf("differs after JSON: %q, %v", f.Same(again), err)
	}
}

func TestSame(t *testing.T) {
	base := Facts{OS: "linux", Arch: "amd64", CPUModel: "A", LogicalCores: ptr(8), UsableCores: 8, MemoryTotal: ptr(uint64(100 << 30)), GPUs: []GPU{{Name: "X", Driver: "1"}, {Name: "Y", Driver: "1"}}}
	for name, test := range map[string]struct {
		change func(*Facts)
		want   []string
	}{
		"itself":          {func(*Facts) {}, nil},
		"memory, about":   {func(f *Facts) { f.MemoryTotal = ptr(uint64(96 << 30)) }, nil},
		"kernel":          {func(f *Facts) { f.Kernel = "7"; f.MemoryAvailable = ptr(uint64(1)) }, nil},
		"order of GPUs":   {func(f *Facts) { f.GPUs = []GPU{f.GPUs[1], f.GPUs[0]} }, nil},
		"memory":          {func(f *Facts) { f.MemoryTotal = ptr(uint64(94 << 30)) }, []string{"memory in bytes: 107374182400, 100931731456"}},
		"memory, unknown": {func(f *Facts) { f.MemoryTotal = nil }, []string{"memory in bytes: 107374182400, unknown"}},
		"cpu":             {func(f *Facts) { f.CPUModel = "" }, []string{"CPU: A, unknown"}},
		"cores":           {func(f *Facts) { f.LogicalCores, f.UsableCores = ptr(4), 2 }, []string{"logical cores: 8, 4", "usable cores: 8, 2"}},
		"quota":           {func(f *Facts) { f.QuotaCores = ptr(1.5) }, []string{"CPU quota in cores: none, 1.5"}},
		"system":          {func(f *Facts) { f.OS, f.Arch = "darwin", "arm64" }, []string{"operating system: linux, darwin", "architecture: amd64, arm64"}},
		"gpu":             {func(f *Facts) { f.GPUs = nil }, []string{"GPUs: X 1; Y 1, none"}},
		"driver":          {func(f *Facts) { f.GPUs = []GPU{{Name: "X", Driver: "2"}} }, []string{"GPUs: X 1; Y 1, X 2"}},
	} {
		other := base
		test.change(&other)
		if got := base.Same(other); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		if (other.Same(base) == nil) != (test.want == nil) {
			t.Errorf("%s: not so the other way round", name)
		}
	}
}

const (
	v1Mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n" +
		"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct\n" +
		"33 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n" +
		"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	v2Mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
)

func TestCgroupLimits(t *testing.T) {
	for name, test := range map[string]struct {
		files  map[string]string
		cores  *float64
		memory *uint64
	}{
		"none": {map[string]string{}, nil, nil},
		"v2": {map[string]string{
			"proc/self/cgroup": "0::/user/app\n", "proc/self/mountinfo": v2Mounts,
			"sys/fs/cgroup/user/app/cpu.max": "150000 100000\n", "sys/fs/cgroup/user/app/memory.max": "1073741824\n",
		}, ptr(1.5), ptr(uint64(1 << 30))},
		"v2, no limit": {map[string]string{
			"proc/self/cgroup": "0::/user/app\n", "proc/self/mountinfo": v2Mounts,
			"sys/fs/cgroup/user/app/cpu.max": "max 100000\n", "sys/fs/cgroup/user/app/memory.max": "max\n",
		}, nil, nil},
		"v2, a group above is tighter": {map[string]string{
			"proc/self/cgroup": "0::/user/app\n", "proc/self/mountinfo": v2Mounts,
			"sys/fs/cgroup/user/app/cpu.max": "400000 100000\n", "sys/fs/cgroup/user/cpu.max": "50000 100000\n",
			"sys/fs/cgroup/user/memory.max": "42\n",
		}, ptr(0.5), ptr(uint64(42))},
		"v2, of a container without its own namespace": {map[string]string{
			"proc/self/cgroup": "0::/docker/abc\n", "proc/self/mountinfo": "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
			"sys/fs/cgroup/cpu.max": "200000 100000\n",
		}, ptr(2.0), nil},
		"v2, with a path outside": {map[string]string{
			"proc/self/cgroup": "0::/../../other\n", "proc/self/mountinfo": v2Mounts,
			"sys/fs/cgroup/cpu.max": "100000 100000\n",
		}, ptr(1.0), nil},
		"v1": {map[string]string{
			"proc/self/cgroup": "4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n", "proc/self/mountinfo": v1Mounts,
			"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "250000\n", "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/memory/box/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "2048\n",
		}, ptr(2.5), ptr(uint64(2048))},
		"v1, no limit": {map[string]string{
			"proc/self/cgroup": "2:cpu,cpuacct:/\n", "proc/self/mountinfo": v1Mounts,
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
		}, nil, nil},
		"cpuset is not cpu": {map[string]string{
			"proc/self/cgroup": "3:cpuset:/\n", "proc/self/mountinfo": v1Mounts,
			"sys/fs/cgroup/cpuset/cpu.cfs_quota_us": "1\n", "sys/fs/cgroup/cpuset/cpu.cfs_period_us": "1\n",
		}, nil, nil},
		"nonsense": {map[string]string{
			"proc/self/cgroup": "0::/\nx\n::::\n", "proc/self/mountinfo": "- - -\n" + v2Mounts,
			"sys/fs/cgroup/cpu.max": "100000 0\n", "sys/fs/cgroup/memory.max": "-5\n",
		}, nil, nil},
	} {
		cores, memory, err := cgroupLimits(tree(t, test.files))
		if err != nil || !reflect.DeepEqual(cores, test.cores) || !reflect.DeepEqual(memory, test.memory) {
			t.Errorf("%s: %s, %s, %v; want %s, %s", name, number(cores, "none"), number(memory, "none"), err, number(test.cores, "none"), number(test.memory, "none"))
		}
	}
	if _, _, err := cgroupLimits(tree(t, map[string]string{"proc/self/cgroup": "0::/\n"})); err == nil {
		t.Error("no mounts: no error")
	}
}

// Folders stay below the mounts, whatever the kernel's files hold.
func FuzzGroupFolders(f *testing.F) {
	f.Add("0::/user/app\n", v2Mounts)
	f.Add("2:cpu,cpuacct:/../x\n", v1Mounts)
	f.Add("0::/a/b\n", "1 2 3 /a /m rw - cgroup2 x rw\n")
	f.Fuzz(func(t *testing.T, groups, mounts string) {
		for _, folder := range groupFolders(groups, mounts, "cpu") {
			below := false
			for mount := range strings.Lines(mounts) {
				if fields := strings.Fields(mount); len(fields) > 4 && strings.HasPrefix(folder, filepath.Clean(fields[4])) {
					below = true
				}
			}
			if !below {
				t.Errorf("%q of %q, %q", folder, groups, mounts)
			}
		}
	})
}

func TestGovernor(t *testing.T) {
	const cpu = "sys/devices/system/cpu/cpu"
	for name, test := range map[string]struct {
		files map[string]string
		want  string
		ok    bool
	}{
		"none": {nil, "", false},
		"one":  {map[string]string{cpu + "0/cpufreq/scaling_governor": "powersave\n", cpu + "1/cpufreq/scaling_governor": "powersave\n"}, "powersave", true},
		"two":  {map[string]string{cpu + "0/cpufreq/scaling_governor": "schedutil\n", cpu + "1/cpufreq/scaling_governor": "performance\n"}, "performance, schedutil", true},
	} {
		if got, err := governor(tree(t, test.files)); got != test.want || (err == nil) != test.ok {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestShownGPUs(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/driver/nvidia/version":                       "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 12\n",
		"proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA A10\nIRQ: 1\n",
		"proc/driver/nvidia/gpus/0000:02:00.0/information": "Model: \t\t NVIDIA T4\n",
	})
	got, err := shownGPUs(root)
	if err != nil || !reflect.DeepEqual(got, []GPU{{Name: "NVIDIA A10", Driver: "550.54.15"}, {Name: "NVIDIA T4", Driver: "550.54.15"}}) {
		t.Errorf("%+v, %v", got, err)
	}
	open := tree(t, map[string]string{"proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build\n",
		"proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: NVIDIA H100\n"})
	if got, err := shownGPUs(open); err != nil || len(got) != 1 || got[0].Driver != "570.86.10" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := shownGPUs(t.TempDir()); err != nil || got == nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// nvidia-smi that answers, fails and is missing.
func TestSMI(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("programs of this test are shell scripts")
	}
	for name, test := range map[string]struct {
		script string
		want   []GPU
		says   string
	}{
		"two":    {"echo 'NVIDIA A10, 550.54.15, 23028, 8.6'; echo 'NVIDIA GB10, 580.1, [N/A], 12.1'", []GPU{{"NVIDIA A10", "550.54.15", ptr(uint64(23028 << 20)), "8.6"}, {"NVIDIA GB10", "580.1", nil, "12.1"}}, ""},
		"failed": {"echo 'couldnt communicate with the NVIDIA driver'; exit 9", []GPU{}, "couldnt communicate"},
		"odd":    {"echo 'a,b'", []GPU{}, "wrong number of fields"},
		"silent": {"exit 0", []GPU{}, ""},
		"":       {"", []GPU{}, ""},
	} {
		bin := t.TempDir()
		if test.script != "" {
			if err := os.WriteFile(filepath.Join(bin, "nvidia-smi"), []byte("#!/bin/sh\n"+test.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("PATH", bin)
		got, err := gpus(t.TempDir())
		if !reflect.DeepEqual(got, test.want) || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzParseSMI(f *testing.F) {
	f.Add("NVIDIA A10, 550.54.15, 23028, 8.6\n")
	f.Add("\"a\"b,\",,\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseSMI(text)
		for _, g := range list {
			if err != nil || g.MemoryTotal != nil && *g.MemoryTotal == 0 {
				t.Errorf("%+v, %v", g, err)
			}
		}
	})
}

func TestMemory(t *testing.T) {
	before := Memory()
	if runtime.GOOS != "linux" {
		if before.PSS != nil || before.Peak != nil || before.Reason == "" {
			t.Errorf("%+v", before)
		}
		return
	}
	if before.RSS == nil || before.PSS == nil || before.Peak == nil || before.Reason != "" || *before.RSS == 0 {
		t.Fatalf("%+v", before)
	}
	const size = 64 << 20
	block := make([]byte, size)
	for i := range block {
		block[i] = 1
	}
	grown := Memory()
	if *grown.RSS < *before.RSS+size/2 || *grown.Peak < *before.RSS+size/2 || *grown.PSS < *before.PSS+size/2 {
		t.Errorf("%d, %d, %d after %d of %d more", *grown.RSS, *grown.PSS, *grown.Peak, *before.RSS, size)
	}
	runtime.KeepAlive(block)
	if err := ResetPeak(); err != nil {
		t.Skipf("this kernel resets no peak: %v", err)
	}
}
