package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/rows"
	"ortho/runner/doctor"
	"ortho/runner/library"
)

// diagnosed runs it with the test binary as the child, and reads what it prints.
func diagnosed(t *testing.T, args ...string) (code int, d pages.Diagnosis, stderr string) {
	t.Helper()
	code, stdout, stderr := execute(t, "", append([]string{"doctor", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatalf("exit %d, %v: %q, %q", code, err, stdout, stderr)
	}
	return code, d, stderr
}

func statesOf(d pages.Diagnosis, provider string) (states []doctor.Provider) {
	for _, p := range d.Providers {
		if p.Provider == provider {
			states = append(states, p)
		}
	}
	return states
}

func TestDoctor(t *testing.T) {
	needLibrary(t)
	code, d, stderr := diagnosed(t)
	used := slices.IndexFunc(d.ONNXRuntime, func(r pages.Runtime) bool { return r.Used })
	if code != exitOK || stderr != "" || used < 0 {
		t.Fatalf("exit %d, %q, %+v", code, stderr, d.ONNXRuntime)
	}
	cpu := statesOf(d, "cpu")
	if len(cpu) == 0 || !cpu[0].Used || !cpu[0].Available || cpu[0].Status != doctor.OK || cpu[0].Library != d.ONNXRuntime[used].Path {
		t.Errorf("%+v", cpu)
	}
	for _, p := range d.Providers {
		if p.Available != (p.Status == doctor.OK) || p.Available != (p.Reason == "") || (p.Library == "") != (p.Status == doctor.Absent) || p.Status == doctor.Crashed || p.Status == doctor.Hung {
			t.Errorf("%+v", p)
		}
		if p.Status == doctor.Absent && p.Remedy == "" {
			t.Errorf("%+v: and what to do?", p)
		}
	}
	if d.Machine.UsableCores == 0 || d.Data.Path == "" || d.JPEGDecoder.Name == "" || d.Warnings == nil || d.Hints == nil {
		t.Errorf("%+v", d)
	}
	code, stdout, stderr := execute(t, "", "doctor")
	checkTables(t, stdout)
	if code != exitOK || stderr != "" {
		t.Errorf("exit %d, %q", code, stderr)
	}
	for _, s := range []string{"ONNX Runtime libraries", "Execution providers", "Machine", d.Data.Path, "libavif"} {
		if !strings.Contains(stdout, s) {
			t.Errorf("%q does not say %q", stdout, s)
		}
	}
}

// What CUDA needs, and that OpenVINO runs, where their flavors are installed.
func TestDoctorFlavors(t *testing.T) {
	needLibrary(t)
	all := library.List("")
	has := func(provider string) bool {
		return slices.ContainsFunc(all, func(f library.Found) bool { return f.Err == nil && f.Flavor == provider && f.Has(provider) })
	}
	if !has("openvino") && !has("cuda") {
		t.Skip("neither flavor openvino nor cuda is installed")
	}
	_, d, _ := diagnosed(t)
	if states := statesOf(d, "openvino"); has("openvino") && !slices.ContainsFunc(states, func(p doctor.Provider) bool { return p.Available }) {
		t.Errorf("%+v", states)
	}
	if states := statesOf(d, "cuda"); has("cuda") && len(d.Machine.GPUs) == 0 && runtime.GOOS == "linux" {
		if states[0].Available || !strings.Contains(states[0].Reason, "no NVIDIA driver or GPU") || !strings.Contains(states[0].Reason, "libcudart.so.") && states[0].Remedy == "" {
			t.Errorf("%+v", states)
		}
	}
}

// A library that ends its process costs its own providers, and a usage error nothing.
func TestDoctorSurvives(t *testing.T) {
	defines := []string{`-DPROVIDERS="CUDAExecutionProvider","MIGraphXExecutionProvider","CPUExecutionProvider"`}
	crashes, hangs := fakeRuntime(t, "1.99.0", defines...), ""
	if runtime.GOOS != "windows" {
		hangs = fakeRuntime(t, "1.98.0", append(defines, "-DHANG")...)
	}
	real := library.List("")
	if len(real) > 0 && real[0].Source == library.SourceInstalled { // a good one after the bad
		code, d, stderr := diagnosed(t, "--onnxruntime", crashes)
		cpu := statesOf(d, "cpu")
		if code != exitFailed || !strings.Contains(stderr, "crashed") || len(cpu) < 2 || cpu[0].Status != doctor.Crashed || !cpu[1].Available {
			t.Errorf("exit %d, %q, %+v", code, stderr, cpu)
		}
	}
	emptyMachine(t)
	for lib, want := range map[string]doctor.Status{crashes: doctor.Crashed, hangs: doctor.Hung} {
		if lib == "" {
			continue
		}
		if want == doctor.Hung {
			old := tryTimeout
			tryTimeout = time.Second
			defer func() { tryTimeout = old }()
		}
		code, d, stderr := diagnosed(t, "--onnxruntime", lib)
		if code != exitFailed || !strings.Contains(stderr, string(want)) {
			t.Errorf("exit %d, %q", code, stderr)
		}
		for _, name := range []string{"cpu", "cuda"} {
			if p := statesOf(d, name)[0]; p.Status != want || p.Available || p.Reason == "" || p.Library != lib {
				t.Errorf("%+v, want %s", p, want)
			}
		}
		if p := statesOf(d, "migraphx")[0]; p.Status != doctor.Unsupported || !strings.Contains(p.Reason, "not supported by our binding") {
			t.Errorf("%+v", p)
		}
	}
}

func TestDoctorWithoutLibrary(t *testing.T) {
	emptyMachine(t)
	if _, err := library.Find(""); err == nil {
		t.Skip("ONNX Runtime lies in a folder of the system's")
	}
	code, d, stderr := diagnosed(t)
	if code != exitFailed || !strings.Contains(stderr, "`ortho runtime install`") || len(d.ONNXRuntime) != 0 || statesOf(d, "cpu")[0].Status != doctor.Absent || d.Machine.OS == "" {
		t.Errorf("exit %d, %q, %+v", code, stderr, d)
	}
	code, stdout, _ := execute(t, "", "doctor")
	if code != exitFailed || !strings.Contains(stdout, "none: `ortho runtime install` gets one") {
		t.Errorf("exit %d, %q", code, stdout)
	}
	if code, stdout, stderr := execute(t, "", "doctor", "x"); code != exitUsage || stdout != "" || stderr == "" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

// The library that -p needs is taken, in a process of its own.
func TestClassifyOnFlavors(t *testing.T) {
	needLibrary(t)
	_, d, _ := diagnosed(t)
	want := topClass(t, "cpu")
	for _, provider := range []string{"openvino", "cuda", "tensorrt"} {
		t.Run(provider, func(t *testing.T) {
			for _, p := range statesOf(d, provider) {
				if p.Used && !p.Available {
					t.Skipf("%s: %s", p.Status, p.Reason)
				}
			}
			if statesOf(d, provider)[0].Status == doctor.Absent {
				t.Skipf("flavor of %s is not installed", provider)
			}
			if got := topClass(t, provider); got != want {
				t.Errorf("%d, on the CPU provider %d", got, want)
			}
		})
	}
}

func topClass(t *testing.T, provider string) int {
	t.Helper()
	cmd := process(t, "classify", "-p", provider, "-f", "jsonl", coffee)
	cmd.Env = []string{asOrtho + "=1", "HOME=" + os.Getenv("HOME"), "ORTHO_DATA_DIR=" + os.Getenv("ORTHO_DATA_DIR"), "XDG_DATA_HOME=" + os.Getenv("XDG_DATA_HOME"), "LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH"), "LocalAppData=" + os.Getenv("LocalAppData")}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v, %s", provider, err, stderrOf(err))
	}
	return rowsFrom[rows.Classes](t, string(out))[0].Predictions[0].Index
}

func stderrOf(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(exit.Stderr)
	}
	return ""
}
