package runner

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
)

// Provider is an execution provider with the options that ONNX Runtime defines
// for it (CUDA's "device_id", OpenVINO's "device_type", ...).
type Provider struct {
	Name    string
	Options map[string]string
}

// CPU is ONNX Runtime's default provider.
const CPU = "cpu"

// kind is what is known of a provider.
type kind struct {
	add func(*ort.SessionOptions, map[string]string) error // to a session's options
	// serial: a session on it does one run at a time. ONNX Runtime has those on XNNPACK and
	// WebGPU wait for each other within Run, where no context ends the wait; those on
	// DirectML it leaves to the caller.
	serial bool
	// plain: it works without memory patterns and with sequential execution only.
	plain bool
}

// kinds are the providers that onnxruntime_go can append. CPU needs no call: ONNX Runtime
// always has it.
var kinds = map[string]kind{
	CPU: {add: func(_ *ort.SessionOptions, options map[string]string) error {
		if len(options) > 0 {
			return fmt.Errorf("the CPU provider has no options")
		}
		return nil
	}},
	"cuda": {add: func(o *ort.SessionOptions, options map[string]string) error {
		cuda, err := ort.NewCUDAProviderOptions()
		if err != nil {
			return err
		}
		defer cuda.Destroy()
		if err := cuda.Update(options); err != nil {
			return err
		}
		return o.AppendExecutionProviderCUDA(cuda)
	}},
	"tensorrt": {add: func(o *ort.SessionOptions, options map[string]string) error {
		trt, err := ort.NewTensorRTProviderOptions()
		if err != nil {
			return err
		}
		defer trt.Destroy()
		if err := trt.Update(options); err != nil {
			return err
		}
		return o.AppendExecutionProviderTensorRT(trt)
	}},
	openVINO: {add: addOpenVINO},
	"coreml": {add: (*ort.SessionOptions).AppendExecutionProviderCoreMLV2},
	"directml": {serial: true, plain: true, add: func(o *ort.SessionOptions, options map[string]string) error {
		device := 0
		for key, value := range options {
			n, err := strconv.Atoi(value)
			if key != "device_id" || err != nil {
				return fmt.Errorf("option %s=%s: DirectML takes device_id=NUMBER only", key, value)
			}
			device = n
		}
		return o.AppendExecutionProviderDirectML(device)
	}},
	"xnnpack":       {serial: true, add: named("XNNPACK")},
	"qnn":           {add: named("QNN")},
	"webgpu":        {serial: true, add: named("WebGPU")},
	"azure":         {add: named("AZURE")},
	"snpe":          {add: named("SNPE")},
	"vitisai":       {add: named("VitisAI")},
	"nvtensorrtrtx": {add: named("NvTensorRtRtx")},
}

// settings are those of a session's that a plain provider needs.
type settings interface {
	SetMemPattern(bool) error
	SetExecutionMode(ort.ExecutionMode) error
}

func (k kind) set(o settings) error {
	if !k.plain {
		return nil
	}
	return errors.Join(o.SetMemPattern(false), o.SetExecutionMode(ort.ExecutionModeSequential))
}

func named(name string) func(*ort.SessionOptions, map[string]string) error {
	return func(o *ort.SessionOptions, options map[string]string) error {
		return o.AppendExecutionProvider(name, options)
	}
}

// onCPU reports whether the provider computes on the CPU's cores.
func (p Provider) onCPU() bool {
	device := strings.ToUpper(p.Options["device_type"])
	return p.Name == CPU || p.Name == openVINO && (device == "" || device == "CPU")
}

// OnCPU reports whether the first provider is the CPU itself, whose threads the session sets.
func (o Options) OnCPU() bool { return len(o.Providers) == 0 || o.Providers[0].Name == CPU }

// ownThreads reports whether the options leave the threads to the session.
func (p Provider) ownThreads() bool {
	return p.onCPU() && p.Options["num_of_threads"]+p.Options["num_streams"]+p.Options["load_config"] == ""
}

// withThreads tells OpenVINO, which has threads of its own and does not look at the
// session's, to give each run that many: as many streams as fit on the cores run at
// once. Its own default, one stream on all cores, makes concurrent runs wait for each
// other.
func withThreads(providers []Provider, threads int) []Provider {
	providers = slices.Clone(providers)
	threads = max(1, threads)
	for i, p := range providers {
		if p.Name != openVINO || !p.ownThreads() {
			continue
		}
		streams := max(1, runtime.GOMAXPROCS(0)/threads)
		options := map[string]string{"num_streams": strconv.Itoa(streams), "num_of_threads": strconv.Itoa(streams * threads)}
		maps.Copy(options, p.Options)
		providers[i].Options = options
	}
	return providers
}

// providerMeant says which provider a name from elsewhere is likely to mean.
func providerMeant(name string) string {
	name, _, _ = strings.Cut(strings.TrimSuffix(name, "executionprovider"), ":")
	other := map[string]string{"gpu": "cuda (NVIDIA), directml (Windows), coreml (Apple) or openvino (Intel)", "nvidia": "cuda", "trt": "tensorrt",
		"dml": "directml", "mps": "coreml", "metal": "coreml", "apple": "coreml", "intel": "openvino", "nnapi": "cpu or xnnpack", "js": "webgpu",
		"amd": "directml (Windows) or webgpu", "rocm": "directml (Windows) or webgpu", "migraphx": "directml (Windows) or webgpu", "npu": "qnn (Qualcomm), openvino (Intel), vitisai (AMD) or coreml (Apple)"}
	if _, ok := kinds[name]; ok {
		other[name] = name
	}
	return other[name]
}

