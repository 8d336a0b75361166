package machine

import "fmt"

// Usage is the memory of a process, in bytes; nil where it is not known, with the
// reason.
type Usage struct {
	RSS    *uint64 `json:"rss_bytes"`      // resident: all pages, those shared with others too
	PSS    *uint64 `json:"pss_bytes"`      // proportional: shared pages divided among who shares them
	Peak   *uint64 `json:"peak_rss_bytes"` // the highest RSS since the start, or since ResetPeak
	Reason string  `json:"reason,omitempty"`
}

// Memory returns this process's.
func Memory() Usage { return memory() }

// ResetPeak begins a new Usage.Peak. It is an error where the system can't.
func ResetPeak() error {
	if err := resetPeak(); err != nil {
		return fmt.Errorf("reset the peak of memory: %w", err)
	}
	return nil
}
