package library

import (
	"errors"
	"fmt"
	"unsafe"
)

// MinVersion is the oldest ONNX Runtime that can be used: onnxruntime_go
// v1.27.0 is written against the headers of C API 24, which 1.24 brought. Newer
// ones serve older APIs, so there is no upper limit.
const MinVersion = "1.24"

// apiVersion is the C API that MinVersion brought.
const apiVersion = 24

// Where a library comes from, in the order in which they are searched.
const (
	SourceExplicit  = "--onnxruntime"
	SourceEnv       = "ORTHO_ONNXRUNTIME"
	SourceInstalled = "installed"
	SourceBeside    = "beside the executable"
	SourceSystem    = "system"
	SourcePython    = "python"
)

// UnknownFlavor is the flavor of a library whose flavor nothing shows.
const UnknownFlavor = "unknown"

// ErrNotFound is wrapped by what Find returns when no usable library is there at all.
var ErrNotFound = errors.New("ONNX Runtime was not found")

// Found is a shared library of ONNX Runtime, or a file that claims to be one.
type Found struct {
	Path    string // absolute
	Version string // as the library states it: "1.32.0"; "" when it could not be asked
	Flavor  string // "cpu", "cuda", "openvino", ...; UnknownFlavor
	Source  string // one of the Source constants
	Used    bool   // the one that Find returns
	Err     error  // why it can't be used

	// Pinned reports that its SHA-256 is one of those that this package knows, of official
	// builds. Only [List] looks: others may be as good, or anything.
	Pinned bool

	// Providers are the execution providers that were compiled in, as the library states
	// them, by ortho's names ("cpu", "cuda", ...). What they need may still be missing:
	// see [Found.Missing].
	Providers []string
}

// API returns the library's table of C functions (OrtApi, version 24), and leaves it
// mapped.
func (f Found) API() (unsafe.Pointer, error) {
	m, err := load(f.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	api := m.api(apiVersion)
	if api == nil {
		m.close()
		return nil, fmt.Errorf("%s: %w", f.Path, ErrTooOld)
	}
	return api, nil
}

// Find returns the library to use: the first usable one of explicit (a library
// or the folder that holds it; "" for none), the environment's
// ORTHO_ONNXRUNTIME, those that Install has put into the user's data folder
// (cpu before other flavors, then the newest), beside the executable, the
// system's loader paths, and an installed Python onnxruntime. Where explicit or
// the variable is set and can't be used, that is the error: nothing else is
// taken instead. Broken ones further down are passed over. The library stays
// mapped into the process.
func Find(explicit string) (Found, error) { return FindFor(explicit, nil) }

// List returns every candidate in search order, broken ones with Err, and marks
// the one that Find would return. A file that several sources lead to is listed
// once. Unlike Find it hashes files, to find their flavor and whether they are pinned.
func List(explicit string) []Found {
	var all []Found
	decided := false
	for c := range candidates(explicit) {
		f := c.found(func(Found) bool { return false })
		if f.Err == nil {
			var flavor string
			if flavor, f.Pinned = flavorByDigest(f.Path); f.Flavor == UnknownFlavor {
				f.Flavor = flavor
			}
		}
		if !decided {
			f.Used = f.Err == nil
			decided = f.Used || c.named()
		}
		all = append(all, f)
	}
	return all
}
