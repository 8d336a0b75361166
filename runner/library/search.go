package library

import (
	"cmp"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"ortho/runner/program"
)

// candidate is a file that may be the library.
type candidate struct {
	path, source, flavor string
	err                  error // known to be unusable without looking into it
}

// named reports whether the user has named the candidate: nothing else may be taken instead.
func (c candidate) named() bool { return c.source == SourceExplicit || c.source == SourceEnv }

// found probes the candidate, and leaves it mapped when it can be used and keep says
// so.
func (c candidate) found(keep func(Found) bool) Found {
	f := Found{Path: c.path, Flavor: c.flavor, Source: c.source, Err: c.err}
	if f.Flavor == "" {
		f.Flavor = flavorByNeighbours(c.path)
	}
	if f.Err != nil {
		return f
	}
	var m mapped
	if m, f.Version, f.Err = probe(c.path); f.Err != nil {
		return f
	}
	f.Providers = providersOf(m)
	if !keep(f) {
		m.close()
	}
	return f
}

// Variables, so that tests can replace them.
var (
	executable    = os.Executable
	systemFolders = func() []string {
		switch runtime.GOOS {
		case "windows":
			return nil // the loader searches System32 and PATH itself, and not the working folder: see loadLibrary
		case "darwin":
			folders := append(program.Absolute(os.Getenv("DYLD_LIBRARY_PATH")), program.Absolute(os.Getenv("DYLD_FALLBACK_LIBRARY_PATH"))...)
			return append(folders, "/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib")
		}
		folders := program.Absolute(os.Getenv("LD_LIBRARY_PATH"))
		multiarch := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
		return append(folders, "/usr/local/lib", "/usr/local/lib64", "/usr/lib64", "/usr/lib/"+multiarch, "/usr/lib")
	}
	askLoader = loaderPath
)

// candidates yields every file in search order, each once, and does a source's
// work only when it is reached.
func candidates(explicit string) iter.Seq[candidate] {
	sources := []func() []candidate{
		func() []candidate { return namedCandidates(SourceExplicit, explicit) },
		func() []candidate { return namedCandidates(SourceEnv, os.Getenv(SourceEnv)) },
		installed,
		beside,
		func() []candidate { return inFolders(SourceSystem, systemFolders()...) },
		loaderCandidates,
		func() []candidate { return inFolders(SourcePython, environmentFolders()...) },
		func() []candidate { return inFolders(SourcePython, pythonFolders()...) },
	}
	return func(yield func(candidate) bool) {
		seen := map[string]bool{}
		for _, source := range sources {
			for _, c := range source() {
				real, err := filepath.EvalSymlinks(c.path)
				if err != nil {
					real = c.path
				}
				if seen[real] {
					continue
				}
				seen[real] = true
				if !yield(c) {
					return
				}
			}
		}
	}
}

// namedCandidates is what the user named: a library, or a folder that holds one.
func namedCandidates(source, path string) []candidate {
	if path == "" {
		return nil
	}
	c := candidate{path: path, source: source}
	if abs, err := filepath.Abs(path); err == nil {
		c.path = abs
	}
	info, err := os.Stat(c.path)
	if err != nil {
		c.err = fmt.Errorf("ONNX Runtime's library: %w", err)
	} else if info.IsDir() {
		in := inFolders(source, c.path, filepath.Join(c.path, "lib"), filepath.Join(c.path, "bin"), filepath.Join(c.path, "capi"))
		if len(in) > 0 {
			return in[:1]
		}
		c.err = fmt.Errorf("folder %s (and lib, bin, capi in it) has no %s", c.path, libraryName)
	}
	return []candidate{c}
}

func beside() []candidate {
	path, err := executable()
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	folder := filepath.Dir(path)
	return inFolders(SourceBeside, folder, filepath.Join(filepath.Dir(folder), "lib"))
}

// loaderCandidates asks the system's loader by plain name: its cache and its
// configuration know folders that nobody else does. macOS' has neither, and looks into the
// working folder. Once a library is mapped the loader may answer with that one.
func loaderCandidates() []candidate {
	names := []string{"libonnxruntime.so", "libonnxruntime.so.1"}
	switch runtime.GOOS {
	case "windows":
		names = []string{"onnxruntime.dll"}
	case "darwin":
		return nil
	}
	for _, name := range names {
		if path := askLoader(name); filepath.IsAbs(path) {
			return []candidate{{path: path, source: SourceSystem}}
		}
	}
	return nil
}

// libraryPattern is what the library's file is called; libraryName its usual name.
var libraryPattern, libraryName = func() (*regexp.Regexp, string) {
	switch runtime.GOOS {
	case "windows":
		return regexp.MustCompile(`(?i)^onnxruntime\.dll$`), "onnxruntime.dll"
	case "darwin":
		return regexp.MustCompile(`^libonnxruntime(\.\d+)*\.dylib$`), "libonnxruntime.dylib"
	}
	return regexp.MustCompile(`^libonnxruntime\.so(\.\d+)*$`), "libonnxruntime.so"
}()

// inFolders returns the libraries that lie in the folders: in each the
// unversioned name first, then the highest.
func inFolders(source string, folders ...string) []candidate {
	var found []candidate
	for _, folder := range folders {
		if !filepath.IsAbs(folder) {
			continue // it would be one in the working folder
		}
		entries, _ := os.ReadDir(folder) // a folder that isn't there holds none
		var names []string
		for _, e := range entries {
			if libraryPattern.MatchString(e.Name()) {
				names = append(names, e.Name())
			}
		}
		slices.SortFunc(names, func(a, b string) int {
			if a == libraryName || b == libraryName {
				return cmp.Compare(len(a), len(b))
			}
			return compareVersions(b, a)
		})
		for _, name := range names {
			found = append(found, candidate{path: filepath.Join(folder, name), source: source})
		}
	}
	return found
}
