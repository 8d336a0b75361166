package library

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
)

// ErrTooOld, ErrNotONNXRuntime, ErrNotLibrary and ErrArchitecture are the kinds of
// unusable libraries.
var (
	ErrTooOld         = errors.New("ONNX Runtime is too old")
	ErrNotONNXRuntime = errors.New("no OrtGetApiBase: not ONNX Runtime")
	ErrNotLibrary     = errors.New("not a shared library")
	ErrArchitecture   = errors.New("wrong architecture")
)

// Probe returns the version that the library at path states, and an error when
// it can't be used: not a library of this system and architecture (its header
// shows that: such a file is not loaded), not ONNX Runtime, older than MinVersion.
func Probe(path string) (version string, err error) {
	m, version, err := probe(path)
	if err == nil {
		m.close()
	}
	return version, err
}

// probe leaves a library that can be used mapped.
func probe(path string) (m mapped, version string, err error) {
	path, err = filepath.Abs(path) // a plain name would make the loader search
	if err != nil {
		return m, "", fmt.Errorf("probe %s: %w", path, err)
	}
	if err := checkHeader(path); err != nil {
		return m, "", err
	}
	if m, err = load(path); err != nil {
		return m, "", fmt.Errorf("%s: %w", path, err)
	}
	version = m.version()
	number := leadingNumber.FindString(version)
	switch {
	case version == "":
		err = fmt.Errorf("%s: %w: OrtGetApiBase gives no version", path, ErrNotONNXRuntime)
	case number == "":
		err = fmt.Errorf("%s: %w: it states version %q", path, ErrNotONNXRuntime, version)
	case compareVersions(number, MinVersion) < 0:
		err = &TooOldError{path, version}
	}
	if err != nil {
		m.close()
		m = mapped{}
	}
	return m, version, err
}

var (
	leadingNumber = regexp.MustCompile(`^\d+\.\d+(\.\d+)*`)
	numbers       = regexp.MustCompile(`\d+`)
)

// compareVersions compares by the numbers in a and b; a missing one is less than 0.
func compareVersions(a, b string) int {
	as, bs := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.ParseUint(as[i], 10, 64) // out of range: the largest
		y, _ := strconv.ParseUint(bs[i], 10, 64)
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}
