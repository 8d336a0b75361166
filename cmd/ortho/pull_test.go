package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hubCommit = "0123456789012345678901234567890123456789"

// hubOf serves a folder as the repository org/name of a hub.
func hubOf(t *testing.T, folder string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if file, is := strings.CutPrefix(r.URL.Path, "/org/name/resolve/"+hubCommit+"/"); is {
			http.ServeFile(w, r, filepath.Join(folder, filepath.FromSlash(file)))
			return
		}
		if r.URL.Path != "/api/models/org/name/revision/main" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		var files []map[string]any
		filepath.WalkDir(folder, func(name string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				data := read(t, name)
				inside, _ := filepath.Rel(folder, name)
				files = append(files, map[string]any{"rfilename": filepath.ToSlash(inside), "size": len(data), "blobId": hubCommit,
					"lfs": map[string]any{"sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(data))), "size": len(data)}})
			}
			return err
		})
		json.NewEncoder(w).Encode(map[string]any{"sha": hubCommit, "siblings": files})
	}))
	t.Cleanup(server.Close)
	home := t.TempDir()
	t.Setenv("HF_ENDPOINT", server.URL)
	t.Setenv("HF_HOME", home)
	t.Setenv("HOME", home)
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
}

// TestPull: a model of a hub is fetched where it is named, once, and the record names its commit.
func TestPull(t *testing.T) {
	needLibrary(t)
	model := t.TempDir()
	if err := os.CopyFS(model, os.DirFS(testModels+"/external")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(model, "config.json"), `{"id2label": {"0": "a", "1": "b", "2": "c"}}`)
	write(t, filepath.Join(model, "ortho.json"), `{"mean": 0, "std": 1}`)
	hubOf(t, model)
	t.Chdir(t.TempDir())
	write(t, "p.png", square(t, red, 8))
	code, stdout, stderr := execute(t, "", "classify", "p.png", "-m", "hf:org/name", "-o", "o.jsonl")
	if code != 0 || !strings.Contains(stderr, "hf:org/name: fetching") {
		t.Fatal(code, stdout, stderr)
	}
	if text := read(t, "o.jsonl.run.json"); !strings.Contains(text, `"name": "hf:org/name@`+hubCommit) {
		t.Error(text)
	}
	t.Setenv("HF_ENDPOINT", "https://hub.example") // which nobody asks
	if code, _, stderr := execute(t, "", "classify", "p.png", "-m", "hf:org/name", "-o", "o.jsonl", "--resume"); code != 0 || !strings.Contains(stderr, "nothing to do") {
		t.Error(code, stderr)
	}
	code, stdout, stderr = execute(t, "", "pull", "hf:org/name", "--offline")
	if want := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--org--name", "snapshots", hubCommit) + "\n"; code != 0 || stdout != want {
		t.Errorf("%d, %q, want %q, %s", code, stdout, want, stderr)
	}
	for line, want := range map[string]string{
		"pull":                                   "no model named",
		"pull efficientnet-lite0":                "bundled models need no fetching",
		"pull hf:name":                           "is not hf:ORG/NAME",
		"pull hf:org/other --offline":            "is not on this machine",
		"pull https://host.example/m.onnx":       "#sha256=DIGEST",
		"classify p.png -m hf:o/other --offline": "hf:o/other: is not on this machine, and nothing is fetched offline",
	} {
		if code, _, stderr := execute(t, "", strings.Fields(line)...); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d, %s", line, code, stderr)
		}
	}
}
