package pages

import (
	"strings"
	"testing"

	"ortho/preprocess"
	"ortho/runner/machine"
)

func TestAdvice(t *testing.T) {
	half, cores := 0.5, 8
	for name, test := range map[string]struct {
		d    Diagnosis
		want []string
	}{
		"nothing": {Diagnosis{Machine: machine.Facts{Arch: "arm64", UsableCores: 8}}, nil},
		"slow": {Diagnosis{Machine: machine.Facts{Arch: "amd64", UsableCores: 4, LogicalCores: &cores, QuotaCores: &half, Governor: "powersave"},
			JPEGDecoder: preprocess.Decoder{Name: "go", Error: "not found"}},
			[]string{"powersave", "0.50 of 4 cores", "4 of 8 logical", "no AVX2", "no VNNI", "libjpeg-turbo"}},
		"driver": {Diagnosis{Machine: machine.Facts{Arch: "arm64", Unknown: map[string]string{"gpus": "nvidia-smi does not answer"}}}, []string{"does not answer"}},
	} {
		test.d.Advise()
		if len(test.d.Warnings) != len(test.want) {
			t.Errorf("%s: %q", name, test.d.Warnings)
			continue
		}
		for i, s := range test.want {
			if !strings.Contains(test.d.Warnings[i], s) {
				t.Errorf("%s: %q does not say %q", name, test.d.Warnings[i], s)
			}
		}
	}
	gpu := Diagnosis{Machine: machine.Facts{Arch: "arm64", GPUs: []machine.GPU{{Name: "NVIDIA A10"}}}}
	if gpu.Advise(); len(gpu.Hints) != 1 || !strings.Contains(gpu.Hints[0], "NVIDIA A10") {
		t.Errorf("%q", gpu.Hints)
	}
}
