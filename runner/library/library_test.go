package library

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// The search path before any test changes it.
var realPath = os.Getenv("PATH")

var built = struct {
	sync.Mutex
	dir   string
	files map[string]string
}{files: map[string]string{}}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// fake compiles a library that states the version and the providers; "" has no
// OrtGetApiBase.
func fake(t testing.TB, version string, providers ...string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	key := strings.Join(append([]string{version}, providers...), " ")
	if file, ok := built.files[key]; ok {
		return file
	}
	if built.dir == "" {
		dir, err := os.MkdirTemp("", "fake-onnxruntime-")
		if err != nil {
			t.Fatal(err)
		}
		built.dir = dir
	}
	compiler := os.Getenv("CC")
	if compiler == "" {
		compiler = "cc"
	}
	compiler, err := exec.LookPath(compiler)
	if err != nil {
		t.Skipf("no C compiler to make a library with: %v", err)
	}
	file := filepath.Join(built.dir, fmt.Sprint(len(built.files)), libraryName)
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"-shared", "-fPIC", "-o", file, filepath.Join("testdata", "fake.c")}
	if version != "" {
		args = append(args, fmt.Sprintf("-DVERSION=%q", version))
	}
	if len(providers) > 0 {
		args = append(args, fmt.Sprintf(`-DPROVIDERS="%s"`, strings.Join(providers, `","`)))
	}
	if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	built.files[key] = file
	return file
}

// place copies file to the joined path.
func place(t testing.TB, file string, to ...string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, data, to...)
}

