package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/dual"
	"ortho/runner"
	"ortho/runner/library"
)

// opened is a server of bundled models and of the test data's, and its address.
func opened(t testing.TB, opt Options, about catalog.Options, names ...string) (*Server, string) {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	about.Open = func(ctx context.Context, name string) (*models.Model, *dual.Model, error) {
		if dual.Is(name) {
			both, err := dual.Open(ctx, name, models.Settings{}, runner.Options{})
			if err != nil {
				return nil, nil, err
			}
			return both.Image, both, nil
		}
		m, err := openModel(name)
		return m, nil, err
	}
	if about.Queue == 0 {
		about.Queue = 64
	}
	c := catalog.New(about)
	t.Cleanup(c.Close)
	for _, name := range names {
		path := name
		if !slices.Contains(bundled.Names(), name) {
			path = "../../../../models/testdata/" + name
			if strings.Contains(name, "/") { // of another package
				path = "../../../../models/" + name
			}
		}
		name = strings.TrimSuffix(filepath.Base(name), ".onnx")
		if err := c.Add(name, path); err != nil {
			t.Fatal(err)
		}
		if err := c.Load(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
	if opt.MaxBody == 0 {
		opt.MaxBody, opt.MaxBodies = 8<<20, 64<<20
	}
	if opt.HTTP == "" {
		opt.HTTP = "127.0.0.1:0"
	}
	s := New(&term.UI{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, c, opt)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return s, web.URL
}

// openModel reads a model of the tests.
func openModel(name string) (*models.Model, error) {
	if slices.Contains(bundled.Names(), name) {
		files, err := bundled.FS(name)
		if err != nil {
			return nil, err
		}
		return models.OpenFS(files, name, models.Settings{})
	}
	var s models.Settings
	for key, value := range map[string]string{"mean": "0", "std": "1"} {
		if err := s.Set(key, value); err != nil {
			return nil, err
		}
	}
	return models.Open(name, s)
}

func photo(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/photos/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// asked sends a request, and returns its status and answer.
func asked(t testing.TB, method, address, kind string, body io.Reader, headers ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

// forms is a form of files and values.
func forms(files map[string][]byte, values map[string]string) (kind string, body io.Reader) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range values {
		w.WriteField(name, value)
	}
	for name, data := range files {
		part, _ := w.CreateFormFile("image", name)
		part.Write(data)
	}
	w.Close()
	return w.FormDataContentType(), &b
}

// TestMistakes: each gets its status, and a sentence that says what was wrong.
func TestMistakes(t *testing.T) {
	_, address := opened(t, Options{}, catalog.Options{}, "efficientnet-lite0", "span-x2", "glyphs", "imagenet-descriptions", "float32_nchw")
	cat := photo(t, "chelsea.png")
	form, both := forms(map[string][]byte{"a.png": cat[:1000]}, map[string]string{"top": "x"})
	formBytes, _ := io.ReadAll(both)
	for name, test := range map[string]struct {
		method, path, kind, body string
		status                   int
		want                     string
	}{
		"nothing there":  {"GET", "/v1/nothing", "", "", 404, "/openapi.json lists"},
		"method":         {"GET", "/v1/classify", "", "", 405, "is asked by POST"},
		"no image":       {"POST", "/v1/classify?model=efficientnet-lite0", "", "", 400, "there is no image"},
		"broken":         {"POST", "/v1/classify?model=efficientnet-lite0", "", string(cat[:5000]), 400, "image: "},
		"not an image":   {"POST", "/v1/classify?model=efficientnet-lite0", "image/jpeg", "hello", 400, "image: "},
		"several models": {"POST", "/v1/classify", "image/png", string(cat), 400, "say which, as model=efficientnet-lite0 or model=float32_nchw"},
		"another task":   {"POST", "/v1/classify?model=span-x2", "image/png", string(cat), 400, "span-x2 is not for that: it is a model to generate"},
		"unknown model":  {"POST", "/v1/classify?model=none", "image/png", string(cat), 404, `there is no model \"none\"`},
		"top":            {"POST", "/v1/classify?model=efficientnet-lite0&top=-1", "image/png", string(cat), 400, `top \"-1\"`},
		"form":           {"POST", "/v1/classify?model=efficientnet-lite0", form, string(formBytes), 400, `top \"x\"`},
		"no boundary":    {"POST", "/v1/classify?model=efficientnet-lite0", "multipart/form-data", "x", 400, "the form can't be read"},
		"type":           {"POST", "/v1/classify?model=efficientnet-lite0", "a/b/c", "x", 415, "Content-Type"},
		"JSON":           {"POST", "/v1/classify?model=efficientnet-lite0", "application/json", "[1]", 400, "no JSON object"},
		"no text":        {"POST", "/v1/classify-text", "application/json", "{}", 400, "there is no text"},
		"no embedder":    {"POST", "/v1/embed", "image/png", string(cat), 404, "no model here is for that (embed)"},
		"format":         {"POST", "/v1/generate?model=span-x2&format=gif", "image/png", string(cat), 400, "png, jpeg, webp and tiff can be made"},
		"picture":        {"POST", "/v1/generate?model=span-x2", "application/json", `{"prompt":"a cat"}`, 400, "makes a picture of an image"},
		"not taken":      {"POST", "/v1/classify?model=efficientnet-lite0&topp=1", "image/png", string(cat), 400, "is nothing that is taken here"},
		"of a pipeline":  {"POST", "/v1/generate?model=glyphs", "application/json", `{"prompt":"seven","size":"512x512"}`, 400, "are of pipelines, and glyphs is none"},
		"no mask":        {"POST", "/v1/generate?model=span-x2&seed=3", "image/png", string(cat), 400, "takes no seed"},
		"no prompt":      {"POST", "/v1/generate?model=glyphs", "application/json", `{"seed":1}`, 400, "takes a text"},
		"size":           {"POST", "/v1/images/generations", "application/json", `{"model":"glyphs","prompt":"seven","size":"big"}`, 400, `"message":"size \"big\"`},
		"n":              {"POST", "/v1/images/generations", "application/json", `{"model":"glyphs","prompt":"seven","n":11}`, 400, "from 1 to 10"},
		"hf":             {"POST", "/models/none", "image/png", string(cat), 404, "no model"},
		"hf top":         {"POST", "/models/efficientnet-lite0", "application/json", `{"inputs":"aGVsbG8=","parameters":{"top_k":0}}`, 400, "top_k 0"},
		"immich":         {"POST", "/predict", form, string(formBytes), 400, "entries is not JSON"},
		"encoding":       {"POST", "/v1/classify?model=efficientnet-lite0", "image/png", string(cat), 415, "gzip and deflate"},
		"no gzip":        {"POST", "/v1/classify?model=efficientnet-lite0", "image/png", string(cat), 400, "is not gzip"},
	} {
		var headers []string
		switch name {
		case "encoding":
			headers = []string{"Content-Encoding", "br"}
		case "no gzip":
			headers = []string{"Content-Encoding", "gzip"}
		}
		status, text, _ := asked(t, test.method, address+test.path, test.kind, strings.NewReader(test.body), headers...)
		if status != test.status || !strings.Contains(text, test.want) {
			t.Errorf("%s: %d %s, want %d %q", name, status, text, test.status, test.want)
		}
	}
}

// TestSeveral: of several images, one that fails costs itself.
func TestSeveral(t *testing.T) {
	_, address := opened(t, Options{}, catalog.Options{}, "efficientnet-lite0")
	kind, body := forms(map[string][]byte{"cat.png": photo(t, "chelsea.png"), "broken.png": photo(t, "coffee.png")[:3000]}, map[string]string{"top": "1"})
	status, text, _ := asked(t, "POST", address+"/v1/classify", kind, body)
	var rows []struct {
		Input       string
		Predictions []struct{ Index int }
		Error       *struct{ Stage, Message string }
	}
	if err := json.Unmarshal([]byte(text), &rows); err != nil || status != 200 || len(rows) != 2 {
		t.Fatalf("%d %s: %v", status, text, err)
	}
	for _, r := range rows {
		if broken := r.Input == "broken.png"; broken != (r.Error != nil) || !broken && r.Predictions[0].Index != 282 {
			t.Errorf("%+v", r)
		}
	}
}

// TestAccess: a token is asked for but of probes; pages of other origins and names that are not
// loopback's get no answer; the token shows nowhere.
func TestAccess(t *testing.T) {
	var log bytes.Buffer
	_, guarded := opened(t, Options{Token: "geheim", Access: &log}, catalog.Options{}, "float32_nchw")
	cat := string(photo(t, "chelsea.png"))
	for header, want := range map[string]int{"": 401, "Bearer wrong": 401, "Basic geheim": 401, "Bearer geheim": 200, "bearer geheim": 200} {
		status, text, _ := asked(t, "POST", guarded+"/v1/classify", "image/png", strings.NewReader(cat), "Authorization", header)
		if status != want {
			t.Errorf("%q: %d %s", header, status, text)
		}
	}
	if status, _, _ := asked(t, "GET", guarded+"/v2/health/live", "", nil); status != 200 {
		t.Error(status)
	}
	if status, _, _ := asked(t, "GET", guarded+"/metrics", "", nil); status != 401 {
		t.Error(status)
	}
	if strings.Contains(log.String(), "geheim") || strings.Count(log.String(), "\n") != 7 || !strings.Contains(log.String(), `"status":401`) {
		t.Error(log.String())
	}
	_, local := opened(t, Options{}, catalog.Options{}, "float32_nchw")
	for _, test := range []struct {
		headers []string
		want    int
	}{
		{nil, 200},
		{[]string{"Host", "evil.example"}, 421},
		{[]string{"Host", "localhost:1"}, 200},
		{[]string{"Host", "[::1]:8000"}, 200},
		{[]string{"Origin", "http://evil.example"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		if status, text, _ := asked(t, "POST", local+"/v1/classify", "image/png", strings.NewReader(cat), test.headers...); status != test.want {
			t.Errorf("%v: %d %s, want %d", test.headers, status, text, test.want)
		}
	}
}

// endless is a body without an end, which comes as fast as it is read.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestBodies: what is too much, comes too slowly, or less than it says, is refused, and gives its memory back.
func TestBodies(t *testing.T) {
	s, address := opened(t, Options{MaxBody: 1 << 20, MaxBodies: 3 << 20, Timeout: 500 * time.Millisecond}, catalog.Options{}, "float32_nchw")
	if status, text, _ := asked(t, "POST", address+"/v1/classify", "image/png", endless{}); status != 413 || !strings.Contains(text, "1048576 bytes") {
		t.Errorf("endless: %d %s", status, text)
	}
	if status, text, _ := asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(make([]byte, 2<<20))); status != 413 {
		t.Errorf("large: %d %s", status, text)
	}
	bomb := bombed(t, 64<<20)
	if status, text, _ := asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(bomb), "Content-Encoding", "gzip"); status != 413 {
		t.Errorf("a bomb of %d bytes: %d %s", len(bomb), status, text)
	}
	raw := func(head string) string {
		c, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, head)
		c.(*net.TCPConn).CloseWrite()
		answer, _ := io.ReadAll(c)
		return string(answer)
	}
	if text := raw("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"); text != "" && !strings.Contains(text, "400") {
		t.Errorf("short: %s", text)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	answer := make([]byte, 512)
	n, err := c.Read(answer)
	if err != nil || !strings.Contains(string(answer[:n]), "408") {
		t.Errorf("slow: %s, %v", answer[:n], err)
	}
	for tries := 0; s.bodies.held.Load() != 0; tries++ {
		if tries == 1000 {
			t.Fatalf("%d bytes are still held", s.bodies.held.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestBusy: beyond the queue requests are refused at once and told when to come again; others all get answers.
func TestBusy(t *testing.T) {
	_, address := opened(t, Options{}, catalog.Options{Queue: 2, Concurrency: 1}, "efficientnet-lite0")
	cat := photo(t, "chelsea.png")
	var group sync.WaitGroup
	var answered, refused atomic.Int64
	for range 40 {
		group.Go(func() {
			status, text, head := asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(cat))
			switch {
			case status == 200 && strings.Contains(text, `"index":282`):
				answered.Add(1)
			case status == 503 && head.Get("Retry-After") == "1":
				refused.Add(1)
			default:
				t.Errorf("%d %s", status, text)
			}
		})
	}
	group.Wait()
	if answered.Load() < 3 || answered.Load()+refused.Load() != 40 {
		t.Errorf("%d answered, %d refused", answered.Load(), refused.Load())
	}
}

// TestSwap: a model that is loaded anew, time and again, loses no request.
func TestSwap(t *testing.T) {
	s, address := opened(t, Options{}, catalog.Options{}, "float32_nchw")
	cat := photo(t, "chelsea.png")
	_, want, _ := asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(cat))
	stop := make(chan struct{})
	var group sync.WaitGroup
	var count atomic.Int64
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status, text, _ := asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(cat)); status != 200 || text != want {
					t.Errorf("%d %s", status, text)
				}
				count.Add(1)
			}
		})
	}
	for range 20 {
		if err := s.catalog.Load(t.Context(), "float32_nchw"); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.catalog.Sleep(0) // and one that sleeps wakes
	close(stop)
	group.Wait()
	if count.Load() == 0 {
		t.Error("no request")
	}
	s.catalog.Sleep(0)
	if status := s.catalog.Statuses()[0]; !status.Asleep {
		t.Errorf("%+v", status)
	}
	if status, text, _ := asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(cat)); status != 200 || text != want {
		t.Errorf("from sleep: %d %s", status, text)
	}
}

// TestDrain: what was accepted is answered when the server ends, and Run returns.
func TestDrain(t *testing.T) {
	s, _ := opened(t, Options{HTTP: "127.0.0.1:0", Drain: time.Minute}, catalog.Options{}, "efficientnet-lite0")
	ctx, stop := context.WithCancel(t.Context())
	addresses, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(http, _ string) { addresses <- http }) }()
	address := "http://" + <-addresses
	cat := photo(t, "chelsea.png")
	accepted := make(chan struct{}) // their heads have come, and the rest of their bodies may
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			body, to := io.Pipe()
			go func() {
				to.Write(cat[:1000])
				<-accepted
				to.Write(cat[1000:])
				to.Close()
			}()
			if status, text, _ := asked(t, "POST", address+"/v1/classify", "image/png", body); status != 200 {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	for s.flight.Load() < 8 {
		time.Sleep(time.Millisecond)
	}
	stop()
	for !s.ending.Load() {
		time.Sleep(time.Millisecond)
	}
	if status, text, _ := asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(cat)); status != 503 || !strings.Contains(text, "ending") {
		t.Errorf("a request that comes later: %d %s", status, text)
	}
	close(accepted)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	group.Wait()
}
