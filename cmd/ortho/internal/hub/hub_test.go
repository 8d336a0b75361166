package hub

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/store/storetest"
)

// served is a hub with one repository, org/name, whose large files lie on another server, as the real
// one's do.
type served struct {
	mutex    sync.Mutex
	files    map[string][]byte
	commit   string
	token    string // that it wants; "": none
	requests atomic.Int64
	bodies   atomic.Int64
	hub, cdn *httptest.Server
}

const large = 1000 // bytes of what the hub has as a large file

func serve(t *testing.T, files map[string][]byte) *served {
	t.Helper()
	s := &served{files: files, commit: strings.Repeat("0123", 10)}
	s.cdn = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token goes to the hub's storage")
		}
		s.bodies.Add(1)
		s.mutex.Lock()
		defer s.mutex.Unlock()
		w.Header().Set("ETag", `"cdn"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.files[strings.TrimPrefix(r.URL.Path, "/")]))
	}))
	t.Cleanup(s.cdn.Close)
	s.hub = httptest.NewServer(s)
	t.Cleanup(s.hub.Close)
	home := t.TempDir()
	for name, value := range map[string]string{"HF_ENDPOINT": s.hub.URL, "HF_HOME": home, "HF_HUB_CACHE": "", "HF_TOKEN": "", "HF_HUB_OFFLINE": "", "XDG_CACHE_HOME": filepath.Join(home, "user"),
		"HOME": home, "HUGGINGFACE_HUB_CACHE": "", "HF_TOKEN_PATH": "", "TRANSFORMERS_OFFLINE": ""} {
		if t.Setenv(name, value); value == "" {
			os.Unsetenv(name)
		}
	}
	return s
}

func gitSum(data []byte) string {
	sum := sha1.Sum(append([]byte("blob "+strconv.Itoa(len(data))+"\x00"), data...))
	return hex.EncodeToString(sum[:])
}

func sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch rest, is := strings.CutPrefix(r.URL.Path, "/org/name/resolve/"); {
	case is:
		revision, file, _ := strings.Cut(rest, "/")
		data, there := s.files[file]
		if !there || revision != s.commit && revision != "main" {
			w.Header().Set("X-Error-Code", "EntryNotFound")
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("X-Repo-Commit", s.commit)
		if len(data) < large {
			w.Header().Set("ETag", `"`+gitSum(data)+`"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
			return
		}
		w.Header().Set("X-Linked-Etag", `"`+sum(data)+`"`)
		w.Header().Set("X-Linked-Size", strconv.Itoa(len(data)))
		http.Redirect(w, r, s.cdn.URL+"/"+file, http.StatusFound)
	case strings.HasPrefix(r.URL.Path, "/api/models/org/name/tree/"):
		var all []map[string]any
		for name, data := range s.files {
			one := map[string]any{"type": "file", "path": name, "size": len(data), "oid": gitSum(data)}
			if len(data) >= large {
				one["lfs"] = map[string]any{"oid": sum(data), "size": len(data), "pointerSize": 134}
			}
			all = append(all, one)
		}
		json.NewEncoder(w).Encode(all)
	case r.URL.Path == "/api/models/org/name" || r.URL.Path == "/api/models/org/name/revision/main" || r.URL.Path == "/api/models/org/name/revision/"+s.commit || r.URL.Path == "/api/models/org/name/revision/v1/x":
		var all []map[string]any
		for name, data := range s.files {
			one := map[string]any{"rfilename": name, "size": len(data), "blobId": gitSum(data)}
			if len(data) >= large {
				one["lfs"] = map[string]any{"sha256": sum(data), "size": len(data), "pointerSize": 134}
			}
			all = append(all, one)
		}
		json.NewEncoder(w).Encode(map[string]any{"id": "org/name", "modelId": "org/name", "sha": s.commit, "siblings": all})
	default:
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.WriteHeader(http.StatusNotFound)
	}
}

func files() map[string][]byte {
	return map[string][]byte{
		"README.md": []byte("# a model"), "config.json": []byte(`{"model_type": "x"}`), "preprocessor_config.json": []byte("{}"), "model.safetensors": bytes.Repeat([]byte("w"), 5000),
		"onnx/model.onnx": bytes.Repeat([]byte("f"), 300_000), "onnx/model.onnx_data": bytes.Repeat([]byte("d"), 500_000),
		"onnx/model_fp16.onnx": bytes.Repeat([]byte("h"), 100_000), "onnx/model_int8.onnx": bytes.Repeat([]byte("i"), 900),
	}
}

