package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// leftOut gathers what of the images that are read their pictures do not get, of several images at once.
type leftOut struct {
	mu       sync.Mutex
	found    map[string]int
	examples map[string]string
}

const (
	leftFrames  = "further frames or pages, of which none is used: the first alone is"
	leftProfile = "a colour profile, or colours stated without one, that the picture made of it can't have: they are left out, and it may look lighter or darker"
)

func (l *leftOut) add(name string, left preprocess.Left) {
	if left.Nothing() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found == nil {
		l.found, l.examples = map[string]int{}, map[string]string{}
	}
	note := func(what string) {
		if l.found[what]++; l.examples[what] == "" {
			l.examples[what] = name
		}
	}
	if left.Frames > 0 {
		note(leftFrames)
	}
	if left.Profile {
		note(leftProfile)
	}
	if len(left.Metadata) > 0 {
		note("metadata (" + strings.Join(left.Metadata, ", ") + "), which the pictures don't get; orientation is applied")
	}
}

// tell says it, a line each.
func (l *leftOut) tell(ui *term.UI) {
	for _, what := range slices.Sorted(maps.Keys(l.found)) {
		n := l.found[what]
		subject := l.examples[what] + " has "
		if n > 1 {
			subject = fmt.Sprintf("%d images have (such as %s) ", n, l.examples[what])
		}
		ui.Warn(subject + what)
	}
}
