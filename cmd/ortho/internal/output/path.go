package output

import (
	"path/filepath"
	"runtime"
	"strings"
)

// RealPath is an absolute path without links, of what exists of it.
func RealPath(name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	for rest := ""; ; {
		if real, err := filepath.EvalSymlinks(name); err == nil {
			return filepath.Join(real, rest), nil
		}
		up := filepath.Dir(name)
		if up == name {
			return filepath.Join(name, rest), nil
		}
		name, rest = up, filepath.Join(filepath.Base(name), rest)
	}
}

// OneFile returns the same for names that are one file's on this system, which may ignore case.
func OneFile(name string) string {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.ToLower(name)
	}
	return name
}