func newHub() *Hub { return &Hub{Stores: store.New(store.Options{})} }

func TestPull(t *testing.T) {
	s := serve(t, files())
	ctx := t.Context()
	if _, err := (&Hub{Stores: store.New(store.Options{Offline: true})}).Get(ctx, "hf:org/name", ""); err != nil {
		t.Log(err) // loopback is asked offline, too
	}
	m, err := newHub().Pull(ctx, "hf:org/name", "fp16")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--org--name")
	if m.Path != filepath.Join(root, "snapshots", s.commit, "onnx", "model_fp16.onnx") || m.Name != "hf:org/name@"+s.commit+"/onnx/model_fp16.onnx" {
		t.Errorf("%+v", m)
	}
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join(root, "snapshots", s.commit, name))
		wanted := slices.Contains([]string{"config.json", "preprocessor_config.json", "onnx/model_fp16.onnx"}, name) || strings.HasPrefix(name, "onnx/model.onnx")
		if name == "onnx/model.onnx" || name == "onnx/model.onnx_data" { // by the first call
			continue
		}
		if wanted != (err == nil) || wanted && !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if ref, err := os.ReadFile(filepath.Join(root, "refs", "main")); string(ref) != s.commit {
		t.Errorf("%q, %v", ref, err)
	}
	left, _ := filepath.Glob(filepath.Join(root, "blobs", "*.incomplete"))
	before := s.bodies.Load()
	again, err := newHub().Pull(ctx, "hf:org/name@"+s.commit, "fp16")
	if err != nil || again.Path != m.Path || again.Fetched != 0 || s.bodies.Load() != before || len(left) > 0 {
		t.Errorf("%+v, %v, %d bodies, left %q", again, err, s.bodies.Load()-before, left)
	}
	requests := s.requests.Load()
	for _, name := range []string{"hf:org/name", "hf:org/name/onnx/model_fp16.onnx", "hf:org/name@" + s.commit} {
		if got, err := newHub().Get(ctx, name, "fp16"); err != nil || got.Path != m.Path || s.requests.Load() != requests {
			t.Errorf("%s: %+v, %v: the hub is asked for what is there", name, got, err)
		}
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	if got, err := newHub().Pull(ctx, "hf:org/name", "fp16"); err != nil || got.Path != m.Path {
		t.Errorf("%+v, %v", got, err)
	}
	for name, want := range map[string]string{"hf:org/other": "is not on this machine, and nothing is fetched offline", "hf:org/name@v2": "is not on this machine"} {
		if _, err := newHub().Get(ctx, name, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What can't be had is told by name, and leaves nothing in the cache.
func TestPullFails(t *testing.T) {
	s := serve(t, files())
	for name, want := range map[string]string{
		"hf:org/none":         "hf:org/none: there is no such object (404): the hub knows no such model or revision",
		"hf:org/name@v9":      "the hub knows no such model or revision",
		"hf:org/name/other":   "hf:org/name/other: other holds no ONNX graph",
		"hf:org":              "is not hf:ORG/NAME",
		"hf:org/../x":         "is no name on the hub",
		"hf:org/name@../x":    "is no revision",
		"hf:org/name/../../x": "is no path",
		"hf:-x/name":          "is no name on the hub",
	} {
		if _, err := newHub().Pull(t.Context(), name, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := newHub().Pull(t.Context(), "hf:org/name", "q4"); err == nil || !strings.Contains(err.Error(), `no graph of the variant "q4": there are the one without a name, fp16, int8`) {
		t.Error(err)
	}
	s.token = "hf_secret"
	if _, err := newHub().Pull(t.Context(), "hf:org/name", ""); err == nil || !strings.Contains(err.Error(), "HF_TOKEN is needed") {
		t.Error(err)
	}
	t.Setenv("HF_TOKEN", "hf_wrong")
	if _, err := newHub().Pull(t.Context(), "hf:org/name", ""); err == nil || !strings.Contains(err.Error(), "the token gives no access") || strings.Contains(err.Error(), "hf_wrong") {
		t.Error(err)
	}
	t.Setenv("HF_TOKEN", "hf_secret")
	if _, err := newHub().Pull(t.Context(), "hf:org/name", "int8"); err != nil {
		t.Error(err)
	}
	// Contents that are others than the hub has stated.
	s.cdn.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat("x", 300_000)) })
	if _, err := newHub().Pull(t.Context(), "hf:org/name", ""); !errors.Is(err, errOther) {
		t.Error(err)
	}
	blobs, _ := os.ReadDir(filepath.Join(os.Getenv("HF_HOME"), "hub", "models--org--name", "blobs"))
	for _, b := range blobs {
		data, _ := os.ReadFile(filepath.Join(os.Getenv("HF_HOME"), "hub", "models--org--name", "blobs", b.Name()))
		if b.Name() != gitSum(data) && b.Name() != sum(data) && !strings.HasSuffix(b.Name(), ".ortho.incomplete") {
			t.Errorf("%s is left, of %d bytes", b.Name(), len(data))
		}
	}
}

// What was cut is gone on with, by this process and by the next; many at once fetch it once.
func TestPullGoesOn(t *testing.T) {
	s := serve(t, files())
	rough := storetest.Rough(t, s.hub.URL)
	t.Setenv("HF_ENDPOINT", rough.URL)
	blob := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--org--name", "blobs", sum(files()["onnx/model.onnx"]))
	if err := os.MkdirAll(filepath.Dir(blob), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blob+".ortho.incomplete", files()["onnx/model.onnx"][:100_000], 0o600); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var bytes atomic.Int64
	for range 4 {
		group.Go(func() {
			m, err := newHub().Pull(t.Context(), "hf:org/name", "")
			if err != nil {
				t.Error(err)
			}
			bytes.Add(m.Fetched)
		})
	}
	group.Wait()
	want := int64(200_000 + 500_000 + len(files()["config.json"]) + len(files()["preprocessor_config.json"]))
	if bytes.Load() != want {
		t.Errorf("%d bytes came, of %d", bytes.Load(), want)
	}
	// A remainder of something else is not taken for the beginning.
	if err := os.WriteFile(filepath.Join(filepath.Dir(blob), sum(files()["onnx/model_fp16.onnx"])+".ortho.incomplete"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newHub().Pull(t.Context(), "hf:org/name", "fp16"); err != nil {
		t.Error(err)
	}
}

// huggingface_hub itself, offline, finds what was pulled; and what it has pulled is found.
func TestPython(t *testing.T) {
	python := pythonWithHub(t)
	s := serve(t, files())
	run := func(offline, code string) string {
		cmd := exec.Command(python, "-c", code)
		cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE="+offline, "HF_HUB_DISABLE_TELEMETRY=1", "HF_HUB_DISABLE_XET=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return lines[len(lines)-1]
	}
	m, err := newHub().Pull(t.Context(), "hf:org/name", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := run("1", `import huggingface_hub as h; print(h.hf_hub_download("org/name", "onnx/model.onnx"))`); got != filepath.Join(m.Path, "onnx", "model.onnx") {
		t.Errorf("%q, want %q", got, m.Path)
	}
	if got := run("1", `import huggingface_hub as h; print(h.snapshot_download("org/name"))`); got != m.Path {
		t.Errorf("%q", got)
	}
	if got := run("1", `import huggingface_hub as h; c = h.scan_cache_dir(); r = next(iter(c.repos)); print(r.repo_id, r.nb_files, r.size_on_disk, len(c.warnings))`); got != "org/name 4 800021 0" {
		t.Errorf("%q", got)
	}
	if err := os.RemoveAll(filepath.Join(os.Getenv("HF_HOME"), "hub")); err != nil {
		t.Fatal(err)
	}
	folder := run("", `import huggingface_hub as h; print(h.snapshot_download("org/name"))`)
	requests := s.requests.Load()
	got, err := newHub().Get(t.Context(), "hf:org/name", "int8")
	if err != nil || got.Path != filepath.Join(folder, "onnx", "model_int8.onnx") || s.requests.Load() != requests {
		t.Errorf("%+v, %v; %s", got, err, folder)
	}
	if again, err := newHub().Pull(t.Context(), "hf:org/name", ""); err != nil || again.Fetched != 0 {
		t.Errorf("%+v, %v", again, err)
	}
}

func pythonWithHub(t *testing.T) string {
	t.Helper()
	for _, python := range []string{os.Getenv("ORTHO_TEST_PYTHON"), "python3"} {
		if python == "" {
			continue
		}
		if err := exec.Command(python, "-c", "import huggingface_hub").Run(); err == nil {
			return python
		}
	}
	t.Skip("no Python with huggingface_hub: neither ORTHO_TEST_PYTHON nor python3; the cache is not judged by it")
	return ""
}

func TestByURL(t *testing.T) {
	s := serve(t, files())
	data := s.files["onnx/model.onnx"]
	name := s.cdn.URL + "/onnx/model.onnx?X-Amz-Signature=0123456789abcdef0123456789#sha256="
	m, err := newHub().Get(t.Context(), name+sum(data), "")
	if err != nil || path.Base(filepath.ToSlash(m.Path)) != "model.onnx" || m.Fetched != int64(len(data)) {
		t.Fatalf("%+v, %v", m, err)
	}
	if again, err := newHub().Get(t.Context(), name+sum(data), ""); err != nil || again.Fetched != 0 || again.Path != m.Path {
		t.Errorf("%+v, %v", again, err)
	}
	for text, want := range map[string]string{
		name + sum([]byte("x")):                      "its digest is",
		name + "12":                                  "64 hexadecimal digits",
		s.cdn.URL + "/onnx/model.onnx":               "#sha256=DIGEST: what comes is compared with it",
		s.cdn.URL + "/README.md#sha256=" + sum(data): "ends with .onnx",
	} {
		if _, err := newHub().Get(t.Context(), text, ""); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0123456789abcdef") {
			t.Errorf("%s: %v", text, err)
		}
	}
	storetest.S3(t)
	stores := store.New(store.Options{})
	if err := stores.Put(t.Context(), "s3://bucket/m.onnx", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	if got, err := newHub().Get(t.Context(), "s3://bucket/m.onnx#sha256="+sum(data), ""); err != nil || got.Fetched == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := newHub().Get(t.Context(), "s3://bucket/none.onnx#sha256="+sum([]byte("y")), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestChoose(t *testing.T) {
	clip := []string{"config.json", "onnx/model.onnx", "onnx/text_model.onnx", "onnx/text_model_fp16.onnx", "onnx/vision_model.onnx", "onnx/vision_model_fp16.onnx", "tokenizer.json", "model.safetensors"}
	pipeline := []string{"model_index.json", "unet/model.onnx", "unet/model.onnx_data", "unet/model_fp16.onnx", "vae_decoder/model.onnx", "tokenizer/vocab.json", "unet/config.json", "x.png"}
	for _, c := range []struct {
		files           []string
		within, variant string
		want            string
	}{
		{clip, "", "", "config.json onnx/model.onnx onnx/text_model.onnx onnx/vision_model.onnx tokenizer.json"},
		{clip, "", "fp16", "config.json onnx/text_model_fp16.onnx onnx/vision_model_fp16.onnx tokenizer.json"},
		{clip, "onnx/vision_model.onnx", "", "config.json onnx/vision_model.onnx tokenizer.json"},
		{pipeline, "", "", "model_index.json unet/model.onnx unet/model.onnx_data vae_decoder/model.onnx tokenizer/vocab.json unet/config.json"},
		{pipeline, "", "fp16", "model_index.json unet/model_fp16.onnx vae_decoder/model.onnx tokenizer/vocab.json unet/config.json"},
		{[]string{"a/model_q4.onnx", "a/model_q4.onnx_data"}, "", "", "a/model_q4.onnx a/model_q4.onnx_data"},
		{[]string{"model.safetensors"}, "", "", "! the repository holds no ONNX graph, but model.safetensors: `optimum-cli export onnx` makes one, or see whether onnx-community/ or Xenova/ have the model"},
		{clip, "", "q4", `! there is no graph of the variant "q4": there are the one without a name, fp16`},
	} {
		got, err := choose(c.files, c.within, c.variant)
		text := strings.Join(got.files, " ")
		if err != nil {
			text = "! " + err.Error()
		}
		if text != c.want {
			t.Errorf("%q, %q: %s, want %s", c.within, c.variant, text, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"sha": "0123012301230123012301230123012301230123", "siblings": [{"rfilename": "a.onnx", "size": 3, "blobId": "0123012301230123012301230123012301230123", "lfs": {"sha256": "x", "size": 1}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, files, err := read(data)
		if err != nil {
			return
		}
		for name, one := range files {
			if !filepath.IsLocal(name) || !digest.MatchString(one.sum()) {
				t.Errorf("%q, %q", name, one.sum())
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("hf:org/name@main/onnx/model.onnx")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(n.String()); !strings.Contains(n.Revision, "/") && (err != nil || again != n) {
			t.Errorf("%q: %+v, then %+v, %v", text, n, again, err)
		}
	})
}
