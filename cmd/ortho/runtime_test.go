package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/pages"
	"ortho/preprocess"
	"ortho/preprocess/codecs"
	"ortho/runner/library"
)

// fakeRuntime compiles a library that states the version.
func fakeRuntime(t *testing.T, version string, defines ...string) string {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skipf("no C compiler to make a library with: %v", err)
	}
	name := map[string]string{"windows": "onnxruntime.dll", "darwin": "libonnxruntime.dylib"}[runtime.GOOS]
	if name == "" {
		name = "libonnxruntime.so"
	}
	lib := filepath.Join(t.TempDir(), name)
	source := filepath.Join("..", "..", "runner", "library", "testdata", "fake.c")
	if out, err := exec.Command(compiler, append(defines, "-shared", "-fPIC", "-o", lib, source, `-DVERSION="`+version+`"`)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return lib
}

// emptyMachine hides every library but those in the system's own folders.
func emptyMachine(t *testing.T) {
	t.Helper()
	t.Setenv("ORTHO_DATA_DIR", t.TempDir())
	for _, v := range []string{"ORTHO_ONNXRUNTIME", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		t.Setenv(v, "")
	}
	t.Setenv("PATH", t.TempDir())
}

func runtimeCommand(args ...string) (code int, stdout, stderr string) {
	var out, notices bytes.Buffer
	code = run(context.Background(), append([]string{"ortho", "runtime"}, args...), strings.NewReader(""), &out, &notices)
	return code, out.String(), notices.String()
}

// TestCodecsFolder: codecs are looked for where they are installed, though neither package knows the
// other.
func TestCodecsFolder(t *testing.T) {
	for _, set := range [][2]string{{"ORTHO_DATA_DIR", t.TempDir()}, {"XDG_DATA_HOME", t.TempDir()}, {"XDG_DATA_HOME", "relative"}, {"HOME", t.TempDir()}} {
		for _, name := range []string{"ORTHO_DATA_DIR", "XDG_DATA_HOME"} {
			t.Setenv(name, "")
		}
		t.Setenv(set[0], set[1])
		data, err := library.DataDir()
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(data, "codecs", "pillow-"+runtime.GOOS+"-"+runtime.GOARCH); codecs.Folder() != want {
			t.Errorf("%s=%s: %s, and installed is to %s", set[0], set[1], codecs.Folder(), want)
		}
	}
}

