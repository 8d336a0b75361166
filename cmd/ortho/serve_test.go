package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// served starts ortho serve, and returns its addresses. It is ended, and must end well, with the test.
func served(t *testing.T, args ...string) (http, grpc string) {
	t.Helper()
	needLibrary(t)
	ctx, stop := context.WithCancel(context.Background())
	stderr, to := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"ortho", "serve", "--http", "127.0.0.1:0"}, args...), strings.NewReader(""), io.Discard, to)
		to.Close()
	}()
	t.Cleanup(func() {
		stop()
		select {
		case code := <-ended:
			if code != 0 {
				t.Errorf("it ended with %d", code)
			}
		case <-time.After(time.Minute):
			t.Error("it does not end")
		}
	})
	found := regexp.MustCompile(`at (https?://\S+?)(?:, gRPC at (\S+?))?;`)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := found.FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				for lines.Scan() {
				}
			}()
			return m[1], m[2]
		}
	}
	t.Fatal("it did not start")
	return "", ""
}

// TestServeAnswersAsTheVerb: the rows of requests are those of the command line, byte for byte, alone and together,
// whether requests share runs or not.
func TestServeAnswersAsTheVerb(t *testing.T) {
	files, err := filepath.Glob("../../../shared/images/*.JPEG")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Log("without ../shared: the photographs of the test data alone")
		files = []string{coffee, cat, "testdata/photos/astronaut.png"}
	}
	code, want, _ := execute(t, "", append([]string{"classify", "-f", "jsonl"}, files...)...)
	if code != 0 {
		t.Fatal(code)
	}
	rows := slices.Collect(strings.Lines(want))
	for _, args := range [][]string{nil, {"--max-batch", "4", "--max-delay", "5ms"}} {
		address, _ := served(t, args...)
		answers := make([]string, len(files))
		done := make(chan error, len(files))
		limit := make(chan struct{}, 16)
		for i, file := range files {
			go func() {
				limit <- struct{}{}
				defer func() { <-limit }()
				var err error
				answers[i], err = posted(address+"/v1/classify", file)
				done <- err
			}()
		}
		for range files {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		for i, answer := range answers {
			// A form names files without their folders.
			if want := strings.Replace(rows[i], files[i], filepath.Base(files[i]), 1); answer != want {
				t.Errorf("%v: %s, want %s", args, answer, want)
			}
		}
	}
}

