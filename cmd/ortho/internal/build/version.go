// Package build knows which build of ortho this is: its version, as reports and records state
// it.
package build

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// MadeBy is a report's last line: version, system and time.
func MadeBy(at time.Time) string {
	return fmt.Sprintf("ortho %s, %s/%s, %s", Version(), runtime.GOOS, runtime.GOARCH, at.UTC().Format("2006-01-02 15:04 UTC"))
}

// version is set by the linker (make build).
var version = ""

func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
