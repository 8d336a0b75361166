package remedy

import (
	"fmt"
	"strings"

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
