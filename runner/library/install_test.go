package library

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ortho/runner/appear"
)

// pin puts the table's place: for this machine, rows with these digests.
func pin(t *testing.T, digests map[string]string) {
	t.Helper()
	old := table
	t.Cleanup(func() { table = old })
	table = nil
	for source, digest := range digests {
		inside := map[string]string{"pip": "onnxruntime/capi/" + libraryName, "npm": "package/bin/" + libraryName}[source]
		beside := pins{}
		if source == "pip" {
			beside["libonnxruntime_providers_shared.so"] = digestOfText("shared")
		}
		table = append(table, row{"cpu", runtime.GOOS, runtime.GOARCH, "1.32.0", source, "onnxruntime-" + source, "any", inside, digest, beside})
	}
}

func digestOf(t *testing.T, file string) string {
	t.Helper()
	digest, err := fileDigest(file)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func digestOfText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// wheel makes a wheel's bytes around the library.
func wheel(t *testing.T, lib string) []byte {
	t.Helper()
	data, err := os.ReadFile(lib)
	if err != nil {
		t.Fatal(err)
	}
	return zipOf(t, map[string]string{
		"onnxruntime/capi/" + libraryName:                       string(data),
		"onnxruntime/capi/libonnxruntime_providers_shared.so":   "shared",
		"onnxruntime/LICENSE":                                   "MIT",
		"onnxruntime/ThirdPartyNotices.txt":                     "others",
		"onnxruntime/capi/onnxruntime_pybind11_state.so":        "python's",
		"onnxruntime/capi/libonnxruntime_providers_dnnl.so":     "not pinned",
		"elsewhere/libonnxruntime_providers_cuda.so":            "not beside it",
		"onnxruntime-1.32.0.dist-info/licenses/something/NOTES": "no",
	})
}

func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// client is a pip or npm that copies file into its destination.
func client(t *testing.T, root, name, flag, file string) {
	t.Helper()
	script(t, `echo "$@" >> '`+root+`/asked-`+name+`'
while [ $# -gt 0 ]; do [ "$1" = `+flag+` ] && dest="$2"; shift; done
mkdir -p "$dest" && cp '`+file+`' "$dest/"`, root, "bin", name)
}

func install(t *testing.T, opt InstallOptions) (Found, string, error) {
	t.Helper()
	var said []string
	opt.Notify = func(line string) { said = append(said, line) }
	f, err := Install(context.Background(), opt)
	return f, strings.Join(said, "\n"), err
}

// left lists what lies where libraries are installed.
func left(t *testing.T) []string {
	t.Helper()
	data, err := DataDir()
	if err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(filepath.Join(data, "onnxruntime"))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestInstallByPip(t *testing.T) {
	unixOnly(t)
	root := isolate(t)
	lib := fake(t, "1.32.0")
	pin(t, map[string]string{"pip": digestOf(t, lib), "npm": "0"})
	client(t, root, "python3", "--dest", write(t, wheel(t, lib), root, "onnxruntime-1.32.0-cp312.whl"))

	f, said, err := install(t, InstallOptions{})
	if err != nil {
		t.Fatal(err, said)
	}
	folder := "cpu-1.32.0-" + runtime.GOOS + "-" + runtime.GOARCH
	if got := left(t); len(got) != 1 || got[0] != folder {
		t.Errorf("left: %v", got)
	}
	for _, name := range []string{libraryName, "libonnxruntime_providers_shared.so", "LICENSE", "ThirdPartyNotices.txt", recordName} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(f.Path), name)); err != nil {
			t.Error(err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(f.Path)); len(entries) != 5 {
		t.Errorf("more than that is installed: %v", entries)
	}
	r, err := readRecord(filepath.Dir(f.Path))
	if err != nil || r.Source != "pip" || r.Package != "onnxruntime-pip==1.32.0" || r.SHA256 != digestOf(t, lib) || r.Time.IsZero() || r.Flavor != "cpu" {
		t.Errorf("%+v, %v", r, err)
	}
	asked, _ := os.ReadFile(filepath.Join(root, "asked-python3"))
	for _, s := range []string{"-m pip download", "--no-deps", "--only-binary=:all:", "--platform any", "--python-version 3.12", "onnxruntime-pip==1.32.0"} {
		if !strings.Contains(string(asked), s) {
			t.Errorf("pip was asked %q without %q", asked, s)
		}
	}
	if got, err := Find(""); err != nil || got.Path != f.Path || got.Flavor != "cpu" || got.Source != SourceInstalled {
		t.Errorf("%+v, %v", got, err)
	}

	// Again: nothing is fetched. Damaged, or by force: it is.
	again, said, err := install(t, InstallOptions{})
	if err != nil || again.Path != f.Path || !strings.Contains(said, "already installed") {
		t.Errorf("%+v, %s, %v", again, said, err)
	}
	os.Remove(filepath.Join(root, "asked-python3"))
	os.Remove(f.Path) // not in place: Find has it mapped
	write(t, []byte("damaged"), f.Path)
	if _, said, err = install(t, InstallOptions{}); err != nil || !strings.Contains(said, "replacing") || digestOf(t, f.Path) != digestOf(t, lib) {
		t.Errorf("%s, %v", said, err)
	}
	os.Remove(filepath.Join(root, "asked-python3"))
	beside := filepath.Join(filepath.Dir(f.Path), "libonnxruntime_providers_shared.so")
	os.Remove(beside)
	for _, text := range []string{"", "damaged"} { // the companion is gone, then another
		if text != "" {
			write(t, []byte(text), beside)
		}
		if _, said, err = install(t, InstallOptions{}); err != nil || !strings.Contains(said, "replacing") || digestOf(t, beside) != digestOfText("shared") {
			t.Errorf("%s, %v", said, err)
		}
	}
	if _, said, err = install(t, InstallOptions{Force: true}); err != nil || strings.Contains(said, "already") {
		t.Errorf("%s, %v", said, err)
	}
	if _, err := os.Stat(filepath.Join(root, "asked-python3")); err != nil {
		t.Error("--force fetched nothing")
	}
	if got := left(t); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

// pip fails, is not there, or brings the wrong thing: npm is next.
func TestInstallFallsBack(t *testing.T) {
	unixOnly(t)
	lib, other := fake(t, "1.32.0"), fake(t, "1.99.0")
	for _, test := range []struct {
		name    string
		prepare func(root string)
		says    []string
	}{
		{"no clients", func(string) {}, []string{"no pip on PATH", "no npm on PATH"}},
		{"failing", func(root string) {
			script(t, "echo no route to host >&2; exit 7", root, "bin", "python3")
			script(t, "printf 'npm\\033[31m is down' >&2; exit 1", root, "bin", "npm")
		}, []string{"python3", "no route to host", "exit status 7", "npm[31m is down"}},
		{"python without pip", func(root string) {
			script(t, "echo python3: No module named pip >&2; exit 1", root, "bin", "python3")
			script(t, "echo this pip was asked >&2; exit 1", root, "bin", "pip3")
		}, []string{"this pip was asked"}},
		{"wrong digest", func(root string) {
			client(t, root, "python3", "--dest", write(t, wheel(t, other), root, "x.whl"))
		}, []string{digestOf(t, lib), digestOf(t, other)}},
		{"wrong companion", func(root string) {
			data, err := os.ReadFile(lib)
			if err != nil {
				t.Fatal(err)
			}
			client(t, root, "python3", "--dest", write(t, zipOf(t, map[string]string{
				"onnxruntime/capi/" + libraryName:                     string(data),
				"onnxruntime/capi/libonnxruntime_providers_shared.so": "another",
			}), root, "x.whl"))
		}, []string{"libonnxruntime_providers_shared.so has SHA-256", digestOfText("another"), digestOfText("shared")}},
		{"no companion", func(root string) {
			data, err := os.ReadFile(lib)
			if err != nil {
				t.Fatal(err)
			}
			client(t, root, "python3", "--dest", write(t, zipOf(t, map[string]string{"onnxruntime/capi/" + libraryName: string(data)}), root, "x.whl"))
		}, []string{"holds no libonnxruntime_providers_shared.so"}},
		{"nothing brought", func(root string) { script(t, "exit 0", root, "bin", "python3") }, []string{"0 files"}},
		{"not a wheel", func(root string) {
			client(t, root, "python3", "--dest", write(t, []byte("PK but no more"), root, "x.whl"))
		}, []string{"zip"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := isolate(t)
			pin(t, map[string]string{"pip": digestOf(t, lib), "npm": digestOf(t, lib)})
			test.prepare(root)
			f, _, err := install(t, InstallOptions{})
			if err == nil {
				t.Fatalf("%+v", f)
			}
			for _, s := range append(test.says, "pip:", "npm:") {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
			if got := left(t); len(got) != 0 {
				t.Errorf("left: %v", got)
			}
			data, err := os.ReadFile(lib)
			if err != nil {
				t.Fatal(err)
			}
			tgz := tarOf(t, []file{{name: "package/bin/" + libraryName, text: string(data)}})
			client(t, root, "npm", "--pack-destination", write(t, tgz, root, "x.tgz"))
			f, _, err = install(t, InstallOptions{})
			if err != nil || f.Version != "1.32.0" {
				t.Errorf("npm works, but %+v, %v", f, err)
			}
		})
	}
}

func TestInstallFromGitHub(t *testing.T) {
	lib := fake(t, "1.32.0")
	data, err := os.ReadFile(lib)
	if err != nil {
		t.Fatal(err)
	}
	archive := tarOf(t, []file{
		{name: "onnxruntime-x/lib/" + libraryName, text: string(data)},
		{name: "onnxruntime-x/LICENSE", text: "MIT"},
	})
	sum := sha256.Sum256(archive)
	right := "sha256:" + hex.EncodeToString(sum[:])
	for _, test := range []struct {
		name, asset, digest string
		status              int
		says                string
	}{
		{"right", "onnxruntime-github", right, 200, ""},
		{"wrong digest", "onnxruntime-github", "sha256:" + strings.Repeat("0", 64), 200, strings.TrimPrefix(right, "sha256:")},
		{"no digest", "onnxruntime-github", "", 200, "states no SHA-256"},
		{"other digest", "onnxruntime-github", "md5:00", 200, "states no SHA-256"},
		{"no asset", "something", right, 200, "has no onnxruntime-github"},
		{"rate limit", "onnxruntime-github", right, 403, "403"},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolate(t)
			pin(t, map[string]string{"github": ""})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/releases/tags/v1.32.0":
					w.WriteHeader(test.status)
					fmt.Fprintf(w, `{"assets":[{"name":"a"},{"name":%q,"digest":%q,"browser_download_url":"http://%s/moved"}]}`, test.asset, test.digest, r.Host)
				case "/moved":
					http.Redirect(w, r, "/archive", http.StatusFound)
				case "/archive":
					w.Write(archive)
				}
			}))
			defer server.Close()
			old := githubAPI
			defer func() { githubAPI = old }()
			githubAPI = server.URL
			f, said, err := install(t, InstallOptions{Source: "github"})
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%+v, %v; want %q", f, err, test.says)
				}
				if got := left(t); len(got) != 0 {
					t.Errorf("left: %v", got)
				}
				return
			}
			if err != nil || f.Version != "1.32.0" || !strings.Contains(said, "GitHub publishes, not against the pinned table") {
				t.Errorf("%+v, %v, %s", f, err, said)
			}
		})
	}
}

