package library

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// codecsWheel makes the bytes of a wheel as Pillow's is: its libraries are copies of lib.
func codecsWheel(t *testing.T, lib string) []byte {
	t.Helper()
	data, err := os.ReadFile(lib)
	if err != nil {
		t.Fatal(err)
	}
	return zipOf(t, map[string]string{
		"pillow.libs/libjpeg-6dc8d115.so.62.4.0":       string(data),
		"pillow.libs/libwebpdemux-9fe2abcc.so.2.0.17":  string(data),
		"pillow.libs/libfreetype-57f805ba.so.6.20.6":   "no image",
		"PIL/_imaging.cpython-312.so":                  "python's",
		"elsewhere/libtiff-20b7e810.so.6.3.0":          "not in its folder",
		"pillow.libs/../../libavif-c6062d5f.so.16.4.2": "outside",
		"pillow-13.0.0.dist-info/licenses/LICENSE":     "HPND and others",
	})
}

func pinCodecs(t *testing.T, digest string) {
	t.Helper()
	old := codecsTable
	t.Cleanup(func() { codecsTable = old })
	codecsTable = []row{{"codecs", runtime.GOOS, runtime.GOARCH, codecsVersion, "pip", "pillow", "any", "", digest, nil}}
}

func installCodecs(t *testing.T, opt InstallOptions) (Codecs, string, error) {
	t.Helper()
	var said []string
	opt.Notify = func(line string) { said = append(said, line) }
	c, err := InstallCodecs(context.Background(), opt)
	return c, strings.Join(said, "\n"), err
}

func TestInstallCodecs(t *testing.T) {
	unixOnly(t)
	root := isolate(t)
	file := write(t, codecsWheel(t, fake(t, "1.32.0")), root, "pillow-13.0.0-cp312.whl")
	pinCodecs(t, digestOf(t, file))
	client(t, root, "python3", "--dest", file)
	if _, err := InstalledCodecs(); err == nil {
		t.Error("installed before it was")
	}
	c, said, err := installCodecs(t, InstallOptions{})
	if err != nil || c.Package != "pillow=="+codecsVersion {
		t.Fatal(c, said, err)
	}
	var names []string
	entries, err := os.ReadDir(c.Folder)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); err != nil || got != "LICENSE install.json libjpeg-6dc8d115.so.62.4.0 libwebpdemux-9fe2abcc.so.2.0.17" {
		t.Errorf("%s, %v", got, err)
	}
	if again, err := InstalledCodecs(); err != nil || again != c {
		t.Errorf("%+v, %v", again, err)
	}
	if _, said, err := installCodecs(t, InstallOptions{}); err != nil || !strings.Contains(said, "already installed") {
		t.Errorf("%s, %v", said, err)
	}
	library := filepath.Join(c.Folder, "libjpeg-6dc8d115.so.62.4.0")
	os.Remove(library)
	write(t, []byte("damaged"), library)
	if _, err := InstalledCodecs(); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("damaged: %v", err)
	}
	if _, said, err := installCodecs(t, InstallOptions{}); err != nil || !strings.Contains(said, "replacing") {
		t.Errorf("%s, %v", said, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(c.Folder)); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if _, said, err := installCodecs(t, InstallOptions{From: file}); err != nil || said != "" {
		t.Errorf("from the pinned wheel: %s, %v", said, err)
	}
}

func TestInstallCodecsRefuses(t *testing.T) {
	unixOnly(t)
	root := isolate(t)
	sound := write(t, codecsWheel(t, fake(t, "1.32.0")), root, "pillow-13.0.0-cp312.whl")
	none := write(t, zipOf(t, map[string]string{"PIL/_imaging.pyd": "Windows has them within"}), root, "pillow-13.0.0-win.whl")
	text := write(t, []byte("no archive"), root, "pillow-12.0.0-text.whl")
	foreign := write(t, zipOf(t, map[string]string{"pillow.libs/libjpeg-1.so.62": string(machO())}), root, "pillow-13.0.0-mac.whl")
	pinCodecs(t, "another")
	for name, c := range map[string]struct {
		opt  InstallOptions
		want string
	}{
		"no pip":            {InstallOptions{}, "no pip on PATH"},
		"no libraries":      {InstallOptions{From: none}, "holds no libjpeg"},
		"no archive":        {InstallOptions{From: text}, "not a wheel"},
		"nothing":           {InstallOptions{From: filepath.Join(root, "pillow-1-nothing.whl")}, "no such file"},
		"of another system": {InstallOptions{From: foreign}, "not for this machine"},
	} {
		if _, _, err := installCodecs(t, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	client(t, root, "python3", "--dest", sound)
	if _, _, err := installCodecs(t, InstallOptions{}); err == nil || !strings.Contains(err.Error(), "is pinned: not installed") {
		t.Errorf("another wheel: %v", err)
	}
	if _, said, err := installCodecs(t, InstallOptions{From: sound}); err != nil || !strings.Contains(said, "not in the pinned table") {
		t.Errorf("from another wheel: %s, %v", said, err)
	}
}

func TestHoldsCodecs(t *testing.T) {
	for name, want := range map[string]bool{
		"dir/pillow-13.0.0-cp312-cp312-manylinux_2_28_x86_64.whl": true, "Pillow-10.0.whl": true, "onnxruntime-1.32.0.whl": false, "pillow": false, "pillow-13.tar.gz": false,
	} {
		if HoldsCodecs(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}
