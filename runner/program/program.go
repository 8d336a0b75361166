// Package program finds the programs that others are: pip, npm, nvidia-smi. What lies in the
// working folder is not among them, however PATH is set: a folder of somebody else's files must not
// choose what runs.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Look returns the absolute path of the first program of a name in the folders that PATH names
// absolutely; entries that are empty or relative mean the working folder, and are passed over. The
// error wraps [exec.ErrNotFound].
func Look(name string) (string, error) {
	for _, folder := range Folders() {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil { // on Windows with an ending of PATHEXT
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// Folders are the absolute ones of PATH, in its order.
func Folders() []string { return Absolute(os.Getenv("PATH")) }

// Absolute are the absolute folders of a list such as PATH or LD_LIBRARY_PATH.
func Absolute(list string) (folders []string) {
	for _, folder := range filepath.SplitList(list) {
		if filepath.IsAbs(folder) {
			folders = append(folders, folder)
		}
	}
	return folders
}
