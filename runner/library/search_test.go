package library

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func installedFake(t *testing.T, root, flavor, version string) string {
	t.Helper()
	data, err := DataDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(data, "onnxruntime", strings.Join([]string{flavor, version, runtime.GOOS, runtime.GOARCH}, "-"))
	text, err := json.Marshal(record{Flavor: flavor, Version: version, Library: libraryName})
	if err != nil {
		t.Fatal(err)
	}
	write(t, text, folder, recordName)
	return place(t, fake(t, "1.32.0"), folder, libraryName)
}

// An installed library that is named by its path has the flavor that it was installed as.
func TestFlavorOfInstalled(t *testing.T) {
	unixOnly(t)
	path := installedFake(t, isolate(t), "cpu", "1.32.0")
	if f, err := Find(path); err != nil || f.Flavor != "cpu" || f.Source != SourceExplicit {
		t.Errorf("%+v, %v", f, err)
	}
}

// Every source is there; taking away the first gives the next.
func TestSearchOrder(t *testing.T) {
	unixOnly(t)
	root := isolate(t)
	lib := fake(t, "1.32.0")
	venv := filepath.Join(root, "venv")
	steps := []struct{ source, path string }{
		{SourceExplicit, place(t, lib, root, "explicit", libraryName)},
		{SourceEnv, place(t, lib, root, "env", libraryName)},
		{SourceInstalled, installedFake(t, root, "cpu", "1.32.0")},
		{SourceInstalled, installedFake(t, root, "cpu", "1.30.0")},
		{SourceInstalled, installedFake(t, root, "cuda", "1.33.0")},
		{SourceBeside, place(t, lib, root, "app", "bin", libraryName)},
		{SourceBeside, place(t, lib, root, "app", "lib", libraryName)},
		{SourceSystem, place(t, lib, root, "system", libraryName)},
		{SourceSystem, place(t, lib, root, "cached", libraryName)},
		{SourcePython, place(t, lib, venv, "lib", "python3.12", "site-packages", "onnxruntime", "capi", libraryName)},
		{SourcePython, place(t, lib, root, "py", "lib", "python3.13", "site-packages", "onnxruntime", "capi", libraryName)},
	}
	t.Setenv(SourceEnv, steps[1].path)
	t.Setenv("VIRTUAL_ENV", venv)
	askLoader = func(string) string {
		if _, err := os.Stat(steps[8].path); err != nil {
			return ""
		}
		return steps[8].path
	}
	started := filepath.Join(root, "started")
	script(t, "touch '"+started+"'", root, "py", "bin", "python3")
	t.Setenv("PATH", filepath.Join(root, "py", "bin"))

	all := List(steps[0].path)
	if len(all) != len(steps) {
		t.Fatalf("%d candidates, want %d: %v", len(all), len(steps), all)
	}
	for i, f := range all {
		if f.Source != steps[i].source || f.Path != steps[i].path || f.Err != nil || f.Used != (i == 0) {
			t.Errorf("%d: %+v, want %+v", i, f, steps[i])
		}
	}
	explicit := steps[0].path
	for i, step := range steps {
		f, err := Find(explicit)
		if err != nil || f.Path != step.path || f.Source != step.source || f.Version != "1.32.0" || !f.Used {
			t.Fatalf("%d: %+v, %v; want %+v", i, f, err, step)
		}
		switch step.source {
		case SourceExplicit:
			explicit = ""
		case SourceEnv:
			t.Setenv(SourceEnv, "")
		}
		if err := os.RemoveAll(filepath.Dir(step.path)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Find("")
	if !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	var none *NotFoundError
	if !errors.As(err, &none) || len(none.Passed) != 0 {
		t.Errorf("%#v", err)
	}
	if all := List(""); len(all) != 0 {
		t.Error(all)
	}
	if _, err := os.Stat(started); err == nil {
		t.Error("Python was started")
	}
}

func TestNamedAndBroken(t *testing.T) {
	root := isolate(t)
	good := place(t, fake(t, "1.32.0"), root, "system", libraryName)
	text := write(t, []byte("not a library at all"), root, "text.so")
	for name, path := range map[string]string{
		"text": text, "missing": filepath.Join(root, "missing"), "folder without": filepath.Join(root, "bin"),
		"too old": fake(t, "1.20.0"),
	} {
		for _, source := range []string{SourceExplicit, SourceEnv} {
			t.Run(name+" "+source, func(t *testing.T) {
				explicit := path
				if source == SourceEnv {
					explicit = ""
					t.Setenv(SourceEnv, path)
				}
				os.MkdirAll(filepath.Join(root, "bin"), 0o755)
				f, err := Find(explicit)
				if err == nil || !strings.Contains(err.Error(), source) || !strings.Contains(err.Error(), path) {
					t.Fatalf("%+v, %v", f, err)
				}
				all := List(explicit)
				if len(all) != 2 || all[0].Err == nil || all[0].Used || all[1].Path != good || all[1].Err != nil || all[1].Used {
					t.Errorf("%+v", all)
				}
			})
		}
	}
}

func TestBrokenOnesArePassedOver(t *testing.T) {
	root := isolate(t)
	broken := write(t, []byte("not a library at all"), root, "app", "bin", libraryName)
	old := place(t, fake(t, "1.20.0"), root, "app", "lib", libraryName)
	_, err := Find("")
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), broken) || !strings.Contains(err.Error(), "1.20.0") {
		t.Fatal(err)
	}
	good := place(t, fake(t, "1.99.0"), root, "system", libraryName)
	f, err := Find("")
	if err != nil || f.Path != good || f.Version != "1.99.0" {
		t.Fatalf("%+v, %v", f, err)
	}
	all := List("")
	if len(all) != 3 || !errors.Is(all[0].Err, ErrNotLibrary) || all[1].Path != old || !errors.Is(all[1].Err, ErrTooOld) || all[1].Version != "1.20.0" || !all[2].Used {
		t.Errorf("%+v", all)
	}
}

