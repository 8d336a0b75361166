package remedy

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

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
