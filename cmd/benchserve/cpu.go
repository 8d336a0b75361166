package main

import (
	"os"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// cpuOf is the CPU time, user and system, of a process and all below it; 0: this one.
func cpuOf(pid int) (time.Duration, error) {
	if pid == 0 {
		pid = os.Getpid()
	}
	first, err := process.NewProcess(int32(pid))
	if err != nil {
		return 0, err
	}
	all, err := process.Processes()
	if err != nil {
		return 0, err
	}
	family := []int32{first.Pid}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if parent, err := p.Ppid(); err == nil && slices.Contains(family, parent) && !slices.Contains(family, p.Pid) {
				family, grown = append(family, p.Pid), true
			}
		}
	}
	sum := 0.0
	for _, id := range family {
		if times, err := (&process.Process{Pid: id}).Times(); err == nil {
			sum += times.User + times.System
		}
	}
	return time.Duration(sum * float64(time.Second)), nil
}
