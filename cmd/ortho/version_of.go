package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// madeBy is a report's last line.
func madeBy(at time.Time) string {
	return fmt.Sprintf("ortho %s, %s/%s, %s", ownVersion(), runtime.GOOS, runtime.GOARCH, at.UTC().Format("2006-01-02 15:04 UTC"))
}

// version is set by the linker (make build).
var version = ""

func ownVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
