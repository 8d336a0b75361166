package library

import (
	"os"
	"slices"
	"strings"
	"sync"
)

// TelemetryVariable is the environment variable by which ONNX Runtime's telemetry is switched
// off. Microsoft's builds have it from 1.29 on: they keep a device's id and a database of events
// (the program's and the model's path, names of the graph, errors, CPU and system) in the user's
// cache, and send them to a collector.
//
// Before this package loads any library it sets the variable to 1 for the process, and so for its
// children, unless it has a value: ORT_DISABLE_TELEMETRY=0 in the environment keeps the telemetry
// on.
const TelemetryVariable = "ORT_DISABLE_TELEMETRY"

// Telemetry reports whether ONNX Runtime's telemetry stays on: the user has given
// [TelemetryVariable] a value that does not switch it off.
func Telemetry() bool {
	value := os.Getenv(TelemetryVariable)
	return value != "" && !slices.Contains([]string{"1", "true", "yes", "on"}, strings.ToLower(value))
}

// withoutTelemetry is called before a library is loaded: ONNX Runtime reads the variable when its
// environment is made. Setenv reaches C's environment, too, since this package has C in it.
var withoutTelemetry = sync.OnceFunc(func() {
	if os.Getenv(TelemetryVariable) == "" {
		os.Setenv(TelemetryVariable, "1") // it fails for names and values that can't be, which these are not
	}
})
