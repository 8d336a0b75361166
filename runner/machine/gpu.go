package machine

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ortho/runner/program"
)

// gpus asks nvidia-smi; where that is not there, what the driver shows under /proc.
// None is an empty list. An error means that the driver does not answer.
func gpus(root string) ([]GPU, error) {
	shown, err := shownGPUs(root)
	path, missing := program.Look("nvidia-smi")
	if missing != nil {
		return shown, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--query-gpu=name,driver_version,memory.total,compute_cap", "--format=csv,noheader,nounits")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return shown, errors.New("nvidia-smi does not answer")
	}
	if err != nil {
		text := strings.TrimSpace(string(out[:min(len(out), 300)])) // it says on stdout why
		return shown, fmt.Errorf("nvidia-smi: %w: %s", err, text)
	}
	asked, err := parseSMI(string(out))
	if err != nil {
		return shown, fmt.Errorf("nvidia-smi: %w", err)
	}
	return asked, nil
}

// parseSMI reads rows of name, driver, MiB of memory, compute capability.
func parseSMI(text string) ([]GPU, error) {
	r := csv.NewReader(io.LimitReader(strings.NewReader(text), 1<<20))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = 4, true, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	list := []GPU{}
	for _, row := range rows {
		g := GPU{Name: row[0], Driver: row[1], ComputeCapability: row[3]}
		if mib, err := strconv.ParseUint(row[2], 10, 32); err == nil && mib > 0 { // "[N/A]" where memory is shared
			bytes := mib << 20
			g.MemoryTotal = &bytes
		}
		list = append(list, g)
	}
	return list, nil
}

var driverVersion = regexp.MustCompile(`Kernel Module.*?\s(\d+(?:\.\d+)+)`)

// shownGPUs reads /proc/driver/nvidia.
func shownGPUs(root string) ([]GPU, error) {
	list := []GPU{}
	folder := filepath.Join(root, "proc/driver/nvidia")
	version := ""
	if text, err := readSmall(filepath.Join(folder, "version")); err == nil {
		if m := driverVersion.FindStringSubmatch(text); m != nil {
			version = m[1]
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "gpus/*/information"))
	if err != nil {
		return list, err
	}
	for _, file := range files {
		text, err := readSmall(file)
		if err != nil {
			return list, err
		}
		for line := range strings.Lines(text) {
			if name, ok := strings.CutPrefix(line, "Model:"); ok {
				list = append(list, GPU{Name: strings.TrimSpace(name), Driver: version})
			}
		}
	}
	return list, nil
}
