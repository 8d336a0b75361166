package library

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

type file struct{ name, text, link string }

func tarOf(t testing.TB, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.text)), Typeflag: tar.TypeReg}
		if f.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, f.link
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(f.text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestInstallFromEachKind(t *testing.T) {
	lib := fake(t, "1.32.0")
	data, err := os.ReadFile(lib)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	kinds := map[string]func(root string) string{
		"wheel": func(root string) string { return write(t, wheel(t, lib), root, "a.whl") },
		"nupkg": func(root string) string {
			return write(t, zipOf(t, map[string]string{"runtimes/x/native/" + libraryName: text}), root, "a.nupkg")
		},
		"tgz, name without ending": func(root string) string {
			return write(t, tarOf(t, []file{{name: "o/lib/" + libraryName, text: text}}), root, "a")
		},
		"tgz with foreign ones first": func(root string) string {
			return write(t, tarOf(t, []file{{name: "o/other/" + libraryName, text: string(machO())}, {name: "o/lib/" + libraryName, text: text}}), root, "a.tgz")
		},
		"folder":       func(root string) string { return filepath.Dir(place(t, lib, root, "folder", libraryName)) },
		"library":      func(root string) string { return lib },
		"library, any": func(root string) string { return place(t, lib, root, "my-build.bin") },
	}
	if runtime.GOOS == "linux" {
		kinds["official tgz"] = func(root string) string {
			return write(t, tarOf(t, []file{
				{name: "o/lib/libonnxruntime.so", link: "libonnxruntime.so.1"},
				{name: "o/lib/libonnxruntime.so.1", link: "libonnxruntime.so.1.32.0"},
				{name: "o/lib/libonnxruntime.so.1.32.0", text: text},
			}), root, "a.tgz")
		}
		kinds["folder of links"] = func(root string) string {
			place(t, lib, root, "store", "abc")
			os.Mkdir(filepath.Join(root, "links"), 0o755)
			if err := os.Symlink("../store/abc", filepath.Join(root, "links", libraryName)); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(root, "links")
		}
	}
	for name, make := range kinds {
		t.Run(name, func(t *testing.T) {
			from := make(isolate(t))
			f, said, err := install(t, InstallOptions{From: from})
			if err != nil || f.Version != "1.32.0" || f.Flavor != "cpu" {
				t.Fatalf("%+v, %v", f, err)
			}
			if !strings.Contains(said, "not in the pinned table") || !strings.Contains(said, digestOf(t, lib)) {
				t.Errorf("no warning: %q", said)
			}
			if got, err := Find(""); err != nil || got.Path != f.Path {
				t.Errorf("%+v, %v", got, err)
			}
			if _, said, err := install(t, InstallOptions{From: from}); err != nil || !strings.Contains(said, "already installed") {
				t.Errorf("again: %s, %v", said, err)
			}
		})
	}
}

func TestInstallFromPinned(t *testing.T) {
	isolate(t)
	lib := fake(t, "1.32.0")
	pin(t, map[string]string{"pip": digestOf(t, lib)})
	if _, said, err := install(t, InstallOptions{From: lib}); err != nil || strings.Contains(said, "warning") {
		t.Errorf("%s, %v", said, err)
	}
}

// A second library of the same version takes the first one's place only by force.
func TestInstallFromAnother(t *testing.T) {
	root := isolate(t)
	lib := fake(t, "1.32.0")
	data, _ := os.ReadFile(lib)
	other := write(t, append(data, 0), root, "other.so")
	if _, _, err := install(t, InstallOptions{From: lib}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := install(t, InstallOptions{From: other}); !errors.As(err, new(*OccupiedError)) {
		t.Error(err)
	}
	if f, err := Find(""); err != nil || digestOf(t, f.Path) != digestOf(t, lib) {
		t.Errorf("%+v, %v", f, err)
	}
	if f, _, err := install(t, InstallOptions{From: other, Force: true}); err != nil || digestOf(t, f.Path) != digestOf(t, other) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestFlavorFromNeighbours(t *testing.T) {
	root := isolate(t)
	place(t, fake(t, "1.32.0"), root, "gpu", "lib", libraryName)
	write(t, []byte("x"), root, "gpu", "lib", "libonnxruntime_providers_cuda.so")
	f, _, err := install(t, InstallOptions{From: filepath.Join(root, "gpu")})
	if err != nil || f.Flavor != "cuda" {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(f.Path), "libonnxruntime_providers_cuda.so")); err != nil {
		t.Error(err)
	}
}

func TestInstallFromRefused(t *testing.T) {
	root := isolate(t)
	half := wheel(t, fake(t, "1.32.0"))
	for name, test := range map[string]struct{ path, says string }{
		"missing":      {filepath.Join(root, "no"), "no such file"},
		"text":         {write(t, []byte("hello"), root, "a.whl"), "not a wheel, zip, tgz, folder or library"},
		"empty":        {write(t, nil, root, "empty.zip"), "not a wheel, zip, tgz, folder or library"},
		"half zip":     {write(t, half[:len(half)/2], root, "half.whl"), "zip"},
		"half tgz":     {write(t, tarOf(t, []file{{name: "x", text: "y"}})[:20], root, "half.tgz"), "EOF"},
		"no library":   {write(t, zipOf(t, map[string]string{"a/readme": "x"}), root, "b.whl"), "holds no " + libraryName},
		"too old":      {fake(t, "1.20.0"), "1.20.0"},
		"not ORT":      {fake(t, ""), "not ONNX Runtime"},
		"foreign only": {write(t, zipOf(t, map[string]string{"a/" + libraryName: "no library"}), root, "c.whl"), "not a shared library"},
		"link outside": {write(t, tarOf(t, []file{{name: libraryName, link: fake(t, "1.32.0")}}), root, "link.tgz"), "holds no " + libraryName},
	} {
		t.Run(name, func(t *testing.T) {
			if f, _, err := install(t, InstallOptions{From: test.path}); err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), test.path) {
				t.Errorf("%+v, %v; want %q", f, err, test.says)
			}
			if got := left(t); len(got) != 0 {
				t.Errorf("left: %v", got)
			}
		})
	}
}