func TestInstalledWithoutRecord(t *testing.T) {
	isolate(t)
	path := installedFake(t, "", "cpu", "1.32.0")
	for _, text := range []string{"{", `{"library":"../../x.so"}`, `{"library":""}`} {
		write(t, []byte(text), filepath.Dir(path), recordName)
		if all := List(""); len(all) != 1 || !errors.As(all[0].Err, new(*DamagedError)) {
			t.Errorf("%s: %+v", text, all)
		}
	}
}

func TestFolderIsEnough(t *testing.T) {
	root := isolate(t)
	want := place(t, fake(t, "1.32.0"), root, "build", "lib", libraryName)
	f, err := Find(filepath.Join(root, "build"))
	if err != nil || f.Path != want || f.Source != SourceExplicit {
		t.Fatalf("%+v, %v", f, err)
	}
}

func TestVersionedNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux's names")
	}
	root := isolate(t)
	high := place(t, fake(t, "1.99.0"), root, "system", "libonnxruntime.so.1.99.0")
	place(t, fake(t, "1.32.0"), root, "system", "libonnxruntime.so.1.32.0")
	place(t, fake(t, "1.32.0"), root, "system", "libonnxruntime_providers_cuda.so")
	if err := os.Symlink("libonnxruntime.so.1.99.0", filepath.Join(root, "system", "libonnxruntime.so.1")); err != nil {
		t.Fatal(err)
	}
	all := List("")
	if len(all) != 2 || all[0].Path != high || all[0].Flavor != "cuda" {
		t.Errorf("a link to a library that is listed is listed too, or in the wrong order: %+v", all)
	}
}

