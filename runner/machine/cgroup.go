package machine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"ortho/runner/regular"
)

// readSmall reads a file of the kernel's.
func readSmall(name string) (string, error) {
	f, err := regular.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	return string(text), err
}

// cgroupLimits returns the CPU time in cores and the memory in bytes that this
// process's control groups, of version 1 or 2, and those above allow; nil: no limit.
func cgroupLimits(root string) (cores *float64, memory *uint64, err error) {
	groups, err := readSmall(filepath.Join(root, "proc/self/cgroup"))
	if errors.Is(err, fs.ErrNotExist) && (root != "/" || runtime.GOOS != "linux") {
		return nil, nil, nil // a system without control groups
	}
	if err != nil {
		return nil, nil, fmt.Errorf("control groups: %w", err)
	}
	mounts, err := readSmall(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return nil, nil, fmt.Errorf("control groups: %w", err)
	}
	for _, folder := range groupFolders(groups, mounts, "cpu") {
		if n, ok := cpuLimit(filepath.Join(root, folder)); ok && (cores == nil || n < *cores) {
			cores = &n
		}
	}
	for _, folder := range groupFolders(groups, mounts, "memory") {
		if n, ok := memoryLimit(filepath.Join(root, folder)); ok && (memory == nil || n < *memory) {
			memory = &n
		}
	}
	return cores, memory, nil
}

// groupFolders lists where the controller's limits stand for this process: its group's
// folder and those above, as far as they are mounted. groups and mounts are
// /proc/self/cgroup and /proc/self/mountinfo (see cgroups(7) and proc_pid_mountinfo(5)).
func groupFolders(groups, mounts, controller string) []string {
	var folders []string
	for line := range strings.Lines(groups) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3) // number:controllers:path
		if len(fields) != 3 {
			continue
		}
		unified := fields[0] == "0" && fields[1] == ""
		if !unified && !slices.Contains(strings.Split(fields[1], ","), controller) {
			continue
		}
		for mount := range strings.Lines(mounts) {
			before, after, ok := strings.Cut(strings.TrimSpace(mount), " - ")
			left, right := strings.Fields(before), strings.Fields(after)
			if !ok || len(left) < 5 || len(right) < 3 || !strings.HasPrefix(left[4], "/") {
				continue
			}
			if unified && right[0] != "cgroup2" ||
				!unified && (right[0] != "cgroup" || !slices.Contains(strings.Split(right[2], ","), controller)) {
				continue
			}
			within, at := left[3], left[4]
			rest, ok := strings.CutPrefix(fields[2], strings.TrimSuffix(within, "/"))
			if !ok || strings.Contains(rest, "..") {
				rest = "" // a container sees its group as the mount
			}
			for rest = filepath.Clean("/" + rest); ; rest = filepath.Dir(rest) {
				folders = append(folders, filepath.Join(at, rest))
				if rest == "/" {
					break
				}
			}
		}
	}
	return folders
}

// cpuLimit reads a group's quota, as cores.
func cpuLimit(folder string) (float64, bool) {
	quota, period := "", ""
	if text, err := readSmall(filepath.Join(folder, "cpu.max")); err == nil { // "max 100000", "150000 100000"
		quota, period, _ = strings.Cut(strings.TrimSpace(text), " ")
	} else {
		quota, _ = readSmall(filepath.Join(folder, "cpu.cfs_quota_us")) // -1: none
		period, _ = readSmall(filepath.Join(folder, "cpu.cfs_period_us"))
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(quota), 64)
	p, err2 := strconv.ParseFloat(strings.TrimSpace(period), 64)
	n := q / p
	return n, err == nil && err2 == nil && n > 0 && !math.IsInf(n, 0)
}

// memoryLimit reads a group's limit in bytes. Version 1 states "none" as a number
// close to 2^63.
func memoryLimit(folder string) (uint64, bool) {
	text, err := readSmall(filepath.Join(folder, "memory.max"))
	if err != nil {
		text, _ = readSmall(filepath.Join(folder, "memory.limit_in_bytes"))
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	return n, err == nil && n > 0 && n < 1<<62
}
