package output

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// Reads are the files that a run reads. All outputs are opened through them, so that none
// takes the place of one, whatever may be replaced else. Their methods may be called
// concurrently.
type Reads struct {
	files iter.Seq[string]

	mutex sync.Mutex
	free  map[string]struct{}    // names that were found to replace nothing
	there map[string]os.FileInfo // what is there already of these outputs
	late  error                  // an output replaces a file that was added

	folder *folder // nil: outputs are few
}

// Protect takes the files' names. They are gone through only where an output is there
// already, once for all outputs that are named together.
func Protect(files ...iter.Seq[string]) *Reads {
	return &Reads{free: map[string]struct{}{}, there: map[string]os.FileInfo{}, files: func(yield func(string) bool) {
		for _, some := range files {
			for name := range some {
				if !yield(name) {
					return
				}
			}
		}
	}}
}

// Beside are the names of an output and of all that stands beside it, under a name that follows from
// its own, until it is complete, or records how it was made.
func Beside(name string) []string {
	return []string{name, name + ".partial", name + ".run.json", name + ".rounds"}
}

// Refuse returns an error where an output of one of the names, or what stands beside it,
// would replace a file that the run reads: under whatever name, by a link, or as the same
// file. "" and "-" are none. Devices and pipes pass.
func (r *Reads) Refuse(names ...string) error {
	if r.folder != nil {
		return r.folder.refuse(names)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	there := map[string]os.FileInfo{}
	for _, name := range names {
		if _, known := r.free[name]; known || name == "" || name == "-" {
			continue
		}
		for _, file := range Beside(name) {
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
				there[file] = info
			}
		}
	}
	if len(there) > 0 {
		for name := range r.files {
			info, err := os.Stat(name)
			if err != nil {
				continue
			}
			if err := replaced(name, info, there); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		r.free[name] = struct{}{}
	}
	maps.Copy(r.there, there)
	return nil
}

// Recheck is Refuse once more, for an output that is open: a pattern among the inputs may
// match what has just been begun.
func (r *Reads) Recheck(name string) error {
	r.mutex.Lock()
	delete(r.free, name)
	r.mutex.Unlock()
	return r.Refuse(name)
}

// replaced returns an error where a file that is read is one of the outputs.
func replaced(name string, file os.FileInfo, outputs map[string]os.FileInfo) error {
	for output, old := range outputs {
		if os.SameFile(old, file) {
			return fmt.Errorf("this run reads %s, and its output %s would replace it: give another name", name, output)
		}
	}
	return nil
}

// Add adds a file that is read and that could not be known before, as when its path comes out
// of a pipe. An output that would replace it can't be completed: Late returns why.
func (r *Reads) Add(name string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.there) == 0 || r.late != nil {
		return
	}
	if info, err := os.Stat(name); err == nil {
		r.late = replaced(name, info, r.there)
	}
}

// Late returns an error where an output would replace a file that was added.
func (r *Reads) Late() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.late
}

// In is for many outputs, all in one folder: it goes through the files that are read once,
// now. It does not look for hard links: replacing one leaves the file under its other name.
func (r *Reads) In(dir string) (*Reads, error) {
	real, err := RealPath(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{real: real, read: map[string]struct{}{}}
	paths := &realPaths{}
	for name := range r.files {
		both, err := paths.of(name)
		if err != nil {
			return nil, err
		}
		for _, path := range both {
			if inside, err := filepath.Rel(real, path); err == nil && filepath.IsLocal(inside) {
				f.read[OneFile(path)] = struct{}{}
			}
		}
	}
	return &Reads{folder: f}, nil
}

// folder is one that outputs are put into.
type folder struct {
	real string
	read map[string]struct{} // paths of what the run reads of it
}

func (f *folder) refuse(names []string) error {
	if len(f.read) == 0 {
		return nil
	}
	for _, name := range names {
		dir, err := RealPath(filepath.Dir(name))
		if err != nil {
			return err
		}
		for _, file := range Beside(name) {
			if _, is := f.read[OneFile(filepath.Join(dir, filepath.Base(file)))]; is {
				return fmt.Errorf("its picture would replace %s, which this run reads: give another output folder", file)
			}
		}
	}
	return nil
}

// realPaths finds the paths of files of which many lie in one folder.
type realPaths struct{ dir, real string }

// of returns a file's path and, where it is a link, that of what it leads to.
func (p *realPaths) of(name string) ([]string, error) {
	if dir := filepath.Dir(name); p.real == "" || dir != p.dir {
		real, err := RealPath(dir)
		if err != nil {
			return nil, err
		}
		p.dir, p.real = dir, real
	}
	paths := []string{filepath.Join(p.real, filepath.Base(name))}
	if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeSymlink == 0 {
		return paths, nil
	}
	real, err := RealPath(name)
	return append(paths, real), err
}
