package remedy

import (
	"fmt"
	"strings"

	"ortho/runner"
	"ortho/runner/library"
)

const install = "run `ortho runtime install`, or name your own library with --onnxruntime PATH or ORTHO_ONNXRUNTIME=PATH"

// noLibrary says how to get one.
func noLibrary(e *library.NotFoundError) string {
	if len(e.Passed) == 0 {
		return fmt.Sprintf("%v; %s", library.ErrNotFound, install)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v in a usable state; %s; passed over:", library.ErrNotFound, install)
	for _, p := range e.Passed {
		fmt.Fprintf(&b, "\n  %s: %s", p.Source, Text(p.Err))
	}
	return b.String()
}

// otherProvider says which providers there are.
func otherProvider(e *runner.ProviderError) string {
	if !e.Last {
		return e.Error()
	}
	return e.Error() + "; `ortho doctor` tells which can, and cpu always can"
}

// withCPU says how the CPU runs what other providers do not. Where sessions are set side by side,
// a + joins the providers of one.
func withCPU(e *runner.NeedsCPUError) string {
	var names []string
	for _, p := range e.Providers {
		names = append(names, p.Name)
	}
	names = append(names, runner.CPU)
	return fmt.Sprintf("%v; add cpu to the list: -p %s (of bench and compare: --providers %s)", e, strings.Join(names, ","), strings.Join(names, "+"))
}

// otherDevice says how a device that is there is chosen.
func otherDevice(e *runner.DeviceError) string {
	if len(e.Present) == 0 {
		return e.Error()
	}
	return e.Error() + "; --provider-option openvino.device_type=" + e.Present[0] + " takes that"
}

// customOps says where an operator comes from, and how it is loaded.
func customOps(e *runner.OperatorError) string {
	switch e.Domain {
	case "ai.onnx", "ai.onnx.ml":
		return e.Error()
	case runner.ExtensionsDomain:
		return e.Error() + `; after "pip install onnxruntime-extensions", --custom-ops FILE loads it: ` +
			`python3 -c "import onnxruntime_extensions as e; print(e.get_library_path())" prints FILE`
	}
	return e.Error() + "; --custom-ops FILE loads a library that has it (.so, .dylib or .dll, of who made the graph)"
}
