package library

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"ortho/runner/regular"
)

// companionPattern is what else belongs to a build with more providers than the CPU:
// the providers' libraries, and OpenVINO's and TBB's own where they come along.
var companionPattern = regexp.MustCompile(`^((lib)?onnxruntime_providers_[a-z0-9_]+\.(so|dll|dylib)|DirectML\.dll` +
	`|libopenvino(_[a-z0-9_]+)?\.so(\.\d+){0,3}|openvino(_[a-z0-9_]+)?\.dll|libtbb[a-z]*\.so(\.\d+){0,2}|tbb[a-z]*\d*\.dll)$`)

func isCompanion(name string) bool { return companionPattern.MatchString(name) }

// withoutCopies leaves out libraries that are there under the name, too, by which
// others ask for them (SONAME): wheels can't hold links.
func withoutCopies(files []string) []string {
	return slices.DeleteFunc(slices.Clone(files), func(file string) bool {
		soname := filepath.Join(filepath.Dir(file), soname(file))
		return soname != file && slices.Contains(files, soname)
	})
}

// soname is the name that an ELF library gives itself; its file's name where it gives
// none.
func soname(file string) string {
	f, err := openELF(file)
	if err == nil {
		defer f.Close()
		if names, err := f.DynString(elf.DT_SONAME); err == nil && len(names) > 0 {
			return filepath.Base(names[0])
		}
	}
	return filepath.Base(file)
}

// elfFile is an ELF file that is open.
type elfFile struct {
	*elf.File
	io.Closer
}

func (f elfFile) Close() error { return f.Closer.Close() }

func openELF(name string) (elfFile, error) {
	file, err := regular.Open(name)
	if err != nil {
		return elfFile{}, err
	}
	f, err := elf.NewFile(file)
	if err != nil {
		file.Close()
		return elfFile{}, err
	}
	return elfFile{f, file}, nil
}

// Missing returns why the provider's own library can't be loaded, as a [MissingError]:
// what it needs and is not there, with how to get it. It is nil where nothing is
// missing, the provider is part of f, or the system's libraries don't show it (they do on
// Linux).
func (f Found) Missing(provider string) error {
	if runtime.GOOS != "linux" || !slices.Contains([]string{"cuda", "tensorrt", "openvino", "migraphx", "rocm"}, provider) {
		return nil
	}
	name := fmt.Sprintf("libonnxruntime_providers_%s.so", provider)
	real, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		return nil
	}
	path := filepath.Join(filepath.Dir(real), name)
	if _, err := os.Stat(path); err != nil {
		return &MissingError{name, "it does not lie beside " + f.Path, "install the whole package: `ortho runtime install`"}
	}
	missing := map[string]bool{}
	walkNeeded(path, map[string]bool{}, missing)
	if provider == "tensorrt" && !loaderFinds(driver) {
		missing[driver] = true
	}
	if len(missing) == 0 {
		return nil
	}
	return missingError(name, provider, missing)
}

// walkNeeded collects the libraries that file needs, and those beside it that it
// needs, which neither lie there nor are found by the loader. Loading the file itself
// to see would run its initialisers, which crash outside ONNX Runtime.
func walkNeeded(file string, seen, missing map[string]bool) {
	if seen[file] {
		return
	}
	seen[file] = true
	f, err := openELF(file)
	if err != nil {
		return
	}
	defer f.Close()
	needed, err := f.ImportedLibraries()
	if err != nil {
		return
	}
	for _, name := range needed {
		beside := filepath.Join(filepath.Dir(file), name)
		if _, err := os.Stat(beside); err == nil && searchesBeside(f.File) {
			walkNeeded(beside, seen, missing)
		} else if !loaderFinds(name) {
			missing[name] = true
		}
	}
}

