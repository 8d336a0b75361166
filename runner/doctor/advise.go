package doctor

import (
	"runtime"
	"slices"

	"ortho/runner/machine"
)

// Advice is something about a machine that its user may want to change.
type Advice string

// What costs speed, by the machine's facts.
const (
	Powersave  Advice = "powersave"   // the clock's governor may keep the cores slow
	Quota      Advice = "quota"       // control groups allow less than the usable cores: Facts.QuotaCores
	FewerCores Advice = "fewer cores" // this process may not use all logical cores
	NoAVX2     Advice = "no AVX2"     // every provider computes slowly
	NoVNNI     Advice = "no VNNI"     // 8-bit models are not faster than float32 ones
)

// What goes wrong with accelerators, or may be worth a try.
const (
	DriverFails Advice = "driver fails" // NVIDIA's, as Facts.Unknown["gpus"] says
	TryCUDA     Advice = "try cuda"     // there is an NVIDIA GPU, and no library with the provider
	TryOpenVINO Advice = "try openvino" // it may be faster on this CPU, and no library has it
)

// AdviseCPU returns what keeps computing on the CPU slow.
func AdviseCPU(m machine.Facts) (all []Advice) {
	has := func(feature string) bool { return slices.Contains(m.CPUFeatures, feature) }
	amd64 := m.Arch == "amd64"
	for _, c := range []struct {
		advice Advice
		holds  bool
	}{
		{Powersave, m.Governor == "powersave"},
		{Quota, m.QuotaCores != nil && *m.QuotaCores < float64(m.UsableCores)},
		{FewerCores, m.LogicalCores != nil && m.UsableCores < *m.LogicalCores},
		{NoAVX2, amd64 && !has("avx2")},
		{NoVNNI, amd64 && !has("avx512_vnni") && !has("avx_vnni")},
	} {
		if c.holds {
			all = append(all, c.advice)
		}
	}
	return all
}

// AdviseProviders returns what is wrong with accelerators, then what providers may be worth
// a try, those of the list being there.
func AdviseProviders(m machine.Facts, providers []Provider) (all []Advice) {
	has := func(name string) bool {
		return slices.ContainsFunc(providers, func(p Provider) bool { return p.Provider == name && p.Status != Absent })
	}
	if m.Unknown["gpus"] != "" {
		all = append(all, DriverFails)
	}
	if len(m.GPUs) > 0 && !has("cuda") {
		all = append(all, TryCUDA)
	}
	if m.Arch == "amd64" && runtime.GOOS != "darwin" && !has("openvino") {
		all = append(all, TryOpenVINO)
	}
	return all
}
