package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/runner/library"
	"ortho/runner/machine"
)

// TestMain makes the test binary the child where its environment asks for that, also one that
// breaks.
func TestMain(m *testing.M) {
	mode, arguments, child := strings.Cut(os.Getenv("DOCTOR_CHILD"), "|")
	if !child {
		os.Exit(m.Run())
	}
	path, tries, _ := strings.Cut(arguments, "|")
	for i, try := range strings.Fields(tries) {
		switch {
		case mode == "serve":
			if err := Serve(context.Background(), path, []string{try}, os.Stdout); err != nil {
				os.Exit(1)
			}
		case try != "cuda" || mode == "well":
			if i == 0 {
				fmt.Println("a library says hello")
			}
			fmt.Println(`{"error":"` + map[bool]string{true: "of " + try}[try == "azure" || try == "xnnpack"] + `"}`)
		case mode == "crash":
			fmt.Fprint(os.Stderr, "\n  double free\t\n\nin cuda.so\nand more\n")
			os.Exit(134)
		case mode == "leave":
			os.Exit(0)
		case mode == "hang":
			time.Sleep(time.Hour)
		}
	}
	os.Exit(0)
}

func options(t *testing.T, mode string) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Command: func(ctx context.Context, library string, tries []string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self)
		cmd.Env = append(os.Environ(), "DOCTOR_CHILD="+mode+"|"+library+"|"+strings.Join(tries, " "))
		return cmd
	}}
	if mode == "hang" {
		opt.Timeout = time.Second
	}
	return opt
}

// isolated is a machine on which nothing is installed.
func isolated(t *testing.T) {
	t.Helper()
	t.Setenv("ORTHO_DATA_DIR", t.TempDir())
}

func TestProviders(t *testing.T) {
	isolated(t)
	found := []library.Found{
		{Path: "broken.so", Err: errors.New("no library")},
		{Path: "one.so", Version: "1.2.3", Flavor: "cuda", Providers: []string{"azure", "cuda", "xnnpack", "cpu", "other"}},
		{Path: "two.so", Providers: []string{"cpu", "xnnpack"}},
	}
	for mode, want := range map[string]struct {
		status Status // of cuda
		reason string
	}{
		"well": {OK, ""}, "crash": {Crashed, "exit status 134: double free in cuda.so"}, "leave": {Crashed, "its process ended too early"}, "hang": {Hung, "no answer in 1s"},
	} {
		all, err := Providers(t.Context(), found, options(t, mode))
		if err != nil {
			t.Errorf("%s: %v", mode, err)
			continue
		}
		var got []string
		for _, p := range all {
			if p.Available != (p.Status == OK) || p.Available != (p.Reason == "") || (p.Library == "") != (p.Status == Absent) || (p.Remedy != "") != (p.Status == Absent) {
				t.Errorf("%s: %+v", mode, p)
			}
			if p.Status != Absent {
				got = append(got, fmt.Sprint(p.Provider, " ", p.Library, " ", p.Used, " ", p.Status))
			}
		}
		states := []string{"cpu one.so true ok", "azure one.so true failed", "cuda one.so true " + string(want.status), "xnnpack one.so true failed", "other one.so true unsupported",
			"cpu two.so false ok", "xnnpack two.so false failed"}
		if !slices.Equal(got, states) {
			t.Errorf("%s: %q, want %q", mode, got, states)
		}
		of := func(name string) Provider {
			return all[slices.IndexFunc(all, func(p Provider) bool { return p.Provider == name })]
		}
		if p := of("cuda"); p.Reason != want.reason || p.Version != "1.2.3" || p.Flavor != "cuda" {
			t.Errorf("%s: %+v, want %q", mode, p, want.reason)
		}
		if of("xnnpack").Reason != "of xnnpack" || !strings.Contains(of("azure").Reason, "Azure's servers") || of("coreml").Status != Absent {
			t.Errorf("%s: %+v", mode, all)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	opt := options(t, "hang")
	opt.Timeout = time.Hour
	if all, err := Providers(ctx, []library.Found{{Path: "one.so", Providers: []string{"cuda"}}}, opt); !errors.Is(err, context.Canceled) || all != nil {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestServe: the CPU runs, and what is no provider does not.
func TestServe(t *testing.T) {
	lib, err := library.Find("")
	if err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	all, err := Providers(t.Context(), []library.Found{{Path: lib.Path, Providers: []string{"cpu"}}}, options(t, "serve"))
	if err != nil || all[0].Provider != "cpu" || !all[0].Available || !all[0].Used {
		t.Errorf("%+v, %v", all, err)
	}
	var out bytes.Buffer
	if err := Serve(t.Context(), lib.Path, []string{"nonsense"}, &out); err != nil || !strings.Contains(out.String(), `"error":`) || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%q, %v", &out, err)
	}
}

func TestReadData(t *testing.T) {
	isolated(t)
	if d := ReadData(); d.Path != os.Getenv("ORTHO_DATA_DIR") || d.Runtimes != nil || d.Error != "" {
		t.Errorf("empty: %+v", d)
	}
	folder := filepath.Join(os.Getenv("ORTHO_DATA_DIR"), "onnxruntime", "1.2.3-cpu", "lib")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "lib.so"), make([]byte, 123), 0o600); err != nil {
		t.Fatal(err)
	}
	if d := ReadData(); !slices.Equal(d.Runtimes, []Installed{{"1.2.3-cpu", 123}}) {
		t.Errorf("%+v", d)
	}
}

func TestAdvise(t *testing.T) {
	half, cores := 0.5, 8
	for name, c := range map[string]struct {
		m    machine.Facts
		want []Advice
	}{
		"nothing": {machine.Facts{Arch: "arm64", UsableCores: 8, LogicalCores: &cores}, nil},
		"fast":    {machine.Facts{Arch: "amd64", CPUFeatures: []string{"avx2", "avx_vnni"}, Governor: "performance"}, nil},
		"slow": {machine.Facts{Arch: "amd64", UsableCores: 4, LogicalCores: &cores, QuotaCores: &half, Governor: "powersave"},
			[]Advice{Powersave, Quota, FewerCores, NoAVX2, NoVNNI}},
	} {
		if got := AdviseCPU(c.m); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	gpu := machine.Facts{Arch: "arm64", GPUs: []machine.GPU{{Name: "NVIDIA A10"}}, Unknown: map[string]string{"gpus": "no answer"}}
	if got := AdviseProviders(gpu, []Provider{{Provider: "cuda", Status: Absent}}); !slices.Equal(got, []Advice{DriverFails, TryCUDA}) {
		t.Errorf("%q", got)
	}
	if got := AdviseProviders(gpu, []Provider{{Provider: "cuda", Status: Failed}}); !slices.Equal(got, []Advice{DriverFails}) {
		t.Errorf("%q", got)
	}
	intel := machine.Facts{Arch: "amd64"}
	if got := AdviseProviders(intel, nil); slices.Contains(got, TryOpenVINO) != (runtime.GOOS != "darwin") {
		t.Errorf("%q", got)
	}
	if got := AdviseProviders(intel, []Provider{{Provider: "openvino", Status: OK}}); got != nil {
		t.Errorf("%q", got)
	}
}
