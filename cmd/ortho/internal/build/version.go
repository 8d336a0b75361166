// Package build knows which build of ortho this is: its version, as reports and records state
// it.
package build

import (
	_ "embed"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// MadeBy is a report's last line: version, system and time.
func MadeBy(at time.Time) string {
	return fmt.Sprintf("ortho %s, %s/%s, %s", Version(), runtime.GOOS, runtime.GOARCH, at.UTC().Format("2006-01-02 15:04 UTC"))
}

// version is set by the linker (make build, make release).
var version = ""

// next is the release that the sources become.
//
//go:embed VERSION
var next string

// Version is that of the release; or of the sources' state, as git describes it; or of the module; of
// sources that tell none, that of the next release, as "0.2.0-dev".
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return strings.TrimSpace(next) + "-dev"
}
