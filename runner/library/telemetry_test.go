package library

import "testing"

// What keeps it on is what ONNX Runtime 1.32 does not take for a yes.
func TestTelemetry(t *testing.T) {
	for value, on := range map[string]bool{"": false, "1": false, "true": false, "TRUE": false, "yes": false, "on": false, "0": true, "false": true, "2": true} {
		t.Setenv(TelemetryVariable, value)
		if Telemetry() != on {
			t.Errorf("%s=%s: %v", TelemetryVariable, value, !on)
		}
	}
}
