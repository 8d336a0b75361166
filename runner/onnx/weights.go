package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ortho/runner/regular"
)

// MaxBytes is the most that an ONNX file may have: protocol buffers end there. Files with
// weights beside it have no such limit.
const MaxBytes = math.MaxInt32

// CheckWeights looks at where the weights of the graph in a file lie: the file itself, which may
// be too large for ONNX Runtime, and those beside it that it names. The error names those that
// can't be used, and says what to do.
func (g *Graph) CheckWeights(file string) error {
	if err := g.CheckSize(); err != nil {
		return fmt.Errorf("%s %w", file, err)
	}
	var problems []error
	others := 0
	for _, f := range g.WeightsIn(regular.Folder(filepath.Dir(file))) {
		switch {
		case f.Problem == nil:
		case len(problems) < 3: // a model may have one file for each of its tensors
			problems = append(problems, fmt.Errorf("%s: its weights are in %s, which %w", file, f.Name, f.Problem))
		default:
			others++
		}
	}
	if others > 0 {
		problems = append(problems, fmt.Errorf("%s: the same goes for more files with weights: %d", file, others))
	}
	return errors.Join(problems...)
}

// CheckSize returns an error where the graph's file is larger than any program can load. It does
// not name the file.
func (g *Graph) CheckSize() error {
	if g.Size <= MaxBytes {
		return nil
	}
	return fmt.Errorf("has %d bytes, and an ONNX file can have %d at most (2 GiB: protocol buffers end there): export the model with its weights as external data, in a file beside it "+
		"(torch.onnx.export with external_data=True, or onnx.save_model with save_as_external_data=True)", g.Size, int64(MaxBytes))
}

// WeightsFile is a file with weights, as it lies beside the graph.
type WeightsFile struct {
	ExternalFile
	Size    int64 // bytes that it has; -1 where there is no such file
	Problem error // why it can't be used, and what to do; nil if it can. It does not name the file
}

// WeightsIn looks at the files with weights that the graph names, in the order of their names.
// folder is the one that the graph's file lies in.
func (g *Graph) WeightsIn(folder fs.FS) []WeightsFile {
	var all []WeightsFile
	for _, f := range g.External {
		w := WeightsFile{ExternalFile: f, Size: -1}
		if w.look(folder); w.Size < 0 && w.Problem == nil {
			w.Problem = fmt.Errorf("is missing: copy it there from where the model comes%s", g.renamed(folder, w.ExternalFile))
		}
		all = append(all, w)
	}
	return all
}

// look finds out the file's size and problem; neither where there is none.
func (w *WeightsFile) look(folder fs.FS) {
	name := filepath.FromSlash(w.Name)
	if !filepath.IsLocal(name) || path.IsAbs(w.Name) {
		w.Problem = errors.New("lies outside of the model's folder, where no weights are read from: export the model anew, with its weights beside it")
		return
	}
	name = path.Clean(filepath.ToSlash(name))
	info, err := fs.Stat(folder, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		w.Problem = unreadable(err)
		return
	case info.IsDir():
		w.Problem = errors.New("is a folder, not a file: copy the file there from where the model comes")
		return
	case !info.Mode().IsRegular():
		w.Problem = errors.New("is no regular file: copy the file there from where the model comes")
		return
	}
	w.Size = info.Size()
	f, err := folder.Open(name)
	if err != nil {
		w.Problem = unreadable(err)
		return
	}
	defer f.Close()
	head := make([]byte, len(lfsPointer))
	n, err := io.ReadFull(f, head)
	switch {
	case string(head) == lfsPointer:
		w.Problem = errors.New("is a Git LFS pointer in place of the file: fetch the file itself (git lfs pull)")
	case n == 0 && w.Bytes > 0 && errors.Is(err, io.EOF):
		w.Problem = errors.New("is empty: fetch it anew")
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		w.Problem = unreadable(err)
	case w.Size < w.Bytes:
		w.Problem = fmt.Errorf("is cut short, or another model's: it has %d bytes, and the graph's tensors reach to byte %d: fetch it anew, with the graph", w.Size, w.Bytes)
	}
}

func unreadable(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Errorf("can't be read: %w", err)
}

// renamed says where a link leads that is missing, or which file beside it may be it: the graph
// names its weights, so that they can't be called otherwise.
func (g *Graph) renamed(folder fs.FS, missing ExternalFile) string {
	if to, err := fs.ReadLink(folder, path.Clean(missing.Name)); err == nil {
		return "; it is a link to " + to
	}
	dir, ending := path.Dir(missing.Name), path.Ext(missing.Name)
	entries, err := fs.ReadDir(folder, dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		alike := strings.HasSuffix(strings.ToLower(e.Name()), "data") || path.Ext(e.Name()) == ending && ending != ".onnx"
		if !alike || strings.HasPrefix(e.Name(), ".") || slices.Contains(g.ExternalData, name) {
			continue
		}
		if info, err := fs.Stat(folder, name); err == nil && info.Mode().IsRegular() && info.Size() >= max(1, missing.Bytes) {
			return fmt.Sprintf("; if %s in that folder is it, give it that name back", e.Name())
		}
	}
	return ""
}
