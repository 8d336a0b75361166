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