func TestUnpackLimits(t *testing.T) {
	lib := fake(t, "1.32.0")
	info, err := os.Stat(lib)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(lib)
	many := []file{{name: "a"}, {name: "b"}, {name: "c", link: "a"}, {name: libraryName, text: string(data)}}
	packages := map[string]string{
		"zip": write(t, wheel(t, lib), t.TempDir(), "a.whl"),
		"tgz": write(t, tarOf(t, many), t.TempDir(), "a.tgz"),
	}
	for name, pkg := range packages {
		for _, test := range []struct {
			limit limits
			ok    bool
		}{
			{limits{info.Size(), 1 << 20, 10}, true},
			{limits{info.Size() - 1, 1 << 20, 10}, false},
			{limits{info.Size(), info.Size() - 1, 10}, false},
			{limits{info.Size(), 1 << 20, 3}, false},
		} {
			_, err := unpack(context.Background(), pkg, t.TempDir(), "", isCompanion, test.limit)
			if (err == nil) != test.ok {
				t.Errorf("%s, %+v: %v", name, test.limit, err)
			}
		}
	}
}

// Whatever a package holds, only files of known names appear, and only in the folder.
func FuzzUnpack(f *testing.F) {
	f.Add(zipOf(f, map[string]string{"../../" + libraryName: "x", "a/LICENSE": "y", `..\..\LICENSE`: "z"}))
	f.Add(tarOf(f, []file{{name: "../../" + libraryName, text: string(machO())}, {name: libraryName, link: "/etc/passwd"}, {name: "/LICENSE", text: "x"}}))
	f.Add(tarOf(f, []file{{name: "a/libonnxruntime_providers_shared.so", text: "x"}, {name: "a/libonnxruntime_providers_shared.so", text: "y"}}))
	f.Add(machO())
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, "a", "b", "out")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		pkg := filepath.Join(root, "pkg")
		if err := os.WriteFile(pkg, data, 0o644); err != nil {
			t.Fatal(err)
		}
		unpack(context.Background(), pkg, dir, "", isCompanion, limits{file: 1 << 16, total: 1 << 17, entries: 50})
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path == pkg {
				return err
			}
			base := filepath.Base(path)
			if !strings.HasPrefix(path, dir) || !d.Type().IsRegular() ||
				!libraryPattern.MatchString(base) && !isCompanion(base) && !licencePattern.MatchString(base) {
				t.Errorf("%s (%v)", path, d.Type())
			}
			return nil
		})
	})
}
