package scratch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// exists reports whether a file or folder is there.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func made(t *testing.T, kind string) *Folder {
	t.Helper()
	f, err := New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNew(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TMP", os.Getenv("TMPDIR"))
	f := made(t, "bench")
	if err := os.WriteFile(filepath.Join(f.Path, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(f.Path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	other := made(t, "compare") // clears what is left behind, which the first is not
	if !exists(filepath.Join(f.Path, "x")) {
		t.Error("a folder in use was cleared")
	}
	for _, f := range []*Folder{f, other} {
		if err := f.Remove(); err != nil || exists(f.Path) {
			t.Errorf("%s: %v", f.Path, err)
		}
	}
}

// TestLeftBehind: folders of runs that were killed go, and nothing else does.
func TestLeftBehind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("locked files are not renamed there, and so nothing is cleared")
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	dead := made(t, "bench")
	if dead.lock == nil {
		t.Skip("the file system has no locks")
	}
	dead.lock.Close() // as the system does where a process is killed

	elsewhere := t.TempDir()
	write := func(path string) string {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kept := []string{
		write(filepath.Join(elsewhere, "own", lockName)),
		write(filepath.Join(temp, "ortho-bench-1", "without-a-lock")),
		write(filepath.Join(temp, "ortho-notes", lockName)),
		write(filepath.Join(temp, "else-bench-1", lockName)),
		write(filepath.Join(temp, "ortho-bench-2")),
		filepath.Join(temp, "ortho-bench-3"), filepath.Join(temp, "ortho-bench-4", "x"),
	}
	if err := os.Symlink(filepath.Join(elsewhere, "own"), kept[5]); err != nil {
		t.Fatal(err)
	}
	write(kept[6])
	if err := os.Symlink(kept[0], filepath.Join(temp, "ortho-bench-4", lockName)); err != nil {
		t.Fatal(err)
	}
	// A link within goes, and what it leads to stays.
	if err := os.Symlink(filepath.Join(elsewhere, "own"), filepath.Join(dead.Path, "link")); err != nil {
		t.Fatal(err)
	}
	f := made(t, "bench")
	defer f.Remove()
	if exists(dead.Path) {
		t.Error("what was left behind is still there")
	}
	for _, path := range kept {
		if !exists(path) {
			t.Errorf("%s was removed", path)
		}
	}
}
