package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// planted are files that programs, Pythons and the loader would take from a working folder. Each
// leaves a mark where it is run or loaded.
func planted(t *testing.T) (dir, mark string) {
	t.Helper()
	dir, mark = t.TempDir(), filepath.Join(t.TempDir(), "mark")
	for _, name := range strings.Fields("python3 python pip pip3 npm nvidia-smi node env sh uname") {
		write(t, filepath.Join(dir, name), "#!/bin/sh\necho "+name+" >> '"+mark+"'\n")
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range strings.Fields("warnings types importlib site sitecustomize onnxruntime pip") {
		write(t, filepath.Join(dir, name+".py"), "open('"+mark+"', 'a').write('"+name+".py ')\n")
	}
	if err := os.MkdirAll(filepath.Join(dir, "onnxruntime", "capi"), 0o755); err != nil {
		t.Fatal(err)
	}
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Run("libraries", func(t *testing.T) { t.Skipf("no C compiler to plant a library with: %v", err) })
		return dir, mark
	}
	source := write(t, filepath.Join(t.TempDir(), "mark.c"), `#include <stdio.h>
__attribute__((constructor)) static void mark(void) { FILE *f = fopen("`+mark+`", "a"); if (f) { fputs(NAME "\n", f); fclose(f); } }`)
	for _, name := range strings.Fields("libjpeg.so.62 libjpeg.so.8 libtiff.so.6 libtiff.so.5 libavif.so.16 libwebp.so.7 libwebpdemux.so.2 libopenjp2.so.7 liblcms2.so.2 " +
		"libonnxruntime.so libonnxruntime.so.1 onnxruntime/capi/libonnxruntime.so libstdc++.so.6 libgcc_s.so.1 libz.so.1 libcuda.so.1 libcublas.so.12") {
		if out, err := exec.Command(compiler, "-shared", "-fPIC", "-DNAME=\""+name+"\"", "-o", filepath.Join(dir, name), source).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return dir, mark
}

// TestWorkingFolder: nothing in the working folder is run or loaded, by any verb that searches, also
// where PATH, LD_LIBRARY_PATH and PYTHONPATH lead there by entries that are empty or relative.
func TestWorkingFolder(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what is planted are Linux's libraries")
	}
	dir, mark := planted(t)
	picture, err := filepath.Abs(coffee)
	if err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	lines := []string{"doctor", "runtime list", "runtime install --missing", "classify " + picture, "generate --class 7 -o " + filepath.Join(t.TempDir(), "x.png"), "preprocess " + picture + " -o " + filepath.Join(t.TempDir(), "x.npy"),
		"bench run --iterations 1 --rounds 1 -o " + filepath.Join(t.TempDir(), "x.jsonl"), "compare --providers cpu,cpu --input synthetic", "version", "runtime install --source npm", "inspect"}
	for _, line := range few(5, lines) {
		for _, data := range []string{"", empty} { // as it is here; where nothing is installed
			if strings.HasPrefix(line, "runtime install") && data == "" {
				continue
			}
			cmd := process(t, strings.Fields(line)...)
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "PATH=:.:"+empty+":", "LD_LIBRARY_PATH=:.:"+empty, "PYTHONPATH=.:")
			if data != "" {
				cmd.Env = append(cmd.Env, "ORTHO_DATA_DIR="+data, "HOME="+data, "ORTHO_ONNXRUNTIME=")
			}
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			err := cmd.Run()
			if taken, there := os.ReadFile(mark); there == nil {
				t.Errorf("%s, data %q: what lies in the working folder is taken: %s", line, data, taken)
				os.Remove(mark)
			}
			if data == "" && err != nil && !strings.Contains(stderr.String(), "ONNX Runtime was not found") {
				t.Errorf("%s: %v, %s", line, err, stderr.String())
			}
			if !strings.Contains(stderr.String(), "LD_LIBRARY_PATH") {
				t.Errorf("%s: that entries are left out is not said: %s", line, stderr.String())
			}
		}
	}
}
