package program

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A program in the working folder is not taken, nor does it hide one that is.
func TestLook(t *testing.T) {
	name, file := "nvidia-smi", "nvidia-smi"
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	dir, real := t.TempDir(), t.TempDir()
	for _, in := range []string{dir, filepath.Join(dir, "bin"), real} {
		if err := os.MkdirAll(in, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(in, file), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, before := range []string{"", ".", "bin", "./bin", ".."} {
		t.Setenv("PATH", before+string(filepath.ListSeparator)+real)
		if path, err := Look(name); err != nil || !strings.EqualFold(path, filepath.Join(real, file)) {
			t.Errorf("PATH=%s: %q, %v", os.Getenv("PATH"), path, err)
		}
		t.Setenv("PATH", before)
		if path, err := Look(name); !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("PATH=%s: %q, %v", before, path, err)
		}
	}
	if got := Absolute(strings.Join([]string{"", real, ".", dir, ""}, string(filepath.ListSeparator))); !slices.Equal(got, []string{real, dir}) {
		t.Error(got)
	}
}
