// Package storetest has object stores for tests, on this machine: a small one of S3 in the test's own
// process, real ones where their programs are there, and a proxy that is as rough as a network:
//
//	S3, Versity (s3://), GCS (gs://)  --> the environment names it, with a bucket called "bucket"
//	Rough --> an address that cuts bodies and answers 503
package storetest

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// S3 starts a server of S3 in memory, as far as this project needs it: objects by ranges and conditions,
// lists by pages, parts. It looks at no signature. It returns its address.
func S3(t testing.TB) string {
	t.Helper()
	s := &server{objects: map[string]*object{}, parts: map[string]map[int][]byte{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	At(t, h.URL)
	return h.URL
}

// At has S3 be at an address, with keys.
func At(t testing.TB, address string) {
	t.Helper()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": address, "AWS_ENDPOINT_URL_S3": "", "AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": Secret,
		"AWS_REGION": "us-east-1", "AWS_SESSION_TOKEN": "", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
}

// Secret is the key, which is seen nowhere.
const Secret = "secret-of-the-user"

type object struct {
	data []byte
	etag string
	time time.Time
	mark http.Header
}

type server struct {
	mutex   sync.Mutex
	objects map[string]*object // by "bucket/key"
	parts   map[string]map[int][]byte
	uploads int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	bucket, key, _ := strings.Cut(name, "/")
	query := r.URL.Query()
	switch {
	case bucket == "forbidden":
		refuse(w, http.StatusForbidden, "AccessDenied")
	case bucket != "bucket" && bucket != "empty":
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	case query.Has("location"):
		fmt.Fprint(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`)
	case key == "" && r.Method == http.MethodGet:
		s.list(w, bucket, query)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		s.get(w, r, name)
	case r.Method == http.MethodDelete:
		s.mutex.Lock()
		delete(s.objects, name)
		delete(s.parts, query.Get("uploadId"))
		s.mutex.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case query.Has("uploads"):
		s.mutex.Lock()
		s.uploads++
		id := strconv.Itoa(s.uploads)
		s.parts[id] = map[int][]byte{}
		s.mutex.Unlock()
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case query.Has("uploadId") && r.Method == http.MethodPost:
		s.complete(w, r, name, query.Get("uploadId"))
	default:
		s.put(w, r, name, query)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

func (s *server) get(w http.ResponseWriter, r *http.Request, name string) {
	s.mutex.Lock()
	o := s.objects[name]
	s.mutex.Unlock()
	if o == nil {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	maps.Copy(w.Header(), o.mark)
	w.Header().Set("ETag", `"`+o.etag+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", o.time, bytes.NewReader(o.data))
}

func (s *server) put(w http.ResponseWriter, r *http.Request, name string, query url.Values) {
	data, err := body(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	sum := md5.Sum(data)
	if id := query.Get("uploadId"); id != "" {
		number, _ := strconv.Atoi(query.Get("partNumber"))
		s.mutex.Lock()
		if parts := s.parts[id]; parts != nil {
			parts[number] = data
		}
		s.mutex.Unlock()
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		return
	}
	if s.store(w, r, name, data) {
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	}
}

// store makes an object, if the request's condition holds.
func (s *server) store(w http.ResponseWriter, r *http.Request, name string, data []byte) bool {
	sum := md5.Sum(data)
	o := &object{data, hex.EncodeToString(sum[:]), time.Now().Truncate(time.Second), http.Header{}}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			o.mark[name] = values
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if r.Header.Get("If-None-Match") == "*" && s.objects[name] != nil {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return false
	}
	s.objects[name] = o
	return true
}

func (s *server) complete(w http.ResponseWriter, r *http.Request, name, id string) {
	s.mutex.Lock()
	parts := s.parts[id]
	delete(s.parts, id)
	s.mutex.Unlock()
	var data []byte
	for _, number := range slices.Sorted(maps.Keys(parts)) {
		data = append(data, parts[number]...)
	}
	if parts == nil {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
	} else if s.store(w, r, name, data) {
		fmt.Fprint(w, `<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>bucket</Bucket><Key>key</Key><ETag>"of-parts"</ETag></CompleteMultipartUploadResult>`)
	}
}

// list gives pages of a few objects, so that there are some.
func (s *server) list(w http.ResponseWriter, bucket string, query url.Values) {
	type content struct {
		Key, ETag, LastModified string
		Size                    int
	}
	answer := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name                  string
		EncodingType          string `xml:",omitempty"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
	}{Name: bucket, EncodingType: query.Get("encoding-type")}
	after := max(query.Get("start-after"), query.Get("continuation-token"))
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		key, is := strings.CutPrefix(name, bucket+"/")
		if !is || !strings.HasPrefix(key, query.Get("prefix")) || key <= after {
			continue
		}
		if len(answer.Contents) == 100 {
			answer.IsTruncated = true
			break
		}
		answer.NextContinuationToken = key
		o := s.objects[name]
		if answer.EncodingType == "url" {
			key = url.QueryEscape(key)
		}
		answer.Contents = append(answer.Contents, content{key, `"` + o.etag + `"`, o.time.UTC().Format(time.RFC3339), len(o.data)})
	}
	xml.NewEncoder(w).Encode(answer)
}

// body is that of a request, which clients may send in signed chunks.
func body(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return io.ReadAll(r.Body)
	}
	var data []byte
	for in := bufio.NewReader(r.Body); ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		text, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(text, 16, 32)
		if err != nil || n == 0 {
			return data, err
		}
		chunk := make([]byte, n+2) // with the end of its line
		if _, err := io.ReadFull(in, chunk); err != nil {
			return nil, err
		}
		data = append(data, chunk[:n]...)
	}
}
