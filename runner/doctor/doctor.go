package doctor

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"ortho/runner"
	"ortho/runner/library"
)

// Status is the outcome of trying a provider.
type Status string

const (
	OK          Status = "ok"
	Failed      Status = "failed"      // it ran nothing
	Crashed     Status = "crashed"     // and took its process with it
	Hung        Status = "hung"        // it did not answer
	Unsupported Status = "unsupported" // the library has it, our binding of ONNX Runtime does not
	Absent      Status = "absent"      // in no library
)

// Provider is an execution provider in one library, or in none.
type Provider struct {
	Provider  string            `json:"provider"`
	Options   map[string]string `json:"options,omitempty"` // with which it was tried
	Used      bool              `json:"used"`              // a session that asks for it gets this library's
	Library   string            `json:"library,omitempty"` // path
	Version   string            `json:"version,omitempty"`
	Flavor    string            `json:"flavor,omitempty"`
	Available bool              `json:"available"`
	Status    Status            `json:"status"`
	// Reason says why it is not available. Of one that has crashed, it has what the library
	// wrote: any text.
	Reason string `json:"reason,omitempty"`
	Remedy string `json:"remedy,omitempty"` // what to do
}

// Options say how providers are tried.
type Options struct {
	// Command makes a process that calls [Serve] with the library's path and the tries, on
	// its standard output. It ends when ctx is done.
	Command func(ctx context.Context, library string, tries []string) *exec.Cmd
	Timeout time.Duration // how long one provider may take; 0: a minute, since TensorRT builds an engine first
}

// Providers tries all providers of libraries, in the order in which these are looked for, and
// returns the outcome of each, then those that are in no library. A library that has an error
// is left out. The error is ctx's.
func Providers(ctx context.Context, libraries []library.Found, opt Options) ([]Provider, error) {
	if opt.Timeout == 0 {
		opt.Timeout = time.Minute
	}
	var all []Provider
	seen := map[string]bool{}
	for _, lib := range libraries {
		if lib.Err != nil {
			continue
		}
		for _, p := range opt.try(ctx, lib) {
			p.Used = !seen[p.Provider] && p.Options == nil
			seen[p.Provider] = seen[p.Provider] || p.Used
			all = append(all, p)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	for _, name := range runner.ProviderNames() {
		if !seen[name] {
			all = append(all, Provider{Provider: name, Status: Absent, Reason: "no library that was found has it", Remedy: library.Remedy(name)})
		}
	}
	return all, nil
}

// Data is the folder that installed libraries lie in.
type Data struct {
	Path     string      `json:"path"`
	Runtimes []Installed `json:"runtimes"`
	Error    string      `json:"error,omitempty"` // why there is none
}

// Installed is a library of ONNX Runtime in the folder.
type Installed struct {
	Name  string `json:"name"`
	Bytes int64  `json:"size_bytes"` // of its files
}

// ReadData looks at the folder. What can't be read counts as empty.
func ReadData() Data {
	var d Data
	var err error
	if d.Path, err = library.DataDir(); err != nil {
		d.Error = err.Error()
		return d
	}
	root := filepath.Join(d.Path, "onnxruntime")
	entries, _ := os.ReadDir(root) // not there: nothing is installed
	for _, e := range entries {
		in := Installed{Name: e.Name()}
		filepath.WalkDir(filepath.Join(root, e.Name()), func(_ string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				if info, err := e.Info(); err == nil {
					in.Bytes += info.Size()
				}
			}
			return nil
		})
		d.Runtimes = append(d.Runtimes, in)
	}
	return d
}