func write(t testing.TB, data []byte, to ...string) string {
	t.Helper()
	path := filepath.Join(to...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// isolate makes a machine on which nothing is installed, and returns its root;
// programs lie in its bin.
func isolate(t *testing.T) string {
	t.Helper()
	for _, version := range []string{"", "1.20.0", "1.32.0", "1.99.0"} {
		fake(t, version) // while the compiler is on PATH
	}
	fake(t, "1.32.0", "CPUExecutionProvider")
	fake(t, "1.24.1", "OpenVINOExecutionProvider", "CPUExecutionProvider")
	fake(t, "1.31.1", "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
	root := t.TempDir()
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	for _, v := range []string{SourceEnv, "ORTHO_DATA_DIR", "XDG_DATA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", filepath.Join(root, "home"))
	t.Setenv("LocalAppData", filepath.Join(root, "home"))
	t.Setenv("PATH", filepath.Join(root, "bin"))
	oldExecutable, oldFolders, oldLoader := executable, systemFolders, askLoader
	t.Cleanup(func() { executable, systemFolders, askLoader = oldExecutable, oldFolders, oldLoader })
	executable = func() (string, error) { return filepath.Join(root, "app", "bin", "ortho"), nil }
	systemFolders = func() []string { return []string{filepath.Join(root, "system")} }
	askLoader = func(string) string { return "" }
	return root
}

func unixOnly(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("programs of this test are shell scripts")
	}
}

func script(t *testing.T, body string, to ...string) {
	t.Helper()
	write(t, []byte("#!/bin/sh\nPATH='"+realPath+"'\n"+body+"\n"), to...)
}

func TestProbe(t *testing.T) {
	good := fake(t, "1.99.0")
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	tests := []struct {
		name, path string
		version    string
		is         error
		says       []string
	}{
		{"newer", good, "1.99.0", nil, nil},
		{"oldest", fake(t, "1.24.0"), "1.24.0", nil, nil},
		{"before the oldest", fake(t, "1.23.9"), "1.23.9", ErrTooOld, []string{"1.23.9", "1.24"}},
		{"too old", fake(t, "1.20.0"), "1.20.0", ErrTooOld, []string{"1.20.0", "1.24"}},
		{"next major", fake(t, "2.0.0"), "2.0.0", nil, nil},
		{"development build", fake(t, "1.33.0-dev+cu12"), "1.33.0-dev+cu12", nil, nil},
		{"no version", fake(t, "what"), "what", ErrNotONNXRuntime, []string{`"what"`}},
		{"something else", fake(t, ""), "", ErrNotONNXRuntime, []string{"no OrtGetApiBase: not ONNX Runtime"}},
		{"text", write(t, []byte("this is not a library\n"), dir, "text"), "", ErrNotLibrary, []string{`"this"`}},
		{"empty", write(t, nil, dir, "empty"), "", ErrNotLibrary, []string{"too short"}},
		{"header only", write(t, data[:64], dir, "header"), "", ErrNotLibrary, nil},
		{"truncated", write(t, data[:len(data)/2], dir, "half"), "", ErrNotLibrary, nil},
		{"folder", dir, "", ErrNotLibrary, []string{"a folder"}},
		{"missing", filepath.Join(dir, "missing"), "", os.ErrNotExist, []string{"missing"}},
	}
	if runtime.GOOS == "linux" {
		foreign := append([]byte(nil), data...)
		foreign[18], foreign[19] = 183, 0 // e_machine: AArch64
		other := "arm64"
		if runtime.GOARCH == "arm64" {
			foreign[18], other = 62, "amd64"
		}
		// Sections, which stand at the end, gone; what is mapped is cut too.
		cut := append([]byte(nil), data[:0x1000]...)
		for _, at := range []int{40, 41, 42, 43, 44, 45, 46, 47, 58, 59, 60, 61, 62, 63} {
			cut[at] = 0
		}
		tests = append(tests, []struct {
			name, path string
			version    string
			is         error
			says       []string
		}{
			{"wrong architecture", write(t, foreign, dir, "foreign"), "", ErrArchitecture, []string{"the file is " + other + ", this is " + runtime.GOARCH}},
			{"truncated without sections", write(t, cut, dir, "cut"), "", ErrNotLibrary, []string{"truncated"}},
			{"another system's", write(t, machO(), dir, "macho"), "", ErrNotLibrary, []string{"Mach-O"}},
		}...)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			version, err := Probe(test.path)
			if version != test.version || !errors.Is(err, test.is) {
				t.Fatalf("%q, %v; want %q, %v", version, err, test.version, test.is)
			}
			for _, s := range append(test.says, test.path) {
				if err != nil && !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

// machO is the smallest header of an arm64 dylib.
func machO() []byte {
	return append([]byte{0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1, 0, 0, 0, 0, 6, 0, 0, 0}, make([]byte, 16)...)
}

func TestHeaderOfOtherSystems(t *testing.T) {
	h := header{format: "Mach-O", arches: []string{"amd64", "arm64"}, end: 10}
	if err := h.check(10, "darwin", "arm64"); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		size         int64
		goos, goarch string
		is           error
	}{
		{10, "darwin", "ppc64", ErrArchitecture},
		{9, "darwin", "arm64", ErrNotLibrary},
		{10, "windows", "arm64", ErrNotLibrary},
		{10, "linux", "amd64", ErrNotLibrary},
	} {
		if err := h.check(test.size, test.goos, test.goarch); !errors.Is(err, test.is) {
			t.Errorf("%v: %v", test, err)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	if data, err := os.ReadFile(fake(f, "")); err == nil {
		f.Add(data[:min(len(data), 4096)])
	}
	f.Add(machO())
	f.Add([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x01\x01\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x1c\x00\x00\x00\x20\x00\x00\x00\x00"))
	f.Add([]byte("MZ\x90\x00\x03\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readHeader(strings.NewReader(string(data)))
		if err == nil && (len(h.arches) == 0 || h.end < 0) {
			t.Errorf("%+v", h)
		}
	})
}

func TestCompareVersions(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"1.9", "1.24", -1}, {"1.24.0", "1.24", 1}, {"1.32.0", "1.32.0", 0}, {"2.0", "1.99.9", 1}, {"99999999999999999999.1", "1.1", 1}} {
		if got := compareVersions(test.a, test.b); got != test.want {
			t.Errorf("%s, %s: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
