//go:build !linux

package commandline

import "io"

// WithoutWorkingFolder does nothing: libraries are named by their paths, or the loader is told not to
// look into the working folder.
func WithoutWorkingFolder(io.Writer) {}
