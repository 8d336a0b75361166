package library

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"ortho/runner/program"
	"ortho/runner/regular"
)

// Python's package onnxruntime is found by where Pythons keep their packages. None is started: it
// would import modules of the working folder before it could be told not to.

// environmentFolders are where an active virtual environment keeps the library.
func environmentFolders() (folders []string) {
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if root := os.Getenv(variable); filepath.IsAbs(root) {
			folders = append(folders, sites(root)...)
		}
	}
	return capi(folders)
}

// pythonFolders are where the Pythons on PATH keep it, and what their user has installed for himself
// (pip --user). Packages that only .pth files lead to are not found; --onnxruntime names them.
func pythonFolders() []string {
	folders := program.Absolute(os.Getenv("PYTHONPATH"))
	folders = append(folders, userSites()...)
	for _, name := range []string{"python3", "python"} {
		if python, err := program.Look(name); err == nil {
			for _, prefix := range prefixes(python) {
				folders = append(folders, sites(prefix)...)
			}
		}
	}
	return capi(folders)
}

// capi are the folders with the library, within folders of packages.
func capi(packages []string) (folders []string) {
	for _, folder := range packages {
		if folder = filepath.Join(folder, "onnxruntime", "capi"); !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	return folders
}

// prefixes are the folders that a Python may be installed in: that of the name by which it is found,
// and of the program that the name is a link to (Homebrew's packages are with the first, those of a
// framework with the second). A virtual environment has its own alone, unless it takes the system's,
// too. pyenv, asdf and mise have scripts in PATH, and the Pythons beside them.
func prefixes(python string) []string {
	prefix := prefixOf(python)
	if filepath.Base(filepath.Dir(python)) == "shims" {
		return append(newest(filepath.Join(prefix, "versions"), ""), newest(filepath.Join(prefix, "installs", "python"), "")...)
	}
	settings, err := regular.ReadFile(filepath.Join(prefix, "pyvenv.cfg"), 1<<16)
	if err == nil && !systemSites(string(settings)) {
		return []string{prefix}
	}
	all := []string{prefix}
	if real, err := filepath.EvalSymlinks(python); err == nil {
		all = append(all, prefixOf(real))
	}
	return all
}

// prefixOf is the folder that holds bin, where the program lies; Windows has it in the folder itself.
func prefixOf(python string) string {
	folder := filepath.Dir(python)
	if slices.Contains([]string{"bin", "shims", "scripts"}, strings.ToLower(filepath.Base(folder))) {
		return filepath.Dir(folder)
	}
	return folder
}

// systemSites reports whether pyvenv.cfg says that the environment has the system's packages, too.
func systemSites(settings string) bool {
	for line := range strings.Lines(settings) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == "include-system-site-packages" {
			return strings.EqualFold(strings.TrimSpace(value), "true")
		}
	}
	return false
}

// sites are the folders of packages below a prefix, the newest Python's first: site-packages, and
// Debian's dist-packages.
func sites(prefix string) (folders []string) {
	for _, lib := range []string{"local/lib", "lib", "lib64"} {
		for _, version := range newest(filepath.Join(prefix, filepath.FromSlash(lib)), "python") {
			folders = append(folders, filepath.Join(version, "site-packages"), filepath.Join(version, "dist-packages"))
		}
	}
	return append(folders, filepath.Join(prefix, "Lib", "site-packages"))
}

// userSites are the folders of packages that a user has for himself.
func userSites() (folders []string) {
	switch home, err := os.UserHomeDir(); {
	case runtime.GOOS == "windows":
		for _, version := range newest(filepath.Join(os.Getenv("AppData"), "Python"), "Python") {
			folders = append(folders, filepath.Join(version, "site-packages"))
		}
		for _, store := range newest(filepath.Join(os.Getenv("LocalAppData"), "Packages"), "PythonSoftwareFoundation.Python.") {
			for _, version := range newest(filepath.Join(store, "LocalCache", "local-packages"), "Python") {
				folders = append(folders, filepath.Join(version, "site-packages"))
			}
		}
		return folders
	case err != nil:
		return nil
	case runtime.GOOS == "darwin":
		for _, version := range newest(filepath.Join(home, "Library", "Python"), "") {
			folders = append(folders, filepath.Join(version, "lib", "python", "site-packages"))
		}
		return folders
	default:
		return sites(filepath.Join(home, ".local"))
	}
}

// newest are the entries of a folder whose names begin so, the highest version first.
func newest(folder, begin string) (paths []string) {
	entries, _ := os.ReadDir(folder) // a folder that isn't there holds none
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), begin) {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int { return compareVersions(filepath.Base(b), filepath.Base(a)) })
	return paths
}
