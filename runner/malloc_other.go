//go:build !linux

package runner

import "runtime/debug"

// ReturnMemory gives memory that is free back to the system: for programs that go on after large
// sessions were closed.
func ReturnMemory() { debug.FreeOSMemory() }