func TestRuntimeInstallAndList(t *testing.T) {
	lib, old := fakeRuntime(t, "1.99.0"), fakeRuntime(t, "1.20.0")
	emptyMachine(t)

	code, stdout, stderr := runtimeCommand("install", "--from", old)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "1.20.0") || !strings.Contains(stderr, "1.24") {
		t.Errorf("%d, %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr = runtimeCommand("install", "--from", lib)
	if code != exitOK || !strings.HasPrefix(stdout, "ONNX Runtime 1.99.0 (cpu): ") || strings.Count(stdout, "\n") != 1 || !strings.Contains(stderr, "pinned table") {
		t.Fatalf("%d, %q, %q", code, stdout, stderr)
	}
	path := strings.TrimSpace(strings.TrimPrefix(stdout, "ONNX Runtime 1.99.0 (cpu): "))
	code, again, stderr := runtimeCommand("install", "--from", lib)
	if code != exitOK || again != stdout || !strings.Contains(stderr, "already installed") {
		t.Errorf("%d, %q, %q", code, again, stderr)
	}

	code, stdout, stderr = runtimeCommand("list")
	if code != exitOK || !strings.Contains(stdout, filepath.Base(path)) || !strings.Contains(stdout, "1.99.0") || !strings.Contains(stdout, "installed") || !strings.Contains(stdout, "reads JPEG") || stderr != "" {
		t.Errorf("%d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr = runtimeCommand("list", "--quiet"); code != exitOK || stdout+stderr != "" {
		t.Errorf("%d, %q, %q", code, stdout, stderr)
	}

	code, stdout, stderr = runtimeCommand("list", "--json", "--onnxruntime", old)
	var found struct {
		ONNXRuntime []struct {
			Used                                 bool
			Source, Version, Flavor, Path, Error string
		}
		JPEGDecoder preprocess.Decoder `json:"jpeg_decoder"`
	}
	if err := json.Unmarshal([]byte(stdout), &found); err != nil {
		t.Fatalf("%v: %q", err, stdout)
	}
	if d := found.JPEGDecoder; d.Name != "go" && d.Path == "" || d.Name == "go" && d.Error == "" {
		t.Errorf("%+v", d)
	}
	rows := found.ONNXRuntime
	if code != exitFailed || len(rows) < 2 || rows[0].Source != "--onnxruntime" || rows[0].Version != "1.20.0" || rows[0].Used ||
		!strings.Contains(rows[0].Error, "too old") || rows[1].Path != path || rows[1].Used || rows[1].Flavor != "cpu" || !strings.Contains(stderr, "too old") {
		t.Errorf("%d, %+v, %q", code, rows, stderr)
	}
}

func TestRuntimeNone(t *testing.T) {
	emptyMachine(t)
	if code, stdout, stderr := runtimeCommand("list", "--quiet"); code == exitOK {
		t.Skip("ONNX Runtime lies in a folder of the system's")
	} else if code != exitFailed || stdout+stderr != "" {
		t.Errorf("quiet: %d, %q, %q", code, stdout, stderr)
	}
	for _, args := range [][]string{{"list"}, {"list", "--json"}} {
		code, stdout, stderr := runtimeCommand(args...)
		if code != exitFailed || !strings.Contains(stderr, "`ortho runtime install`") || strings.Contains(stdout, "onnxruntime.so") {
			t.Errorf("%v: %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestRuntimeUsage(t *testing.T) {
	emptyMachine(t)
	for _, args := range [][]string{
		{"install", "--source", "conda"}, {"install", "file.whl"}, {"install", "--from", ""}, {"install", "--nonsense"},
		{"install", "--from", "x", "--source", "pip"}, {"list", "x"},
	} {
		if code, stdout, stderr := runtimeCommand(args...); code != exitUsage || stdout != "" || stderr == "" {
			t.Errorf("%q: %d, %q, %q", args, code, stdout, stderr)
		}
	}
	if entries, _ := os.ReadDir(os.Getenv("ORTHO_DATA_DIR")); len(entries) != 0 {
		t.Errorf("left: %v", entries)
	}
}

func TestRuntimeNamesCannotSteerTheTerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such file names")
	}
	emptyMachine(t)
	bad := filepath.Join(t.TempDir(), "a\x1b[31m\nb.so")
	if err := os.WriteFile(bad, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := runtimeCommand("list", "--onnxruntime", bad)
	if strings.Contains(stdout, "\x1b") || !strings.Contains(stdout, "b.so") {
		t.Errorf("%q", stdout)
	}
}

// TestRuntimeListPinned: a library that is not, byte for byte, one of the table is marked.
func TestRuntimeListPinned(t *testing.T) {
	needLibrary(t)
	found, err := library.Find("")
	if err != nil {
		t.Fatal(err)
	}
	changed := write(t, filepath.Join(t.TempDir(), filepath.Base(found.Path)), read(t, found.Path)+"\n")
	code, stdout, stderr := execute(t, "", "runtime", "list", "--json", "--onnxruntime", changed)
	var list struct{ ONNXRuntime []pages.Runtime }
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != exitOK || len(list.ONNXRuntime) == 0 {
		t.Fatalf("exit %d, %s, %v", code, stderr, err)
	}
	if r := list.ONNXRuntime[0]; r.Path != changed || r.Error != "" || r.Pinned {
		t.Errorf("%+v", r)
	}
	if _, table, _ := execute(t, "", "runtime", "list", "--onnxruntime", changed); !strings.Contains(table, "not pinned") {
		t.Error(table)
	}
}
