package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/store/storetest"
)

// inStore puts images, and an archive of them, into the test's bucket, and returns the rows that they have
// as files.
func inStore(t *testing.T, images int) (stores *store.Stores, want string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", "")
	t.Chdir(t.TempDir())
	stores = store.New(store.Options{})
	put := func(key string, data []byte) {
		if err := stores.Put(t.Context(), "s3://bucket/"+key, bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := os.Mkdir("in", 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range images {
		name, data := fmt.Sprintf("%03d.png", i), square(t, red, 8+i%3)
		write(t, "in/"+name, data)
		put("in/"+name, []byte(data))
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(data))
	}
	w.Close()
	put("all.tar", archive.Bytes())
	code, stdout, stderr := execute(t, "", "classify", "in", "-f", "jsonl", "-m", classifier(t))
	if code != 0 {
		t.Fatal(stderr)
	}
	return stores, strings.ReplaceAll(stdout, `"in/`, `"`)
}

// classifier is a small model, named absolutely.
func classifier(t *testing.T) string {
	t.Helper()
	return storeModel
}

var storeModel, _ = filepath.Abs(testModels + "/exports/optimum-resnet")

// TestStores: the rows of images in a store are those of files, however rough the way is, and an output there is
// whole or not there.
func TestStores(t *testing.T) {
	needLibrary(t)
	for name, start := range map[string]func(t *testing.T){
		"in process": func(t *testing.T) { storetest.S3(t) },
		"versitygw, roughly": func(t *testing.T) {
			storetest.At(t, storetest.Rough(t, storetest.Versity(t)).URL)
		},
	} {
		t.Run(name, func(t *testing.T) {
			start(t)
			stores, want := inStore(t, 20)
			for prefix, src := range map[string]string{"s3://bucket/in/": "s3://bucket/in/", "s3://bucket/all.tar/": "s3://bucket/all.tar"} {
				out := "s3://bucket/out/" + store.Base(strings.TrimSuffix(src, "/")) + ".jsonl"
				run := func(more ...string) (int, string) {
					code, stdout, stderr := execute(t, "", append([]string{"classify", src, "-m", classifier(t), "-o", out}, more...)...)
					if strings.Contains(stdout+stderr, storetest.Secret) {
						t.Error("the key is printed")
					}
					return code, stderr
				}
				if code, stderr := run(); code != 0 {
					t.Fatal(stderr)
				}
				rows, _, err := stores.ReadAll(t.Context(), out, 1<<20)
				if got := strings.ReplaceAll(string(rows), `"`+prefix, `"`); err != nil || got != want {
					t.Errorf("%s, want %s, %v", got, want, err)
				}
				record, _, err := stores.ReadAll(t.Context(), out+".run.json", 1<<20)
				if err != nil || strings.Contains(string(record), storetest.Secret) {
					t.Errorf("%s, %v", record, err)
				}
				if code, stderr := run(); code == 0 || !strings.Contains(stderr, "exists: --overwrite replaces it") {
					t.Error(code, stderr)
				}
				if code, stderr := run("--resume"); code != 0 || !strings.Contains(stderr, "is complete: nothing to do") {
					t.Error(code, stderr)
				}
				if code, stderr := run("--overwrite"); code != 0 {
					t.Error(code, stderr)
				}
				if left, _ := filepath.Glob(filepath.Join(os.Getenv("HOME"), ".cache", "ortho", "outputs", "*")); len(left) > 0 {
					t.Errorf("%q is left", left)
				}
			}
			// An update makes what is new alone.
			if code, _, stderr := execute(t, "", "classify", "s3://bucket/in/", "-m", classifier(t), "-o", "s3://bucket/out/in.jsonl", "--update"); code != 0 || !strings.Contains(stderr, "nothing to do") {
				t.Error(code, stderr)
			}
			data := square(t, red, 12)
			if err := stores.Put(t.Context(), "s3://bucket/in/003.png", strings.NewReader(data), int64(len(data))); err != nil {
				t.Fatal(err)
			}
			if code, _, stderr := execute(t, "", "classify", "s3://bucket/in/", "-m", classifier(t), "-o", "s3://bucket/out/in.jsonl", "--update"); code != 0 || !strings.Contains(stderr, "19 kept, 0 new, 1 changed") {
				t.Error(code, stderr)
			}
			for line, want := range map[string]string{
				"classify s3://bucket/none/":                              "s3://bucket/none/ is empty",
				"classify s3://no-such-bucket/a/":                         "there is no such bucket",
				"classify in -o s3://no-such-bucket/x.jsonl":              "no such",
				"classify in -o https://host.example/x.jsonl":             "outputs go to files, s3:// or gs://",
				"classify in -f jsonl --html s3://bucket/x.html":          "is an address: into a store (s3://, gs://) go rows alone",
				"classify s3://bucket/x.parquet -o s3://bucket/x.parquet": "s3://bucket/x.parquet",
				"classify ftp://host/x.jpg":                               "of none of the kinds that are read",
			} {
				code, _, stderr := execute(t, "", append(strings.Fields(line), "-m", classifier(t))...)
				if code == 0 || !strings.Contains(stderr, want) {
					t.Errorf("%s: %d, %s", line, code, stderr)
				}
			}
			if _, err := stores.Stat(t.Context(), "s3://bucket/x.jsonl"); err == nil || !store.IsMissing(err) {
				t.Error(err)
			}
		})
	}
}
