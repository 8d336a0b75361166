package main

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"ortho/cmd/ortho/internal/term"
)

// streamed shows the texts of several images while they grow.
type streamed struct {
	to io.Writer

	mutex sync.Mutex
	image string // whose text was shown last
	shown string // of it
}

func (s *streamed) show(image, soFar string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if image != s.image {
		fmt.Fprintf(s.to, "\n%s: ", term.Clean(image))
		s.image, s.shown = image, ""
	}
	more, goesOn := strings.CutPrefix(soFar, s.shown)
	if !goesOn { // a retry has begun anew
		fmt.Fprint(s.to, "\n")
		more = soFar
	}
	lines := strings.Split(more, "\n")
	for i := range lines {
		lines[i] = term.Clean(lines[i])
	}
	fmt.Fprint(s.to, strings.Join(lines, "\n"))
	s.shown = soFar
}
