package serve

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
)

// bombed is so many zeros, compressed.
func bombed(t testing.TB, n int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.Bytes()
}

// FuzzForm: whatever a request's body holds, it is read, or refused as a mistake of the client's; and its
// files are no more than the body.
func FuzzForm(f *testing.F) {
	f.Add("multipart/form-data; boundary=b", "", []byte("--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"seed\"\r\n\r\n7\r\n--b--\r\n"))
	f.Add("application/json", "", []byte(`{"prompt":"a","seed":18446744073709551615,"size":"8x8","guidance":7.5}`))
	f.Add("image/png", "gzip", bombed(f, 100))
	f.Fuzz(func(t *testing.T, kind, encoding string, body []byte) {
		r := httptest.NewRequest("POST", "/v1/generate?top=3", bytes.NewReader(body))
		r.Header["Content-Type"], r.Header["Content-Encoding"] = []string{kind}, []string{encoding}
		b := bodies{each: 1 << 20, all: 4 << 20}
		w := httptest.NewRecorder()
		read, release, err := b.read(w, r)
		if err == nil {
			c := &call{Request: r, w: w, body: read}
			var f form
			if f, err = c.form(); err == nil {
				size := 0
				for _, one := range f.files {
					size += len(one.data)
				}
				if size > len(read) {
					t.Errorf("%d bytes of files out of %d", size, len(read))
				}
				_, err = f.prompt()
			}
			release()
		}
		if f := fault.Of(err); f != nil && f.Status >= http.StatusInternalServerError {
			t.Error(err)
		}
		if held := b.held.Load(); held != 0 {
			t.Errorf("%d bytes are held", held)
		}
	})
}

// FuzzRoutes: whatever comes to a route, it is answered, or refused as a mistake of the client's, or as what is not to be
// had: never as one of the server's.
func FuzzRoutes(f *testing.F) {
	s, _ := opened(f, Options{MaxBody: 1 << 20, MaxBodies: 4 << 20, MaxPixels: 1 << 20}, catalog.Options{}, "float32_nchw", "embedding", "dual/testdata/clip-split")
	handler := s.Handler()
	var paths []string
	for _, r := range s.routes() {
		if r.method == "POST" && !strings.Contains(r.path, "/repository/models/") {
			paths = append(paths, strings.NewReplacer("{model}", "clip-split", "{owner}", "o", "{version}", "1").Replace(r.path))
		}
	}
	for n, path := range paths {
		switch {
		case strings.HasPrefix(path, "/models/"):
			f.Add(byte(n), "application/json", "", []byte(`{"inputs":"YQ==","parameters":{"candidate_labels":["a","b"],"hypothesis_template":"{}","top_k":3}}`))
		case path == "/predict":
			f.Add(byte(n), "multipart/form-data; boundary=b", "", []byte("--b\r\nContent-Disposition: form-data; name=\"entries\"\r\n\r\n{\"clip\":{\"textual\":{\"modelName\":\"o/clip-split\"}}}\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na cat\r\n--b--\r\n"))
		case strings.HasPrefix(path, "/v1/images"):
			f.Add(byte(n), "application/json", "", []byte(`{"prompt":"a","n":1,"size":"8x8","response_format":"b64_json","seed":7}`))
		case strings.HasPrefix(path, "/v2"):
			f.Add(byte(n), "application/json", "", []byte(`{"id":"1","inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["a"]}],"ready":true}`))
		default:
			f.Add(byte(n), "", "labels=a%0Ab&threshold=0.5&masks=true&background=blur:3&feather=1", []byte("P1 1 1 1"))
			f.Add(byte(n), "application/json", "", []byte(`{"text":"a cat","normalize":true}`))
		}
	}
	f.Fuzz(func(t *testing.T, n byte, kind, query string, body []byte) {
		r := httptest.NewRequest("POST", "http://localhost"+paths[int(n)%len(paths)], bytes.NewReader(body))
		r.URL.RawQuery, r.Header["Content-Type"] = query, []string{kind}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != http.StatusServiceUnavailable && w.Code != http.StatusNotImplemented {
			t.Errorf("%s: %d %s", r.URL, w.Code, w.Body)
		}
		if held := s.bodies.held.Load(); held != 0 {
			t.Errorf("%s: %d bytes are held", r.URL, held)
		}
	})
}