// Python's package is found where Pythons keep packages, by the layouts that there are.
func TestPythonLayouts(t *testing.T) {
	unixOnly(t)
	lib := fake(t, "1.32.0")
	for name, c := range map[string]struct {
		python  string            // on PATH: a program
		link    string            // or a link to this one
		folder  string            // of packages
		files   map[string]string // further ones
		env     map[string]string
		nothing bool // that is not found
	}{
		"prefix":            {python: "usr/bin/python3", folder: "usr/lib/python3.11/site-packages"},
		"Debian":            {python: "usr/bin/python3", folder: "usr/lib/python3/dist-packages"},
		"Debian, local":     {python: "usr/bin/python3", folder: "usr/local/lib/python3.11/dist-packages"},
		"Fedora":            {python: "usr/bin/python", folder: "usr/lib64/python3.13/site-packages"},
		"Homebrew":          {python: "brew/bin/python3", link: "brew/Cellar/python/Versions/3.13/bin/python3.13", folder: "brew/lib/python3.13/site-packages"},
		"framework":         {python: "local/bin/python3", link: "Python.framework/Versions/3.12/bin/python3.12", folder: "Python.framework/Versions/3.12/lib/python3.12/site-packages"},
		"conda":             {folder: "conda/lib/python3.12/site-packages", env: map[string]string{"CONDA_PREFIX": "conda"}},
		"virtual":           {folder: "venv/lib/python3.12/site-packages", env: map[string]string{"VIRTUAL_ENV": "venv"}},
		"virtual, on PATH":  {python: "venv/bin/python3", link: "usr/bin/python3.12", files: map[string]string{"venv/pyvenv.cfg": "home = /usr/bin\n"}, folder: "venv/lib/python3.12/site-packages"},
		"not the system's":  {python: "venv/bin/python3", link: "usr/bin/python3.12", files: map[string]string{"venv/pyvenv.cfg": "include-system-site-packages = false\n"}, folder: "usr/lib/python3.12/site-packages", nothing: true},
		"the system's, too": {python: "venv/bin/python3", link: "usr/bin/python3.12", files: map[string]string{"venv/pyvenv.cfg": "include-system-site-packages = true\n"}, folder: "usr/lib/python3.12/site-packages"},
		"pyenv":             {python: "pyenv/shims/python3", folder: "pyenv/versions/3.12.4/lib/python3.12/site-packages"},
		"asdf":              {python: "asdf/shims/python", folder: "asdf/installs/python/3.12.4/lib/python3.12/site-packages"},
		"user":              {folder: map[bool]string{false: "home/.local/lib/python3.12/site-packages", true: "home/Library/Python/3.12/lib/python/site-packages"}[runtime.GOOS == "darwin"]},
		"PYTHONPATH":        {folder: "packages", env: map[string]string{"PYTHONPATH": "packages"}},
		"the working one":   {python: "bin/python3", folder: "work", env: map[string]string{"PYTHONPATH": ""}, nothing: true},
	} {
		t.Run(name, func(t *testing.T) {
			root := isolate(t)
			t.Setenv("PYTHONPATH", "")
			for variable, folder := range c.env {
				if folder != "" {
					folder = filepath.Join(root, folder)
				}
				t.Setenv(variable, folder)
			}
			if c.python != "" {
				python := filepath.Join(root, c.python)
				t.Setenv("PATH", filepath.Dir(python))
				if c.link != "" {
					write(t, nil, filepath.Dir(python), "other")
					if err := os.Symlink(write(t, nil, root, c.link), python); err != nil {
						t.Fatal(err)
					}
				} else {
					write(t, nil, python)
				}
			}
			for file, text := range c.files {
				write(t, []byte(text), root, file)
			}
			want := place(t, lib, root, c.folder, "onnxruntime", "capi", libraryName)
			write(t, nil, root, "work", "file")
			t.Chdir(filepath.Join(root, "work"))
			switch f, err := Find(""); {
			case c.nothing && !errors.Is(err, ErrNotFound), !c.nothing && (err != nil || f.Path != want || f.Source != SourcePython):
				t.Errorf("%+v, %v; want %s", f, err, want)
			}
		})
	}
}

func TestDataDir(t *testing.T) {
	root := isolate(t)
	t.Setenv("ORTHO_DATA_DIR", filepath.Join(root, "own"))
	if dir, err := DataDir(); err != nil || dir != filepath.Join(root, "own") {
		t.Error(dir, err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	t.Setenv("ORTHO_DATA_DIR", "")
	for xdg, want := range map[string]string{"": root + "/home/.local/share/ortho", "relative": root + "/home/.local/share/ortho", "/x": "/x/ortho"} {
		t.Setenv("XDG_DATA_HOME", xdg)
		if dir, err := DataDir(); err != nil || dir != want {
			t.Errorf("%q: %s, %v; want %s", xdg, dir, err, want)
		}
	}
}