// UnknownProviderError is the error of a name that is no provider's. Meant is what it is called here,
// where it is a name from elsewhere: "cuda" for "CUDAExecutionProvider"; "": not known.
type UnknownProviderError struct{ Name, Meant string }

func (e *UnknownProviderError) Error() string {
	meant := "; "
	if e.Meant != "" {
		meant = "; did you mean " + e.Meant + "? Else, "
	}
	return fmt.Sprintf("unknown execution provider %q%sknown: %s", e.Name, meant, strings.Join(ProviderNames(), ", "))
}

// ProviderNames lists the providers that can be asked for, sorted.
func ProviderNames() []string {
	return slices.Sorted(maps.Keys(kinds))
}

// ParseProviders reads "cuda,cpu". options are "PROVIDER.KEY=VALUE", each for a
// provider that is listed.
func ParseProviders(list string, options []string) ([]Provider, error) {
	var providers []Provider
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, ok := kinds[name]; !ok {
			return nil, &UnknownProviderError{name, providerMeant(name)}
		}
		if slices.ContainsFunc(providers, func(p Provider) bool { return p.Name == name }) {
			return nil, fmt.Errorf("execution provider %s is listed twice", name)
		}
		providers = append(providers, Provider{Name: name, Options: map[string]string{}})
	}
	for _, option := range options {
		key, value, ok := strings.Cut(option, "=")
		name, key, dotted := strings.Cut(key, ".")
		if !ok || !dotted || key == "" {
			return nil, fmt.Errorf("provider option %q: write PROVIDER.KEY=VALUE, such as cuda.device_id=0", option)
		}
		i := slices.IndexFunc(providers, func(p Provider) bool { return p.Name == strings.ToLower(name) })
		if i < 0 {
			return nil, fmt.Errorf("provider option %q: provider %s is not among those asked for (%s)", option, name, list)
		}
		providers[i].Options[key] = value
	}
	return providers, nil
}

// ParseJoined is ParseProviders of one session among several: entry joins its providers,
// "cuda+cpu", and of the options those of other providers are passed over.
func ParseJoined(entry string, options []string) ([]Provider, error) {
	list := strings.ReplaceAll(entry, "+", ",")
	names := strings.Split(list, ",")
	var own []string
	for _, o := range options {
		if name, _, _ := strings.Cut(o, "."); slices.Contains(names, strings.ToLower(name)) {
			own = append(own, o)
		}
	}
	return ParseProviders(list, own)
}

// chosen are options with exactly the providers asked for, in order.
type chosen struct {
	*ort.SessionOptions
	inUse   string  // the first provider that this library could append
	skipped []error // why it could not append others
	serial  bool    // one of the providers is
}

// sessionOptions makes options, which have 8-bit models computed exactly where the CPU does not
// do so by itself. A provider that cannot be appended is an error, unless a later one is listed
// to stand in. The caller destroys the result.
func sessionOptions(providers []Provider, exact bool) (c chosen, err error) {
	if c.SessionOptions, err = ort.NewSessionOptions(); err != nil {
		return c, fmt.Errorf("create session options: %w", err)
	}
	defer func() {
		if err != nil {
			c.Destroy()
		}
	}()
	if err := exactInt8(c.SessionOptions, exact && saturates); err != nil {
		return c, err
	}
	withCPU := false
	for i, p := range providers {
		kind, ok := kinds[p.Name]
		if !ok {
			return c, fmt.Errorf("unknown execution provider %q; known: %s", p.Name, strings.Join(ProviderNames(), ", "))
		}
		takeLog()
		if err := kind.add(c.SessionOptions, p.Options); err != nil {
			last := i == len(providers)-1 && c.inUse == ""
			err = &ProviderError{p.Name, whyNot(loaded.Found, p.Name, err), last}
			if last {
				return c, errors.Join(append(c.skipped, err)...)
			}
			c.skipped = append(c.skipped, err)
			continue
		}
		if err := kind.set(c); err != nil {
			return c, fmt.Errorf("set what %s needs: %w", p.Name, err)
		}
		withCPU = withCPU || p.Name == CPU
		c.serial = c.serial || kind.serial
		c.inUse = cmp.Or(c.inUse, p.Name)
	}
	if c.inUse != CPU {
		if err := c.AddSessionConfigEntry(recordAssigned, "1"); err != nil {
			return c, fmt.Errorf("have it say which provider runs which nodes: %w", err)
		}
	}
	if !withCPU {
		// ONNX Runtime adds the CPU provider unasked; a graph that would run there
		// in silence must fail instead.
		if err := c.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"); err != nil {
			return c, fmt.Errorf("forbid the CPU provider: %w", err)
		}
	}
	return c, nil
}

// ProviderError is a provider that can't be used, with the reason.
type ProviderError struct {
	Provider string
	Reason   error
	Last     bool // of those asked for, none of which can
}

func (e *ProviderError) Error() string {
	return fmt.Sprintf("execution provider %s cannot be used: %v", e.Provider, e.Reason)
}
func (e *ProviderError) Unwrap() error { return e.Reason }

// whyNot finds the reason for which a provider could not be appended: that it is not
// in the library, that something which it needs is missing, or what the log says.
func whyNot(lib library.Found, provider string, err error) error {
	if !lib.Has(provider) {
		return fmt.Errorf("%s does not have it; %s", lib, library.Remedy(provider))
	}
	if device := (*DeviceError)(nil); errors.As(err, &device) {
		return device
	}
	if missing := lib.Missing(provider); missing != nil {
		return missing
	}
	if log := takeLog(); log != "" {
		return errors.New(log)
	}
	return errors.New(strings.TrimSuffix(err.Error(), "."))
}
