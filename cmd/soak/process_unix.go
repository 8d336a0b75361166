//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory is the largest resident memory that an ended process, or one that it waited for, had: in
// bytes. On Linux a process begins with its parent's peak for its own, so this program is to stay small.
func peakMemory(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin":
		return usage.Maxrss
	}
	return usage.Maxrss * 1024
}

// askForStacks has a program of Go's write what it is doing, and end.
func askForStacks(p *os.Process) { p.Signal(syscall.SIGQUIT) }
