package machine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

func memory() Usage {
	var u Usage
	var reasons []string
	read := func(file, field string) *uint64 {
		text, err := readSmall(file)
		if err == nil {
			var n uint64
			if n, err = kilobytes(text, field); err == nil {
				return &n
			}
			err = fmt.Errorf("%s: %w", file, err)
		}
		reasons = append(reasons, err.Error())
		return nil
	}
	u.RSS = read("/proc/self/status", "VmRSS")
	u.Peak = read("/proc/self/status", "VmHWM")
	u.PSS = read("/proc/self/smaps_rollup", "Pss")
	u.Reason = strings.Join(reasons, "; ")
	return u
}

// kilobytes reads the line "FIELD:   123 kB".
func kilobytes(text, field string) (bytes uint64, err error) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		if name != field {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 50)
		return n << 10, err
	}
	return 0, fmt.Errorf("no %s", field)
}

func resetPeak() error {
	f, err := os.OpenFile("/proc/self/clear_refs", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("5") // proc_pid_clear_refs(5)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
