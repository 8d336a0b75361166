package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

// buckets are those of Google Cloud Storage, by its JSON API
// (https://cloud.google.com/storage/docs/json_api): the one that S3's programs can speak takes no
// application default credentials.
type buckets struct {
	client *http.Client
	base   string
	found  bool // credentials
}

// maxAnswer bounds the bytes of a page of a list.
const maxAnswer = 64 << 20

// chunk is how much of an object is sent at once; a multiple of 256 KiB, as the API asks for.
const chunk = 16 << 20

// newBuckets looks for credentials as Google's programs do: GOOGLE_APPLICATION_CREDENTIALS, the file that
// gcloud writes, and the machine's account. Public buckets need none.
func newBuckets(s *Stores) (*buckets, error) {
	b := &buckets{client: s.client(), base: "https://storage.googleapis.com"}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the token is for this API alone
	if host := os.Getenv("STORAGE_EMULATOR_HOST"); host != "" {                                            // no credentials go there
		if b.base = strings.TrimSuffix(host, "/"); !strings.Contains(host, "://") {
			b.base = "http://" + b.base
		}
		u, err := url.Parse(b.base)
		if err != nil || u.Host == "" {
			return nil, errors.New("STORAGE_EMULATOR_HOST is no address")
		}
		return b, s.allowed(u.Scheme, u.Hostname())
	}
	if err := s.allowed("https", "storage.googleapis.com"); err != nil {
		return nil, err
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: s.transport, Timeout: 30 * time.Second})
	keys, err := google.FindDefaultCredentials(ctx, "https://www.googleapis.com/auth/devstorage.read_write")
	switch {
	case err == nil:
		b.found = true
		b.client.Transport = &oauth2.Transport{Source: oauth2.ReuseTokenSource(nil, keys.TokenSource), Base: s.transport}
	case os.Getenv("GOOGLE_APPLICATION_CREDENTIALS") != "":
		return nil, errors.New("GOOGLE_APPLICATION_CREDENTIALS names no file of credentials that can be read")
	}
	return b, nil
}

// object is what the API says of one.
type object struct {
	Name, Generation, Size string
	Updated                time.Time
	Metadata               map[string]string
}

func (o object) known() Object {
	size, err := strconv.ParseInt(o.Size, 10, 64)
	if err != nil {
		size = -1
	}
	return Object{Size: size, ETag: o.Generation, Time: o.Updated} // a generation is of one contents
}

func (b *buckets) address(p place, key string, query url.Values) string {
	return fmt.Sprintf("%s/storage/v1/b/%s/o/%s?%s", b.base, url.PathEscape(p.bucket), url.PathEscape(key), query.Encode())
}

func (b *buckets) list(ctx context.Context, p place, after string) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		query := url.Values{"prefix": {p.key}, "fields": {"nextPageToken,items(name,size,generation,updated)"}}
		if after != "" {
			query.Set("startOffset", after) // which it begins with
		}
		for {
			var page struct {
				Items         []object
				NextPageToken string
			}
			if err := b.ask(ctx, http.MethodGet, fmt.Sprintf("%s/storage/v1/b/%s/o?%s", b.base, url.PathEscape(p.bucket), query.Encode()), &page); err != nil {
				if errors.Is(err, fs.ErrNotExist) {
					err = noBucket(err)
				}
				yield(found{}, err)
				return
			}
			for _, o := range page.Items {
				if o.Name == after {
					continue
				}
				known := o.known()
				known.URI = "gs://" + p.bucket + "/" + o.Name
				if !yield(found{known, o.Name}, nil) {
					return
				}
			}
			if page.NextPageToken == "" {
				return
			}
			query.Set("pageToken", page.NextPageToken)
		}
	}
}

func noBucket(err error) error {
	if f, is := errors.AsType[*fault](err); is {
		f.text = "there is no such bucket"
	}
	return err
}

func (b *buckets) stat(ctx context.Context, p place) (Object, error) {
	o, err := b.look(ctx, p)
	return o.known(), err
}

func (b *buckets) look(ctx context.Context, p place) (o object, err error) {
	return o, b.ask(ctx, http.MethodGet, b.address(p, p.key, url.Values{"fields": {"name,size,generation,updated,metadata"}}), &o)
}

