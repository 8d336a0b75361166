package serve

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"testing"

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
