//go:build !linux

package machine

import (
	"errors"
	"os"

	"github.com/shirou/gopsutil/v4/process"
)

func memory() Usage {
	u := Usage{Reason: "only the resident size is known on this system"}
	p, err := process.NewProcess(int32(os.Getpid()))
	if err == nil {
		var m *process.MemoryInfoStat
		if m, err = p.MemoryInfo(); err == nil {
			u.RSS = &m.RSS
		}
	}
	if err != nil {
		u.Reason = err.Error()
	}
	return u
}

func resetPeak() error { return errors.ErrUnsupported }
