package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
	"ortho/runner/onnx"
)

// Lines as ONNX Runtime 1.24.1 and 1.31.1 log them.
func TestTidyLog(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "\n\n": "", "plain\n": "plain", "one\ntwo\n": "one; two",
		"/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:2043 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library /x/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory\n": "Failed to load library /x/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory",
		"/onnxruntime/onnxruntime/core/providers/openvino/openvino_provider_factory.cc:141 std::string onnxruntime::openvino_ep::ParseDeviceType(std::shared_ptr<OVCore>, const onnxruntime::ProviderOptions&) [ERROR] [OpenVINO] Device GPU is not available\n":                                                                 "[OpenVINO] Device GPU is not available",
		"/onnxruntime/onnxruntime/core/providers/openvino/openvino_provider_factory.cc:232 onnxruntime::openvino_ep::ParseProviderInfo(const onnxruntime::ProviderOptions&, const onnxruntime::ConfigOptions*, ProviderInfo&)::<lambda()> Invalid provider_option key: num_threads\n":                                            "Invalid provider_option key: num_threads",
	} {
		if got := tidyLog(text); got != want {
			t.Errorf("%q:\n%q, want\n%q", text, got, want)
		}
	}
}

// The reason is the nearest one that is known.
func TestWhyNot(t *testing.T) {
	lib := library.Found{Path: filepath.Join(t.TempDir(), "libonnxruntime.so"), Version: "1.32.0", Flavor: "cpu", Providers: []string{"cpu", "xnnpack"}}
	failed := errors.New("Failed to load shared library.")
	takeLog()
	if err := whyNot(lib, "openvino", failed); !strings.Contains(err.Error(), "ONNX Runtime 1.32.0 (cpu, ") || !strings.Contains(err.Error(), "does not have it") {
		t.Error(err)
	}
	if err := whyNot(lib, "xnnpack", failed); err.Error() != "Failed to load shared library" {
		t.Error(err)
	}
}

// The library of this process is not exchanged, and says what it lacks.
func TestLoadedLibraryLacksProvider(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	defer s.Close()
	lacks := ""
	for _, name := range []string{"qnn", "snpe", "cuda"} {
		if !s.Library.Has(name) {
			lacks = name
		}
	}
	if lacks == "" {
		t.Skip("this library has every provider")
	}
	if _, err := load("", []Provider{{Name: lacks}}); !errors.Is(err, library.ErrNoProvider) || !strings.Contains(err.Error(), s.Library.Path) || !strings.Contains(err.Error(), "already loaded") {
		t.Error(err)
	}
	if found, err := load("", []Provider{{Name: lacks}, {Name: CPU}}); err != nil || found.Path != s.Library.Path {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := load(filepath.Join(t.TempDir(), "other.so"), nil); err == nil || !strings.Contains(err.Error(), "can't also use") {
		t.Error(err)
	}
}

func TestOpenVINOsThreads(t *testing.T) {
	cores := runtime.GOMAXPROCS(4)
	defer runtime.GOMAXPROCS(cores)
	for _, test := range []struct {
		options       map[string]string
		threads       int
		streams, of   string
		batch, flight int
	}{
		{nil, 0, "4", "4", 1, 4},
		{nil, 1, "4", "4", 1, 4},
		{nil, 2, "2", "4", 1, 4},
		{nil, 3, "1", "3", 1, 4},
		{nil, 8, "1", "8", 1, 4},
		{map[string]string{"device_type": "CPU"}, 2, "2", "4", 1, 4},
		{map[string]string{"device_type": "GPU"}, 2, "", "", 16, 3},
		{map[string]string{"device_type": "HETERO:GPU,CPU"}, 2, "", "", 16, 3},
		{map[string]string{"num_streams": "7"}, 2, "7", "", 1, 4},
		{map[string]string{"num_of_threads": "7"}, 2, "", "7", 1, 4},
		{map[string]string{"load_config": "x.json"}, 2, "", "", 1, 4},
	} {
		given := []Provider{{Name: "openvino", Options: test.options}, {Name: CPU}}
		got := withThreads(given, test.threads)
		if o := got[0].Options; o["num_streams"] != test.streams || o["num_of_threads"] != test.of || len(got[1].Options) != 0 || len(given[0].Options) != len(test.options) {
			t.Errorf("%v with %d threads: %v", test.options, test.threads, o)
		}
		if batch, flight := (Options{Providers: given}).DefaultBatch("openvino"); batch != test.batch || flight != test.flight {
			t.Errorf("%v: batch %d, %d at once", test.options, batch, flight)
		}
	}
	if batch, flight := DefaultBatch("cuda"); batch != 16 || flight != 3 {
		t.Errorf("cuda: batch %d, %d at once", batch, flight)
	}
}

// recorder takes settings down.
type recorder struct{ got []string }

func (r *recorder) SetMemPattern(on bool) error {
	r.got = append(r.got, fmt.Sprint("memory patterns ", on))
	return nil
}

func (r *recorder) SetExecutionMode(mode ort.ExecutionMode) error {
	r.got = append(r.got, fmt.Sprint("execution ", mode))
	return nil
}

// What each provider's own documentation or source asks for.
func TestKinds(t *testing.T) {
	for _, name := range ProviderNames() {
		var r recorder
		if err := kinds[name].set(&r); err != nil {
			t.Fatal(err)
		}
		var want []string
		if name == "directml" {
			want = []string{"memory patterns false", fmt.Sprint("execution ", ort.ExecutionMode(ort.ExecutionModeSequential))}
		}
		if !slices.Equal(r.got, want) {
			t.Errorf("%s: set %q, want %q", name, r.got, want)
		}
		if want := slices.Contains([]string{"directml", "xnnpack", "webgpu"}, name); kinds[name].serial != want {
			t.Errorf("%s: serial %t, want %t", name, kinds[name].serial, want)
		}
	}
	s := open(t, "float32_nchw", Options{}) // loads ONNX Runtime
	options, err := ort.NewSessionOptions()
	if err != nil {
		t.Fatal(err)
	}
	defer options.Destroy()
	if err := kinds["directml"].set(options); err != nil {
		t.Error(err)
	}
	if s.turn != nil {
		t.Error("a session on the CPU does one run at a time")
	}
}

// TestSerialRuns: where a session does one run at a time, another waits for it, but no
// longer than its context.
func TestSerialRuns(t *testing.T) {
	kind := kinds[CPU]
	defer func() { kinds[CPU] = kind }()
	serial := kind
	serial.serial = true
	kinds[CPU] = serial
	s := open(t, "float32_nchw", Options{})
	in, err := NewTensor(onnx.Float, []int64{1, 3, 32, 32})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	run := func(ctx context.Context) error {
		out := make([]*Tensor, 1)
		err := s.Run(ctx, []*Tensor{in}, out)
		if out[0] != nil {
			out[0].Close()
		}
		return err
	}
	s.turn <- struct{}{} // a run is under way
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- run(ctx) }()
	select {
	case err := <-ended:
		t.Errorf("a second run did not wait: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	<-s.turn
	for range 2 {
		if err := run(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
