package commandline

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// searchPath names the folders in which the system's loader looks for libraries first.
const searchPath = "LD_LIBRARY_PATH"

// WithoutWorkingFolder starts the process anew where the loader's search path has entries that are
// empty or relative, and leaves them out: by them a library that lies in the working folder, whoever
// put it there, would be loaded in the place of the system's. The loader reads the path once, before
// a program begins. Where the process can't be started anew it says so, and goes on.
func WithoutWorkingFolder(stderr io.Writer) {
	path, ok := os.LookupEnv(searchPath)
	if !ok || path == "" {
		return
	}
	folders := filepath.SplitList(path)
	absolute := slices.DeleteFunc(slices.Clone(folders), func(folder string) bool { return !filepath.IsAbs(folder) })
	if len(absolute) == len(folders) {
		return
	}
	os.Setenv(searchPath, strings.Join(absolute, string(filepath.ListSeparator)))
	self, err := os.Executable()
	if err == nil {
		fmt.Fprintf(stderr, "ortho: entries of %s that are empty or relative are left out: no library is loaded from the working folder\n", searchPath)
		err = syscall.Exec(self, os.Args, os.Environ())
	}
	fmt.Fprintf(stderr, "ortho: %s names the working folder, from which libraries may be loaded: %v\n", searchPath, err)
}