func (b *buckets) open(ctx context.Context, p place, seen Object, offset, length int64) (io.ReadCloser, Object, error) {
	// The headers of a body tell no generation everywhere: it is asked for first.
	if seen.ETag == "" {
		var err error
		if seen, err = b.stat(ctx, p); err != nil {
			return nil, Object{}, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.address(p, p.key, url.Values{"alt": {"media"}, "generation": {seen.ETag}}), nil)
	if err != nil {
		return nil, Object{}, err
	}
	if offset > 0 || length >= 0 {
		request.Header.Set("Range", rangeOf(offset, length))
	}
	response, err := b.do(request)
	if errors.Is(err, fs.ErrNotExist) {
		if now, late := b.stat(ctx, p); late == nil && now.ETag != seen.ETag {
			err = &fault{is: ErrChanged}
		}
	}
	if err != nil {
		return nil, Object{}, err
	}
	if offset > 0 && response.StatusCode != http.StatusPartialContent {
		return wholeBody{response.Body}, seen, nil
	}
	return response.Body, seen, nil
}

// put sends an object in chunks: it is there with the last of them.
func (b *buckets) put(ctx context.Context, p place, from io.ReaderAt, size int64, how put) error {
	query := url.Values{"uploadType": {"resumable"}, "name": {p.key}}
	if how.new {
		query.Set("ifGenerationMatch", "0")
	}
	about, err := json.Marshal(map[string]any{"name": p.key, "metadata": map[string]string{markHeader: how.mark}})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s/upload/storage/v1/b/%s/o?%s", b.base, url.PathEscape(p.bucket), query.Encode()), bytes.NewReader(about))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Upload-Content-Length", strconv.FormatInt(size, 10))
	response, err := b.do(request)
	if err != nil {
		if f, is := errors.AsType[*fault](err); is && f.is == fs.ErrNotExist {
			return noBucket(err)
		}
		return b.unlessOwn(ctx, p, how, err)
	}
	response.Body.Close()
	session := response.Header.Get("Location")
	if !b.own(session) {
		return errNoSession
	}
	for at := int64(0); at < size || at == 0; at += chunk {
		n := min(chunk, size-at)
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, session, io.NewSectionReader(from, at, n))
		if err != nil {
			return errNoSession
		}
		request.ContentLength = n
		if request.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, at+n-1, size)); n == 0 {
			request.Body = http.NoBody
			request.Header.Set("Content-Range", "bytes */0")
		}
		response, err := b.do(request)
		if err != nil {
			return b.unlessOwn(ctx, p, how, err)
		}
		response.Body.Close()
		last := at+n == size
		kept := response.Header.Get("Range")
		if !last && (response.StatusCode != http.StatusPermanentRedirect || kept != "" && kept != fmt.Sprintf("bytes=0-%d", at+n-1)) {
			return &fault{status: http.StatusServiceUnavailable, text: "the store has kept a part of what was sent"} // all of it is sent anew
		}
		if last && response.StatusCode == http.StatusPermanentRedirect {
			return &fault{status: http.StatusServiceUnavailable, text: "the store has not kept all of what was sent"}
		}
	}
	return nil
}

var errNoSession = errors.New("the store names no place of its own for the upload")

// own reports whether an address is the API's, which credentials may go to.
func (b *buckets) own(address string) bool {
	u, err := url.Parse(address)
	base, _ := url.Parse(b.base)
	return err == nil && u.Scheme == base.Scheme && (u.Host == base.Host || strings.HasSuffix(u.Host, ".googleapis.com"))
}

// unlessOwn says of an object that is there already whether it is this one: the answer to the request that
// has written it may have been lost.
func (b *buckets) unlessOwn(ctx context.Context, p place, how put, err error) error {
	f, is := errors.AsType[*fault](err)
	if !is || !how.new || f.is != ErrChanged {
		return err
	}
	if o, late := b.look(ctx, p); late == nil && o.Metadata[markHeader] == how.mark {
		return nil
	}
	f.is = fs.ErrExist
	return f
}

func (b *buckets) remove(ctx context.Context, p place) error {
	err := b.ask(ctx, http.MethodDelete, b.address(p, p.key, nil), nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ask makes a request whose answer is JSON.
func (b *buckets) ask(ctx context.Context, method, address string, into any) error {
	ctx, end := context.WithTimeout(ctx, 2*time.Minute)
	defer end()
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return errors.New("is no name that can be asked for")
	}
	response, err := b.do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return brokenBody{err}
	case len(data) > maxAnswer:
		return fmt.Errorf("the store has answered with more than %d bytes", maxAnswer)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return errors.New("the store has answered with no JSON")
	}
	return nil
}

func (b *buckets) do(request *http.Request) (*http.Response, error) {
	response, err := b.client.Do(request)
	if err != nil {
		if _, refused := errors.AsType[*oauth2.RetrieveError](err); refused {
			return nil, &fault{is: fs.ErrPermission, text: "the credentials that were found are not taken"}
		}
		return nil, bare(err)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent, http.StatusPartialContent, http.StatusPermanentRedirect:
		return response, nil
	}
	io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	response.Body.Close()
	f := answered(response.StatusCode, "", response.Header)
	switch {
	case f.is == fs.ErrPermission && !b.found:
		f.text = "access is denied, and no credentials were found (GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, or the machine's account)"
	case f.is == nil && f.status < 500:
		f.text = "the store refused it"
	}
	return nil, f
}
