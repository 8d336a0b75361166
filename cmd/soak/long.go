package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// mostGrowth is how much larger the memory of a run may be in its last tenth than it was in its second:
	// bytes. Go's collector lets a heap double before it looks.
	mostGrowth = 48 << 20
	// mostMoreFiles are files that happen to be open when it is looked at.
	mostMoreFiles = 8
)

// sample is a process as it is at a moment.
type sample struct {
	rows   int64 // that it has written
	memory int64 // bytes, resident
	files  int   // that it has open
}

// long has a run take many images, of which some are damaged, and looks at its memory and open files.
func long(ctx context.Context, t *turn) error {
	n := t.many(20_000 << (t.number % 3))
	var originals []string
	for i := range 40 {
		data := picture(t.random)
		if i%4 == 0 {
			data = damaged(t.random, data, data)
		}
		name, err := t.file(fmt.Sprintf("in/%02d.png", i), data)
		if err != nil {
			return err
		}
		originals = append(originals, name)
	}
	for _, ending := range []string{".jpg", ".gif", ".webp", ".tif"} { // each decoder that is C's, too
		if i := slices.IndexFunc(t.seeds, func(s seedImage) bool { return filepath.Ext(s.file) == ending }); i >= 0 {
			originals = append(originals, t.seeds[i].file)
		}
	}
	if err := os.Mkdir(t.path("links"), 0o777); err != nil {
		return err
	}
	var names []string
	for i := range n {
		original := pick(t.random, originals)
		name := t.path("links", fmt.Sprintf("%06d%s", i, filepath.Ext(original)))
		if err := os.Symlink(original, name); err != nil {
			return err
		}
		names = append(names, name)
	}
	t.inputs += n
	var rows atomic.Int64
	var samples []sample
	r := &rowReader{last: time.Now()}
	o, err := t.start(ctx, &child{
		args: t.tiny("classify", t.path("links"), "-f", "jsonl"), limit: 2 * longestRun,
		line: func(line []byte) { r.line(line); rows.Add(1) },
		meanwhile: func(p *os.Process, ended <-chan struct{}) {
			for {
				select {
				case <-ended:
					return
				case <-time.After(20 * time.Millisecond):
				}
				if s, ok := look(p.Pid); ok {
					s.rows = rows.Load()
					samples = append(samples, s)
				}
			}
		},
	})
	if err != nil {
		return err
	}
	why := o.wrong(mostMemory, 0, 3)
	if why == nil {
		why = r.wrong(names, o.code)
	}
	if why == nil {
		why = grown(samples, int64(n))
	}
	if why != nil {
		return t.failed(o, why, t.path("in"))
	}
	return nil
}

// grown compares a run's second tenth (the first is its start) with its last.
func grown(samples []sample, n int64) error {
	early, late := between(samples, n/10, n/5), between(samples, n-n/10, n-1)
	if len(early) == 0 || len(late) == 0 {
		return nil // too short to say, or a system that does not
	}
	middle := func(all []sample, of func(sample) int64) int64 {
		values := make([]int64, len(all))
		for i, s := range all {
			values[i] = of(s)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	memory := func(s sample) int64 { return s.memory }
	files := func(s sample) int64 { return int64(s.files) }
	if a, b := middle(early, memory), middle(late, memory); b > a+mostGrowth {
		return fmt.Errorf("memory has grown from %d to %d MB over %d images", a/1e6, b/1e6, n)
	}
	if a, b := middle(early, files), middle(late, files); b > a+mostMoreFiles {
		return fmt.Errorf("%d files were open, and %d are after %d images", a, b, n)
	}
	return nil
}

func between(samples []sample, from, to int64) []sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.rows < from || s.rows > to })
}

// look is a process by Linux's /proc; ok is false elsewhere.
func look(pid int) (s sample, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := bytes.Fields(data)
	if err != nil || len(fields) < 2 {
		return s, false
	}
	var pages int64
	if _, err := fmt.Sscan(string(fields[1]), &pages); err != nil {
		return s, false
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return sample{memory: pages * int64(os.Getpagesize()), files: len(open)}, err == nil
}