// searchesBeside reports whether the file makes the loader search its own folder.
func searchesBeside(f *elf.File) bool {
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		paths, _ := f.DynString(tag)
		for _, path := range paths {
			if slices.ContainsFunc(strings.Split(path, ":"), func(p string) bool { return p == "$ORIGIN" || p == "${ORIGIN}" }) {
				return true
			}
		}
	}
	return false
}

// Packages of pip that hold NVIDIA's libraries. MAJOR is CUDA's version, without which
// most names are from 13 on; SO is the library's own.
var nvidiaPackages = []struct{ prefix, before13, from13 string }{
	{"libcublas", "nvidia-cublas-cuMAJOR", "nvidia-cublas"},
	{"libcudart", "nvidia-cuda-runtime-cuMAJOR", "nvidia-cuda-runtime"},
	{"libcurand", "nvidia-curand-cuMAJOR", "nvidia-curand"},
	{"libcufft", "nvidia-cufft-cuMAJOR", "nvidia-cufft"},
	{"libnvrtc", "nvidia-cuda-nvrtc-cuMAJOR", "nvidia-cuda-nvrtc"},
	{"libcudnn", "nvidia-cudnn-cuMAJOR", "nvidia-cudnn-cuMAJOR"},
	{"libnvinfer", "'tensorrt-cuMAJOR-libs==SO.*'", "'tensorrt-cuMAJOR-libs==SO.*'"},
	{"libnvonnxparser", "'tensorrt-cuMAJOR-libs==SO.*'", "'tensorrt-cuMAJOR-libs==SO.*'"},
}

// driver is the library that NVIDIA's driver brings.
const driver = "libcuda.so.1"

var cudaMajor = regexp.MustCompile(`^lib(?:cudart|cublas|cublasLt)\.so\.(\d+)$`)

// MissingError is what a provider's library can't be loaded for.
type MissingError struct {
	Library string // the provider's: its file's name
	Reason  string
	Remedy  string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s can't be loaded: %s; %s", e.Library, e.Reason, e.Remedy)
}

func missingError(library, provider string, missing map[string]bool) error {
	var reasons, remedies []string
	if missing[driver] {
		reasons = append(reasons, "no NVIDIA driver or GPU was found ("+driver+")")
		remedies = append(remedies, "it takes an NVIDIA GPU with its driver")
	}
	var names []string
	major := ""
	for name := range missing {
		if name == driver {
			continue
		}
		names = append(names, name)
		if m := cudaMajor.FindStringSubmatch(name); m != nil {
			major = m[1]
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		reasons = append(reasons, "missing are "+strings.Join(names, ", "))
		switch {
		case provider == "openvino":
			remedies = append(remedies, "`ortho runtime install --flavor openvino --force` installs them again, or LD_LIBRARY_PATH names their folder")
		case major != "":
			remedies = append(remedies, fmt.Sprintf("the system's CUDA %s packages have them, or `pip install %s`, whose folders (site-packages/nvidia/*/lib) LD_LIBRARY_PATH must name",
				major, strings.Join(pipPackages(names, major), " ")))
		default:
			remedies = append(remedies, "LD_LIBRARY_PATH names their folder")
		}
	}
	return &MissingError{library, strings.Join(reasons, "; "), strings.Join(remedies, "; ")}
}

// pipPackages are those that hold the libraries, and cuDNN, which is opened only when
// a graph needs it.
func pipPackages(libraries []string, major string) []string {
	var packages []string
	for _, p := range nvidiaPackages {
		name := p.from13
		if major == "11" || major == "12" {
			name = p.before13
		}
		name = strings.ReplaceAll(name, "MAJOR", major)
		i := slices.IndexFunc(libraries, func(l string) bool { return strings.HasPrefix(l, p.prefix) })
		if i >= 0 {
			_, version, _ := strings.Cut(libraries[i], ".so.")
			packages = append(packages, strings.ReplaceAll(name, "SO", version))
		} else if p.prefix == "libcudnn" {
			packages = append(packages, name)
		}
	}
	return slices.Compact(packages)
}
