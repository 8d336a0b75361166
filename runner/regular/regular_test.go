package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	name := write(t, filepath.Join(dir, "a"), "text")
	link := filepath.Join(dir, "link")
	if err := os.Symlink("a", link); err != nil {
		link = name
	}
	for _, name := range []string{name, link} {
		if data, err := ReadFile(name, 4); err != nil || string(data) != "text" {
			t.Errorf("%q, %v", data, err)
		}
		if _, err := ReadFile(name, 3); err == nil || !strings.Contains(err.Error(), "more than 3 bytes") || !strings.Contains(err.Error(), name) {
			t.Error(err)
		}
	}
	for name, says := range map[string]string{dir: "it is a folder, not a regular file", os.DevNull: "a device"} {
		for _, open := range []func(string) (io.Closer, error){
			func(name string) (io.Closer, error) { return Open(name) },
			func(name string) (io.Closer, error) { return Stream(name) },
		} {
			if _, err := open(name); !errors.Is(err, ErrKind) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	missing := filepath.Join(dir, "missing")
	if _, err := Open(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	f, err := OpenFile(missing, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "text")
	write(t, filepath.Join(dir, "deep", "b"), "text")
	if err := fstest.TestFS(Folder(dir), "a", "deep/b"); err != nil {
		t.Error(err)
	}
	if _, err := Folder(dir).Open("../a"); err == nil {
		t.Error("a path out of the folder is opened")
	}
}
