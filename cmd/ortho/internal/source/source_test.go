package source

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func names(t *testing.T, root string, args []string, opt Options) []string {
	t.Helper()
	var got []string
	for item := range Items(args, opt) {
		name, err := filepath.Rel(root, item.Name)
		if err != nil {
			name = item.Name
		}
		got = append(got, filepath.ToSlash(name))
	}
	return got
}

func TestItems(t *testing.T) {
	root := tree(t, "b.jpg", "a.PNG", "notes.txt", "sub/c.webp", "sub/.hidden/d.jpg", ".e.jpg", "x[1].gif", "list.txt", "@at.png")
	if err := os.WriteFile(filepath.Join(root, "list.txt"), []byte(filepath.Join(root, "b.jpg")+"\r\n\n"+filepath.Join(root, "notes.txt")), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"folder":            {[]string{root}, []string{"@at.png", "a.PNG", "b.jpg", "sub/c.webp", "x[1].gif"}},
		"any file by name":  {[]string{in("notes.txt")}, []string{"notes.txt"}},
		"glob":              {[]string{in("*.jpg")}, []string{".e.jpg", "b.jpg"}},
		"literal with [":    {[]string{in("x[1].gif")}, []string{"x[1].gif"}},
		"list":              {[]string{"@" + in("list.txt")}, []string{"b.jpg", "notes.txt"}},
		"missing":           {[]string{in("nope.jpg")}, []string{"nope.jpg"}},
		"order of the args": {[]string{in("sub"), in("b.jpg"), in("sub")}, []string{"sub/c.webp", "b.jpg", "sub/c.webp"}},
	} {
		if got := names(t, root, c.args, Options{}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	stop := 0
	for range Items([]string{root, root}, Options{}) {
		if stop++; stop == 2 {
			break
		}
	}
}

func TestRead(t *testing.T) {
	root := tree(t, "a.jpg")
	for item := range Items([]string{"-"}, Options{Stdin: strings.NewReader("pixels")}) {
		if data, err := item.Read(); err != nil || string(data) != "pixels" {
			t.Errorf("stdin: %q, %v", data, err)
		}
	}
	big := filepath.Join(root, "big.jpg")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(MaxFile + 1); err != nil {
		t.Fatal(err)
	}
	f.Close()
	bad := []string{big, filepath.Join(root, "missing.jpg")}
	if runtime.GOOS != "windows" {
		bad = append(bad, os.DevNull)
	}
	for _, path := range bad {
		for item := range Items([]string{path}, Options{}) {
			if _, err := item.Read(); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v, want an error with its name", path, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	root := tree(t, "a.jpg", "none/b.txt")
	for _, args := range [][]string{nil, {filepath.Join(root, "none")}, {filepath.Join(root, "*.gif")}, {filepath.Join(root, "[")}, {"@" + filepath.Join(root, "nolist")}} {
		if err := Check(args, Options{}); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
	if err := Check([]string{root, filepath.Join(root, "missing.jpg")}, Options{}); err != nil {
		t.Errorf("a missing file is its item's error, not the run's: %v", err)
	}
	if err := Check([]string{"-"}, Options{StdinPaths: true}); err == nil {
		t.Error("standard input is read twice, and no error")
	}
}

func FuzzPaths(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n"), false)
	f.Add([]byte("a\x00b\x00\x00c"), true)
	f.Add(bytes.Repeat([]byte("x"), MaxPath+1), false)
	f.Fuzz(func(t *testing.T, data []byte, nul bool) {
		separator := "\n"
		if nul {
			separator = "\x00"
		}
		most := strings.Count(string(data), separator) + 1
		n := 0
		fromPaths(bytes.NewReader(data), "list", nul, func(item Item) bool {
			if n++; item.Name == "" || strings.Contains(item.Name, separator) {
				t.Errorf("path %q", item.Name)
			}
			return true
		})
		if n > most+1 {
			t.Errorf("%d paths out of %d lines", n, most)
		}
	})
}