func TestInstallOptionsRefused(t *testing.T) {
	isolate(t)
	for want, opt := range map[string]InstallOptions{
		`flavor "rocm" is not in this version's table, which has: cpu, cuda, openvino`: {Flavor: "rocm"},
		`source "conda" is none of auto, pip, npm, github`:                             {Source: "conda"},
		`can't be named too`:        {Source: "pip", From: "x"},
		`flavor "../x" is not a wo`: {Flavor: "../x", From: "x"},
	} {
		if _, _, err := install(t, opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if got := left(t); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestInterruptedInstallLeavesNothing(t *testing.T) {
	unixOnly(t)
	root := isolate(t)
	pin(t, map[string]string{"pip": "0"})
	script(t, "touch '"+root+"/started'; exec sleep 600", root, "bin", "python3")
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(root, "started")); err == nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if f, err := Install(ctx, InstallOptions{Source: "pip"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := Install(ctx, InstallOptions{From: fake(t, "1.32.0")}); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", f, err)
	}
	if got := left(t); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestConcurrentInstalls(t *testing.T) {
	for _, force := range []bool{false, true} {
		isolate(t)
		lib := fake(t, "1.32.0")
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if f, err := Install(context.Background(), InstallOptions{From: lib, Force: force}); err != nil || f.Version != "1.32.0" {
					t.Errorf("%+v, %v", f, err)
				}
			})
		}
		group.Wait()
		if got := left(t); len(got) != 1 {
			t.Errorf("left: %v", got)
		}
		if f, err := Find(""); err != nil || digestOf(t, f.Path) != digestOf(t, lib) {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

func TestOldWorkFoldersAreSwept(t *testing.T) {
	isolate(t)
	data, _ := DataDir()
	root := filepath.Join(data, "onnxruntime")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	var work []string // of which one is old
	for range 2 {
		dir, err := appear.MkdirTemp(root)
		if err != nil {
			t.Fatal(err)
		}
		work = append(work, dir)
	}
	foreign := filepath.Join(root, ".installing-old")
	for _, dir := range append(work, foreign) {
		write(t, []byte("x"), dir, "half")
	}
	for _, dir := range []string{work[0], foreign} {
		if err := os.Chtimes(dir, time.Now(), time.Now().Add(-25*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := install(t, InstallOptions{From: fake(t, "1.32.0")}); err != nil {
		t.Fatal(err)
	}
	got := left(t)
	for _, name := range []string{filepath.Base(foreign), filepath.Base(work[1])} {
		if !slices.Contains(got, name) {
			t.Errorf("%s is gone", name)
		}
	}
	if len(got) != 3 {
		t.Errorf("left: %v", got)
	}
}

// TestForeignFolderStays: what stands in the place of an installation and is none is not replaced, nor
// what a link there leads to.
func TestForeignFolderStays(t *testing.T) {
	for _, link := range []bool{false, true} {
		isolate(t)
		lib := fake(t, "1.32.0")
		f, _, err := install(t, InstallOptions{From: lib})
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Dir(f.Path)
		if err := os.RemoveAll(target); err != nil {
			t.Fatal(err)
		}
		victim := target
		if link {
			victim = t.TempDir()
			if err := os.Symlink(victim, target); err != nil {
				t.Skip(err)
			}
		}
		write(t, []byte("mine"), victim, "photo.jpg")
		if _, _, err := install(t, InstallOptions{From: lib, Force: true}); err == nil || !strings.Contains(err.Error(), "move it away") {
			t.Errorf("link %v: %v", link, err)
		}
		if text, err := os.ReadFile(filepath.Join(victim, "photo.jpg")); err != nil || string(text) != "mine" {
			t.Errorf("link %v: %q, %v", link, text, err)
		}
	}
}

// The real thing, for who has a network.
func TestInstallFromNetwork(t *testing.T) {
	if os.Getenv("ORTHO_TEST_NETWORK") == "" {
		t.Skip("ORTHO_TEST_NETWORK is not set: the real packages are not fetched")
	}
	t.Setenv("ORTHO_DATA_DIR", t.TempDir())
	for flavor, version := range map[string]string{"cpu": pipVersion, "openvino": openvinoVersion, "cuda": cudaVersion} {
		if _, err := rowFor(flavor, "pip"); err != nil {
			t.Logf("skipped: %v", err)
			continue
		}
		f, said, err := install(t, InstallOptions{Source: "pip", Flavor: flavor})
		if err != nil || f.Version != version || f.Flavor != flavor {
			t.Errorf("%+v, %v, %s", f, err, said)
		}
	}
	all := List("")
	for _, f := range all {
		if f.Source == SourceInstalled && (!f.Has("cpu") || !f.Has(f.Flavor)) {
			t.Errorf("%+v", f)
		}
	}
}

func TestTable(t *testing.T) {
	digests := map[string]bool{}
	for _, r := range table {
		if r.source != "github" && (len(r.sha256) != 64 || digests[r.sha256] || r.inside == "") || compareVersions(r.version, MinVersion) < 0 {
			t.Errorf("%+v", r)
		}
		digests[r.sha256] = true
		for name, digest := range r.beside {
			if len(digest) != 64 || !isCompanion(name) || r.sha256 == "" {
				t.Errorf("%s %s %s: %s %s", r.flavor, r.os, r.arch, name, digest)
			}
		}
	}
	if text, err := json.Marshal(record{}); err != nil || !bytes.Contains(text, []byte(`"sha256"`)) {
		t.Errorf("%s, %v", text, err)
	}
}
