package machine

import "github.com/shirou/gopsutil/v4/mem"

// Available returns the bytes of memory that a new process could use without swapping,
// as the system reports it; 0 where it does not. Limits of cgroups are not looked at.
func Available() uint64 {
	v, err := mem.VirtualMemory()
	if err != nil {
		return 0
	}
	return v.Available
}

// Limit returns the bytes of memory that this process may take at most: what control groups allow, or else what the
// machine has; 0 where neither is known.
func Limit() uint64 {
	var total uint64
	if v, err := mem.VirtualMemory(); err == nil {
		total = v.Total
	}
	if _, limit, err := cgroupLimits("/"); err == nil && limit != nil && (total == 0 || *limit < total) {
		return *limit
	}
	return total
}
