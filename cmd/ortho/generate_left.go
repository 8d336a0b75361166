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
	lost     []string // names of metadata
	frames   int
}

const (
	leftFrames   = "further frames or pages that the pictures don't get: "
	leftMetadata = "metadata that the pictures don't get: "
	leftSquashed = "another size than " // and which
	leftProfile  = "a colour profile, or colours stated without one, that the picture made of it can't have: they are left out, and it may look lighter or darker"
)

// add takes what is left of an image, and the names of metadata that its picture can't have.
func (l *leftOut) add(name string, left preprocess.Left, lost []string) {
	if left.Frames > 0 {
		l.note(leftFrames, name)
	}
	if left.Profile {
		l.note(leftProfile, name)
	}
	if len(lost) > 0 {
		l.note(leftMetadata, name)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames += left.Frames
	l.names(lost)
}

// note counts an image of which something is to be said.
func (l *leftOut) note(what, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found == nil {
		l.found, l.examples = map[string]int{}, map[string]string{}
	}
	if l.found[what]++; l.examples[what] == "" {
		l.examples[what] = name
	}
}

// further takes what is left of a picture behind the first of an image; counted: of the first something is, too.
func (l *leftOut) further(name string, left preprocess.Left, lost []string, counted bool) {
	if !counted {
		l.add(name, left, lost)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names(lost)
}

func (l *leftOut) names(lost []string) {
	for _, name := range lost {
		if !slices.Contains(l.lost, name) {
			l.lost = append(l.lost, name)
		}
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
		switch what {
		case leftMetadata:
			what += strings.Join(slices.Sorted(slices.Values(l.lost)), ", ")
		case leftFrames:
			what += fmt.Sprintf("%d, and the first is used", l.frames)
		}
		ui.Warn(subject + what)
	}
}
