package library

/*
#ifdef _WIN32
#define CALL __stdcall
#else
#define CALL
#endif

// Places in OrtApi (onnxruntime_c_api.h), which only ever grows at its end.
enum { RELEASE_STATUS = 93, GET_AVAILABLE_PROVIDERS = 125, RELEASE_AVAILABLE_PROVIDERS = 126 };

static int available_providers(void **api, char ***names) {
	void *(CALL *get)(char ***, int *) = api[GET_AVAILABLE_PROVIDERS];
	void (CALL *release)(void *) = api[RELEASE_STATUS];
	int n = 0;
	void *status = get(names, &n);
	if (!status) return n;
	release(status);
	return 0;
}

static void release_providers(void **api, char **names, int n) {
	void *(CALL *free_names)(char **, int) = api[RELEASE_AVAILABLE_PROVIDERS];
	void (CALL *release)(void *) = api[RELEASE_STATUS];
	void *status = free_names(names, n);
	if (status) release(status);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// ErrNoProvider is returned by FindFor when a library is there, but none with any of
// the execution providers asked for.
var ErrNoProvider = errors.New("execution provider not found")

// cpu is the provider that every library has.
const cpu = "cpu"

// providersOf asks the library which providers were compiled in.
func providersOf(m mapped) []string {
	api := (*unsafe.Pointer)(m.api(apiVersion))
	if api == nil {
		return nil
	}
	var list **C.char
	n := C.available_providers(api, &list)
	if n <= 0 {
		return nil
	}
	defer C.release_providers(api, list, n)
	var names []string
	for _, name := range unsafe.Slice(list, n) {
		names = append(names, ProviderName(C.GoString(name)))
	}
	return names
}

// ProviderName is ortho's name of a provider: "CUDAExecutionProvider" is "cuda".
func ProviderName(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "ExecutionProvider"))
	if name == "dml" {
		return "directml"
	}
	return name
}

// Has reports whether the provider was compiled in.
func (f Found) Has(provider string) bool {
	return provider == cpu || slices.Contains(f.Providers, provider)
}

func (f Found) hasAll(providers []string) bool {
	return !slices.ContainsFunc(providers, func(p string) bool { return !f.Has(p) })
}

// better reports whether f has more of the preferred providers than g.
func (f Found) better(g Found, providers []string) bool {
	for _, p := range providers {
		if f.Has(p) != g.Has(p) {
			return f.Has(p)
		}
	}
	return false
}

// FindFor is [Find] for execution providers in order of preference: the first library
// in search order that has all of them. Where none has, it is the one that has the
// first of them that any has, then the second, and so on; where none has any, an error
// that wraps ErrNoProvider and says which flavor to install. A library that the user
// has named is taken in any case, or the error. Libraries that are not taken are not
// left mapped.
func FindFor(explicit string, providers []string) (Found, error) {
	var best Found
	var broken []Passed
	var usable []string
	for c := range candidates(explicit) {
		f := c.found(func(f Found) bool { return f.hasAll(providers) })
		if f.Err != nil && c.named() {
			return Found{}, fmt.Errorf("%s: %w", c.source, f.Err)
		}
		if f.Err != nil {
			broken = append(broken, Passed{c.source, f.Err})
			continue
		}
		usable = append(usable, f.String())
		if best.Path == "" || f.better(best, providers) {
			best = f
		}
		if best.hasAll(providers) || c.named() {
			break
		}
	}
	switch {
	case best.Path == "":
		return Found{}, &NotFoundError{broken}
	case len(providers) > 0 && !slices.ContainsFunc(providers, best.Has):
		return Found{}, fmt.Errorf("%w: %s: not in %s; %s", ErrNoProvider, strings.Join(providers, ", "), strings.Join(usable, ", "), Remedy(providers[0]))
	}
	best.Used = true
	return best, nil
}

// String names the library for messages.
func (f Found) String() string {
	return fmt.Sprintf("ONNX Runtime %s (%s, %s)", f.Version, f.Flavor, f.Path)
}

// Remedy says how to get a library that has the provider.
func Remedy(provider string) string {
	flavor := map[string]string{"cuda": "cuda", "tensorrt": "cuda", "openvino": "openvino"}[provider]
	switch {
	case flavor == "":
		return fmt.Sprintf("name a library that was built with %s with --onnxruntime PATH or ORTHO_ONNXRUNTIME=PATH", provider)
	case slices.ContainsFunc(installed(), func(c candidate) bool { return c.flavor == flavor && c.err == nil }):
		return fmt.Sprintf("flavor %s, which has it, is installed, but a process uses one library: ask for fewer providers, or name it with --onnxruntime", flavor)
	case len(sourcesFor(flavor)) == 0:
		return fmt.Sprintf("`ortho runtime install --from FILE` takes a build with %s", provider)
	}
	return fmt.Sprintf("`ortho runtime install --flavor %s` gets one that has it", flavor)
}
