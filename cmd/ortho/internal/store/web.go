package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// web is what servers give for a URL.
type web struct {
	client *http.Client
	token  string // of the server; "": none
}

var errReadAlone = errors.New("URLs of https:// are read, and not listed or written: name s3:// or gs://")

func (web) list(context.Context, place, string) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) { yield(found{}, errReadAlone) }
}

func (web) put(context.Context, place, io.ReaderAt, int64, put) error { return errReadAlone }

func (web) remove(context.Context, place) error { return errReadAlone }

func (w web) stat(ctx context.Context, p place) (Object, error) {
	response, err := w.do(ctx, http.MethodHead, p, nil)
	if err != nil {
		return Object{}, err
	}
	response.Body.Close()
	return told(response)
}

func (w web) open(ctx context.Context, p place, seen Object, offset, length int64) (io.ReadCloser, Object, error) {
	header := http.Header{}
	if offset > 0 || length >= 0 {
		header.Set("Range", rangeOf(offset, length))
	}
	switch {
	case seen.ETag != "" && !strings.HasPrefix(seen.ETag, "W/"):
		header.Set("If-Match", `"`+seen.ETag+`"`)
	case seen.ETag == "" && !seen.Time.IsZero():
		header.Set("If-Unmodified-Since", seen.Time.UTC().Format(http.TimeFormat))
	}
	response, err := w.do(ctx, http.MethodGet, p, header)
	if err != nil {
		return nil, Object{}, err
	}
	object, err := told(response)
	if err != nil {
		response.Body.Close()
		return nil, Object{}, err
	}
	if offset > 0 && response.StatusCode != http.StatusPartialContent {
		return wholeBody{response.Body}, object, nil // it does no ranges
	}
	return response.Body, object, nil
}

// do makes a request; an answer that is none is an error.
func (w web) do(ctx context.Context, method string, p place, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, p.url.String(), nil)
	if err != nil {
		return nil, errors.New("is no URL that can be read")
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("User-Agent", "ortho")
	if w.token != "" {
		request.Header.Set("Authorization", "Bearer "+w.token)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, bare(err)
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusPartialContent {
		return response, nil
	}
	io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	response.Body.Close()
	f := answered(response.StatusCode, "", response.Header)
	if f.is == nil && f.status < 500 {
		f.text = "the server refused it"
	}
	return nil, f
}

// told is what the headers of an answer say of an object.
func told(response *http.Response) (Object, error) {
	o := Object{Size: response.ContentLength, ETag: response.Header.Get("ETag")}
	if !strings.HasPrefix(o.ETag, "W/") {
		o.ETag = strings.Trim(o.ETag, `"`)
	}
	o.Time, _ = time.Parse(http.TimeFormat, response.Header.Get("Last-Modified"))
	if response.StatusCode == http.StatusPartialContent {
		var is bool
		if o.Size, is = sizeOf(response.Header.Get("Content-Range")); !is {
			return o, fmt.Errorf("the server has answered with a part that it does not name")
		}
	}
	if response.Header.Get("Content-Encoding") != "" {
		return o, fmt.Errorf("the server has encoded it, though it was not asked to")
	}
	return o, nil
}

// sizeOf is the size of the whole object in a Content-Range; -1 where that leaves it open.
func sizeOf(contentRange string) (size int64, is bool) {
	of, whole, is := strings.Cut(contentRange, "/")
	if !is || !strings.HasPrefix(of, "bytes ") {
		return 0, false
	}
	if whole == "*" {
		return -1, true
	}
	size, err := strconv.ParseInt(whole, 10, 64)
	return size, err == nil && size >= 0
}
