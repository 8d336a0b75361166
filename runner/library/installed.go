package library

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"ortho/runner/regular"
)

// record is install.json: what lies in an installed folder.
type record struct {
	Flavor  string    `json:"flavor"`
	Version string    `json:"version"`
	OS      string    `json:"os"`
	Arch    string    `json:"arch"`
	Library string    `json:"library"` // file name
	Source  string    `json:"source"`  // "pip", "npm", "github", "from"
	Package string    `json:"package"` // "onnxruntime==1.32.0"; from: the file's name
	SHA256  string    `json:"sha256"`  // of the library
	Beside  pins      `json:"beside,omitempty"`
	Time    time.Time `json:"time"`
}

// digest notes what was taken out of a package.
func (r *record) digest(got contents) (err error) {
	if r.SHA256, err = fileDigest(got.library); err != nil {
		return err
	}
	r.Beside = pins{}
	for _, file := range got.companions {
		if r.Beside[filepath.Base(file)], err = fileDigest(file); err != nil {
			return err
		}
	}
	return nil
}

const recordName = "install.json"

// DataDir is the folder of what ortho keeps for the user: $ORTHO_DATA_DIR, or
// the system's place for such (XDG_DATA_HOME, Application Support, LocalAppData).
func DataDir() (string, error) {
	if dir := os.Getenv("ORTHO_DATA_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "ortho"), nil
		}
		return "", errors.New("data folder: %LocalAppData% is not set; set ORTHO_DATA_DIR")
	case "darwin":
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("data folder: %w; set ORTHO_DATA_DIR", err)
		}
		return filepath.Join(home, "Library", "Application Support", "ortho"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // the specification: relative ones are ignored
		return filepath.Join(dir, "ortho"), nil
	}
	home, err := os.UserHomeDir()
	if err == nil && !filepath.IsAbs(home) {
		err = fmt.Errorf("$HOME is %q, which is in the working folder", home)
	}
	if err != nil {
		return "", fmt.Errorf("data folder: %w; set ORTHO_DATA_DIR", err)
	}
	return filepath.Join(home, ".local", "share", "ortho"), nil
}

func readRecord(folder string) (record, error) {
	f, err := regular.Open(filepath.Join(folder, recordName))
	if err != nil {
		return record{}, err
	}
	defer f.Close()
	r, err := parseRecord(f)
	if err != nil {
		return record{}, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return r, nil
}

func parseRecord(text io.Reader) (record, error) {
	var r record
	if err := json.NewDecoder(io.LimitReader(text, 1<<20)).Decode(&r); err != nil {
		return record{}, err
	}
	if !isFileName(r.Library) || !libraryPattern.MatchString(r.Library) {
		return record{}, fmt.Errorf("library %q is not a library's name", r.Library)
	}
	for name := range r.Beside {
		if !isFileName(name) {
			return record{}, fmt.Errorf("%q is not a file's name", name)
		}
	}
	return r, nil
}

// isFileName reports whether a name is that of a file in a folder, and leads nowhere else.
func isFileName(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && name != "."
}

// installed lists what Install has put there for this machine: cpu before
// other flavors, then the newest.
func installed() []candidate {
	data, err := DataDir()
	if err != nil {
		return nil
	}
	root := filepath.Join(data, "onnxruntime")
	entries, _ := os.ReadDir(root) // not there: nothing is installed
	type install struct {
		candidate
		version string
	}
	var all []install
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || !strings.HasSuffix(name, "-"+runtime.GOOS+"-"+runtime.GOARCH) {
			continue // one in the making; another machine's in a shared home
		}
		folder := filepath.Join(root, name)
		r, err := readRecord(folder)
		if err != nil {
			all = append(all, install{candidate{folder, SourceInstalled, UnknownFlavor, &DamagedError{err}}, ""})
			continue
		}
		all = append(all, install{candidate{filepath.Join(folder, r.Library), SourceInstalled, r.Flavor, nil}, r.Version})
	}
	slices.SortStableFunc(all, func(a, b install) int {
		if (a.flavor == "cpu") != (b.flavor == "cpu") {
			if a.flavor == "cpu" {
				return -1
			}
			return 1
		}
		return cmp.Or(compareVersions(b.version, a.version), cmp.Compare(a.path, b.path))
	})
	var sorted []candidate
	for _, i := range all {
		sorted = append(sorted, i.candidate)
	}
	return sorted
}
