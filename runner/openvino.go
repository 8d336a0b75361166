package runner

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// openVINO is OpenVINO's provider as ONNX Runtime calls it.
const openVINO = "openvino"

// addOpenVINO appends OpenVINO, whose device must be there: of one that it doesn't know it says
// nothing, and then claims no node.
func addOpenVINO(o *ort.SessionOptions, options map[string]string) error {
	device := options["device_type"]
	if upper := strings.ToUpper(device); upper != device { // it knows devices by capitals only
		options = maps.Clone(options)
		options["device_type"] = upper
	}
	for _, name := range devicesIn(device) {
		if !realDevice.MatchString(name) {
			return &DeviceError{name, devicesPresent()}
		}
	}
	err := o.AppendExecutionProviderOpenVINO(options)
	if err != nil && device != "" {
		for _, name := range devicesIn(device) {
			if present := devicesPresent(); !slices.Contains(present, kindOfDevice(name)) {
				return &DeviceError{name, present}
			}
		}
	}
	return err
}

// DeviceError says that a provider has no device of that name here.
type DeviceError struct {
	Device  string
	Present []string // the kinds of devices that there are
}

func (e *DeviceError) Error() string {
	there := "it finds none at all"
	if len(e.Present) > 0 {
		there = "there is " + strings.Join(e.Present, ", ")
	}
	return fmt.Sprintf("it has no device %s here: %s", e.Device, there)
}

// Kinds of OpenVINO's devices, with the number of one among several, and a precision as older
// versions took it there.
var realDevice = regexp.MustCompile(`^(CPU|GPU|NPU)(\.\d+)?(_FP32|_FP16|_U8)?$`)

func kindOfDevice(name string) string { return name[:3] }

// devicesIn are the devices that a device_type names: those behind AUTO, HETERO, MULTI or
// BATCH, or itself. AUTO alone names none.
func devicesIn(device string) []string {
	how, list, joined := strings.Cut(strings.ToUpper(device), ":")
	virtual := slices.Contains([]string{"AUTO", "HETERO", "MULTI", "BATCH"}, how)
	switch {
	case how == "" || virtual && !joined:
		return nil
	case !virtual:
		return []string{strings.ToUpper(device)}
	}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(strings.TrimPrefix(name, "-")), "(") // BATCH:GPU(16), AUTO:-NPU
		names = append(names, name)
	}
	return names
}

// devicesPresent are the kinds of devices that OpenVINO has here. It says so only of each that
// it is asked for.
func devicesPresent() (kinds []string) {
	for _, kind := range []string{"CPU", "GPU", "NPU"} {
		o, err := ort.NewSessionOptions()
		if err != nil {
			continue
		}
		if o.AppendExecutionProviderOpenVINO(map[string]string{"device_type": kind}) == nil {
			kinds = append(kinds, kind)
		}
		o.Destroy()
	}
	return kinds
}
