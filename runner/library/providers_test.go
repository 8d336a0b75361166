package library

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fakes are libraries with these providers, in the search order of a machine that has
// nothing else.
func fakes(t *testing.T, root string) (cpuOnly, openvino, cuda string) {
	t.Helper()
	return place(t, fake(t, "1.32.0", "CPUExecutionProvider"), root, "app", "bin", libraryName),
		place(t, fake(t, "1.24.1", "OpenVINOExecutionProvider", "CPUExecutionProvider"), root, "app", "lib", libraryName),
		place(t, fake(t, "1.31.1", "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"), root, "system", libraryName)
}

func TestFindFor(t *testing.T) {
	root := isolate(t)
	cpuOnly, openvino, cuda := fakes(t, root)
	asked := false
	askLoader = func(string) string { asked = true; return "" }
	for _, test := range []struct {
		explicit, providers, want string
		searchedAll               bool
	}{
		{"", "", cpuOnly, false},
		{"", "cpu", cpuOnly, false},
		{"", "openvino", openvino, false},
		{"", "openvino,cpu", openvino, false},
		{"", "cpu,openvino", openvino, false},
		{"", "cuda", cuda, false},
		{"", "tensorrt,cuda,cpu", cuda, false},
		{"", "cuda,openvino,cpu", cuda, true},     // none has all: the first listed decides
		{"", "openvino,cuda,cpu", openvino, true}, // so here
		{"", "qnn,openvino", openvino, true},
		{"", "qnn,cpu", cpuOnly, true},
		{cuda, "cuda", cuda, false},
		{cpuOnly, "cuda,cpu", cpuOnly, false}, // named: the fallback is on it
		{openvino, "cpu", openvino, false},
	} {
		asked = false
		providers := split(test.providers)
		f, err := FindFor(test.explicit, providers)
		if err != nil || f.Path != test.want || !f.Used {
			t.Errorf("%q of %q: %+v, %v; want %s", test.providers, test.explicit, f, err, test.want)
		}
		if asked != test.searchedAll && runtime.GOOS != "darwin" {
			t.Errorf("%q: searched on: %v", test.providers, asked)
		}
	}
	t.Setenv(SourceEnv, openvino)
	if f, err := FindFor("", []string{"openvino"}); err != nil || f.Path != openvino || f.Source != SourceEnv {
		t.Errorf("%+v, %v", f, err)
	}
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func TestFindForRefuses(t *testing.T) {
	root := isolate(t)
	if _, err := FindFor("", []string{"openvino"}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	cpuOnly, openvino, _ := fakes(t, root)
	t.Setenv(SourceEnv, cpuOnly)
	for _, test := range []struct {
		explicit, env, providers string
		says                     []string
	}{
		{"", "", "qnn", []string{"qnn", "1.32.0", "1.24.1", "1.31.1", "--onnxruntime"}},
		{"", "", "qnn,webgpu", []string{"qnn, webgpu"}},
		{cpuOnly, "", "openvino", []string{"openvino", cpuOnly}},
		{"", cpuOnly, "openvino,cuda", []string{"openvino, cuda", cpuOnly}},
	} {
		t.Setenv(SourceEnv, test.env)
		f, err := FindFor(test.explicit, split(test.providers))
		if !errors.Is(err, ErrNoProvider) {
			t.Fatalf("%+v: %+v, %v", test, f, err)
		}
		for _, s := range test.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%q does not say %q", err, s)
			}
		}
		if test.explicit+test.env != "" && strings.Contains(err.Error(), openvino) {
			t.Errorf("%q: another than the named one was looked at", err)
		}
	}
}

func TestRemedy(t *testing.T) {
	isolate(t)
	want := "`ortho runtime install --flavor openvino`"
	if _, err := rowFor("openvino", "pip"); err != nil {
		want = "`ortho runtime install --from FILE`"
	}
	if got := Remedy("openvino"); !strings.Contains(got, want) {
		t.Error(got)
	}
	installedFake(t, "", "openvino", "1.32.0")
	if got := Remedy("openvino"); !strings.Contains(got, "is installed") {
		t.Error(got)
	}
	if got := Remedy("qnn"); !strings.Contains(got, "built with qnn") {
		t.Error(got)
	}
}

func TestProviderNames(t *testing.T) {
	for name, want := range map[string]string{
		"CPUExecutionProvider": "cpu", "DmlExecutionProvider": "directml", "NvTensorRTRTXExecutionProvider": "nvtensorrtrtx",
		"VitisAIExecutionProvider": "vitisai", "MIGraphXExecutionProvider": "migraphx", "": "", "Something": "something",
	} {
		if got := ProviderName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	f := Found{Providers: []string{"openvino"}}
	if !f.Has("cpu") || !f.Has("openvino") || f.Has("cuda") {
		t.Errorf("%+v", f)
	}
}

// sharedObject compiles a library; needs are linked and may be taken away again.
func sharedObject(t *testing.T, file, soname string, needs ...string) string {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skipf("no C compiler to make a library with: %v", err)
	}
	source := write(t, []byte("int x(void) { return 1; }\n"), t.TempDir(), "x.c")
	args := append([]string{"-shared", "-fPIC", "-o", file, source, "-Wl,-soname," + soname, "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed"}, needs...)
	if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		t.Skipf("the C compiler makes no such library: %v: %s", err, out)
	}
	return file
}