// TestServeDetects: boxes are those of the command line, byte for byte.
func TestServeDetects(t *testing.T) {
	address, _ := served(t, "-m", "ssd-mobilenet-v2")
	for _, file := range []string{coffee, cat} {
		code, want, _ := execute(t, "", "detect", "-f", "jsonl", file)
		got, err := posted(address+"/v1/detect", file)
		if want = strings.Replace(want, file, filepath.Base(file), 1); code != 0 || err != nil || got != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

// posted sends a file as a form's, and returns the answer.
func posted(address, file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(map[string][]string{"Content-Disposition": {fmt.Sprintf(`form-data; name="image"; filename=%q`, file)}})
	if err != nil {
		return "", err
	}
	part.Write(data)
	w.WriteField("name", file)
	w.Close()
	response, err := http.Post(address, w.FormDataContentType(), &b)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != 200 {
		err = fmt.Errorf("%d: %s", response.StatusCode, text)
	}
	return string(text), err
}

// TestServeClients: clients of tritonclient, huggingface_hub and openai read the answers.
func TestServeClients(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import numpy, tritonclient.http, tritonclient.grpc, huggingface_hub, openai").Run() != nil {
		t.Skip("needs python3 with tritonclient[http,grpc], huggingface_hub and openai, whose clients ask (make test-clients)")
	}
	http, grpc := served(t, "--grpc", "127.0.0.1:0", "-m", "efficientnet-lite0", "-m", "span-x2", "-m", "words=imagenet-descriptions", "-m", "glyphs", "-m", "ssd-mobilenet-v2",
		"-m", "selfie", "-m", "clip=../../models/dual/testdata/clip-joint", "-m", "../../models/segment/testdata/segformer")
	code, row, _ := execute(t, "", "classify", "-f", "jsonl", cat)
	if code != 0 {
		t.Fatal(code)
	}
	file := write(t, filepath.Join(t.TempDir(), "row.json"), row)
	out, err := exec.Command(python, "../../scripts/clients/serve.py", http, grpc, cat, file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "passed: tritonclient.http, tritonclient.grpc, huggingface_hub, openai") {
		t.Errorf("%v\n%s", err, out)
	}
	if exec.Command(python, "-c", "import kserve").Run() != nil {
		t.Log("without KServe's SDK, which this python3 does not have (make test-clients)")
		return
	}
	out, err = exec.Command(python, "../../scripts/clients/kserve_sdk.py", http, grpc).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "passed: kserve") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestServeRefuses: what can't be served is told before anything listens.
func TestServeRefuses(t *testing.T) {
	needLibrary(t)
	t.Setenv("ORTHO_TEST_TOKEN", "x")
	broken := t.TempDir()
	write(t, filepath.Join(broken, "model.onnx"), "no graph")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "give --token-env", []string{"--http", "0.0.0.0:0"}},
		{2, "give --token-env", []string{"--grpc", "0.0.0.0:0"}},
		{2, "give --tls-cert", []string{"--http", "0.0.0.0:0", "--token-env", "ORTHO_TEST_TOKEN"}},
		{2, "no such variable", []string{"--token-env", "ORTHO_NO_SUCH"}},
		{2, "belong together", []string{"--tls-cert", "x"}},
		{2, "give --max-batch, too", []string{"--max-delay", "1ms"}},
		{2, "must not be negative", []string{"--queue", "-1"}},
		{2, "can't be a model's name", []string{"-m", "a b=efficientnet-lite0"}},
		{2, "two models are called x", []string{"-m", "x=efficientnet-lite0", "-m", "x=span-x2"}},
		{2, "what is asked for comes in requests", []string{"photo.jpg"}},
		{1, "no model", []string{"-m", "nothing"}},
		{1, "model.onnx", []string{"-m", broken}},
		{1, "--repository", []string{"--repository", "/nonexistent"}},
		{1, "listen", []string{"--http", "192.0.2.1:1", "--insecure"}},
	} {
		if code, _, stderr := execute(t, "", append([]string{"serve"}, c.args...)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d %s", c.args, code, stderr)
		}
	}
}

// TestServeRepository: sub-folders are models, with versions; one that can't be opened costs itself.
func TestServeRepository(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	for name, from := range map[string]string{"one": "float32_nchw", "two/1": "float32_nchw", "two/3": "types_in"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "model.onnx"), read(t, "../../models/testdata/"+from+"/model.onnx"))
	}
	os.Mkdir(filepath.Join(dir, "broken"), 0o755)
	bytes := filepath.Join(t.TempDir(), "graph\xff")
	if err := os.CopyFS(bytes, os.DirFS("../../models/testdata/float32_nchw")); err != nil {
		bytes = "../../models/testdata/float32_nchw" // names of files are Unicode here
	}
	address, _ := served(t, "--repository", dir, "-m", "bytes="+bytes, "--idle", "1h")
	for path, want := range map[string]string{
		"/v2/models/bytes":          `"versions":["1"]`,
		"/v2/models/one":            `"versions":["1"]`,
		"/v2/models/two":            `"versions":["3"]`,
		"/v2/models/two/versions/1": "has no version",
		"/v2/models/broken/ready":   "broken is not ready",
		"/openapi.json":             `"/v1/classify"`,
		"/metrics":                  `ortho_model_ready{model="two",version="3"} 1`,
	} {
		response, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: %s", path, text)
		}
	}
}

// TestServePage: the page works in Chromium, wide and narrow, light and dark, by the keyboard, asks nobody
// else, and has no fault of accessibility that axe-core knows.
func TestServePage(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil || exec.Command("node", "-e", "require('puppeteer-core'); require('axe-core')").Run() != nil {
		t.Skip("needs chromium, and node with puppeteer-core and axe-core (NODE_PATH)")
	}
	address, _ := served(t, "-m", "efficientnet-lite0", "-m", "span-x2", "-m", "words=imagenet-descriptions", "-m", "glyphs",
		"-m", "selfie", "-m", "clip=../../models/dual/testdata/clip-joint", "-m", "../../models/segment/testdata/segformer")
	cmd := exec.Command("node", "../../scripts/clients/page.cjs", address+"/", cat, t.TempDir())
	cmd.Env = append(os.Environ(), "CHROMIUM="+chromium)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "passed") {
		t.Errorf("%v\n%s", err, out)
	}
}
