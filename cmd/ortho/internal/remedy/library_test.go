package remedy

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"ortho/runner"
	"ortho/runner/library"
)

// TestLibrary: what is wrong with libraries is followed by the command that gets another.
func TestLibrary(t *testing.T) {
	old := &library.TooOldError{Path: "/l.so", Version: "1.20.0"}
	for want, err := range map[string]error{
		"ONNX Runtime was not found; run `ortho runtime install`, or name your own library with --onnxruntime PATH or ORTHO_ONNXRUNTIME=PATH": &library.NotFoundError{},
		"x: ONNX Runtime was not found in a usable state; run `ortho runtime install`, or name your own library with --onnxruntime PATH or ORTHO_ONNXRUNTIME=PATH; passed over:\n" +
			"  system: /l.so: ONNX Runtime is too old: it is 1.20.0, needed is 1.24 or newer; `ortho runtime install` gets one\n  python: no": fmt.Errorf("x: %w",
			&library.NotFoundError{Passed: []library.Passed{{Source: "system", Err: old}, {Source: "python", Err: errors.New("no")}}}),
		"installed: /l.so: ONNX Runtime is too old: it is 1.20.0, needed is 1.24 or newer; `ortho runtime install` gets one":                                     fmt.Errorf("installed: %w", old),
		"there is no official ONNX Runtime of flavor x for " + runtime.GOOS + "/" + runtime.GOARCH + " here; `ortho runtime install --from FILE` takes your own": &library.NotOfferedError{Flavor: "x"},
		"record: cut off; `ortho runtime install --force` replaces it":                                                                                           &library.DamagedError{Err: errors.New("record: cut off")},
		"another library is installed in /d (SHA-256 00); --force replaces it":                                                                                   &library.OccupiedError{Folder: "/d", SHA256: "00"},
	} {
		if got := Text(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestSessions: what a session could not be made for is followed by the flag that changes it.
func TestSessions(t *testing.T) {
	for want, err := range map[string]error{
		"openvino can't run 1 of the graph's 5 nodes (Scaler), and the CPU, which could, is not among the providers asked for; add cpu to the list: -p openvino,cpu (of bench and compare: --providers openvino+cpu)": &runner.NeedsCPUError{
			Providers: []runner.Provider{{Name: "openvino"}}, Left: 1, All: 5, Operators: []string{"Scaler"}},
		"execution provider cuda cannot be used: no driver; `ortho doctor` tells which can, and cpu always can": &runner.ProviderError{
			Provider: "cuda", Reason: errors.New("no driver"), Last: true},
		"execution provider openvino cannot be used: it has no device X here: there is CPU, GPU; --provider-option openvino.device_type=CPU takes that": &runner.ProviderError{
			Provider: "openvino", Reason: &runner.DeviceError{Device: "X", Present: []string{"CPU", "GPU"}}},
		"it has no device X here: it finds none at all": &runner.DeviceError{Device: "X"},
		"the graph has the custom operator Wave of the domain com.example, which ONNX Runtime doesn't have; --custom-ops FILE loads a library that has it (.so, .dylib or .dll, of who made the graph)": &runner.OperatorError{
			Domain: "com.example", Operator: "Wave"},
		`the graph has the custom operator NegPos of the domain ai.onnx.contrib, which is that of onnxruntime-extensions; after "pip install onnxruntime-extensions", --custom-ops FILE loads it: ` +
			`python3 -c "import onnxruntime_extensions as e; print(e.get_library_path())" prints FILE`: &runner.OperatorError{Domain: runner.ExtensionsDomain, Operator: "NegPos"},
		"ONNX Runtime knows no operator Foo of ONNX's own (domain ai.onnx): the graph is of a newer ONNX, or its operator's domain is wrong": &runner.OperatorError{Domain: "ai.onnx", Operator: "Foo"},
	} {
		if got := Text(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