// A provider's library, one beside it, and what neither lies there nor is the system's.
func TestMissing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ELF")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	elsewhere := t.TempDir()
	driver := sharedObject(t, filepath.Join(elsewhere, "a.so"), "libcuda.so.1")
	cublas := sharedObject(t, filepath.Join(elsewhere, "b.so"), "libcublasLt.so.13")
	infer := sharedObject(t, filepath.Join(elsewhere, "c.so"), "libnvinfer.so.10")
	old := sharedObject(t, filepath.Join(elsewhere, "d.so"), "libcudart.so.12")
	frontend := sharedObject(t, filepath.Join(elsewhere, "e.so"), "libopenvino.so.2541")
	indirect := sharedObject(t, at("libinner.so.1"), "libinner.so.1", old)
	f := Found{Path: place(t, fake(t, "1.32.0"), dir, libraryName)}
	for _, test := range []struct {
		provider   string
		needs      []string
		says, nots []string
	}{
		{"cuda", []string{driver, cublas}, []string{"no NVIDIA driver", "libcuda.so.1", "missing are libcublasLt.so.13", "CUDA 13", "nvidia-cublas nvidia-cudnn-cu13`", "LD_LIBRARY_PATH"}, nil},
		{"cuda", []string{indirect}, []string{"libcudart.so.12", "nvidia-cuda-runtime-cu12 nvidia-cudnn-cu12`"}, []string{"driver", "libinner"}},
		{"tensorrt", []string{infer, cublas}, []string{"'tensorrt-cu13-libs==10.*'"}, nil},
		{"cuda", []string{driver}, []string{"no NVIDIA driver"}, []string{"missing are", "pip"}},
		{"openvino", []string{frontend}, []string{"libopenvino.so.2541", "--flavor openvino --force"}, nil},
		{"cuda", nil, nil, nil},
	} {
		sharedObject(t, at("libonnxruntime_providers_"+test.provider+".so"), "p.so", test.needs...)
		err := f.Missing(test.provider)
		if (err == nil) != (test.says == nil) {
			t.Errorf("%s: %v", test.provider, err)
			continue
		}
		for _, s := range test.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%q does not say %q", err, s)
			}
		}
		for _, s := range test.nots {
			if strings.Contains(err.Error(), s) {
				t.Errorf("%q says %q", err, s)
			}
		}
	}
	if err := f.Missing("migraphx"); err == nil || !strings.Contains(err.Error(), "it does not lie beside") {
		t.Error(err)
	}
	if err := f.Missing("xnnpack"); err != nil {
		t.Error(err)
	}
	write(t, []byte("no library"), at("libonnxruntime_providers_rocm.so"))
	if err := f.Missing("rocm"); err != nil {
		t.Error(err)
	}
}

func TestCompanions(t *testing.T) {
	for name, want := range map[string]bool{
		"libonnxruntime_providers_openvino.so": true, "onnxruntime_providers_cuda.dll": true, "DirectML.dll": true,
		"libopenvino.so.2541": true, "libopenvino.so.2025.4.1": true, "libopenvino_intel_cpu_plugin.so": true, "libtbb.so.12": true,
		"openvino.dll": true, "tbb12.dll": true,
		"libopenvino.so.2541.exe": false, "libopenvinoevil.so": false, "onnxruntime_pybind11_state.so": false, "libc.so.6": false,
		"../libtbb.so.12": false, "libopenvino/../x.so": false,
	} {
		if got := isCompanion(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A wheel holds no links: of three names of a library one is kept.
func TestInstallFromKeepsOneOfCopies(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ELF")
	}
	root := isolate(t)
	t.Setenv("PATH", realPath)
	folder := filepath.Join(root, "folder")
	place(t, fake(t, "1.32.0"), folder, libraryName)
	lib := sharedObject(t, filepath.Join(folder, "libopenvino.so.2541"), "libopenvino.so.2541")
	place(t, lib, folder, "libopenvino.so")
	place(t, lib, folder, "libopenvino.so.2025.4.1")
	sharedObject(t, filepath.Join(folder, "libtbb.so"), "libtbb.so.12") // the only one
	write(t, []byte("x"), folder, "libonnxruntime_providers_openvino.so")
	f, _, err := install(t, InstallOptions{From: folder})
	if err != nil || f.Flavor != "openvino" {
		t.Fatalf("%+v, %v", f, err)
	}
	entries, err := os.ReadDir(filepath.Dir(f.Path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{recordName, libraryName, "libonnxruntime_providers_openvino.so", "libopenvino.so.2541", "libtbb.so"}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}
