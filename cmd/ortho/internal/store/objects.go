package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// objects are those of S3, or of a server that speaks as it does.
type objects struct {
	once  *minio.Client // makes a request once
	parts *minio.Client // makes the requests of an upload again, each of its own
	found bool          // credentials
}

// markHeader is the metadata of an object by which the run that has written it knows it again.
const markHeader = "Ortho-Mark"

// maxOnePut is the most that S3 takes with one request.
const maxOnePut = 5 << 30

// newObjects looks for an endpoint, a region and credentials as Amazon's programs do.
func newObjects(s *Stores) (*objects, error) {
	address, region := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")), cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	if address == "" {
		address = "https://s3.amazonaws.com"
	} else if region == "" {
		region = "us-east-1" // servers of one's own take any
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.User != nil {
		return nil, errors.New("AWS_ENDPOINT_URL is not http:// or https:// with a host alone")
	}
	if err := s.allowed(u.Scheme, u.Hostname()); err != nil {
		return nil, err
	}
	keys, found := chain(s)
	o := &objects{found: found}
	for into, tries := range map[**minio.Client]int{&o.once: 1, &o.parts: 8} {
		*into, err = minio.New(u.Host, &minio.Options{Creds: keys, Secure: u.Scheme == "https", Transport: s.transport, Region: region, MaxRetries: tries})
		if err != nil {
			return nil, err
		}
	}
	return o, nil
}

// chain is where Amazon's programs find credentials: variables, files (of profiles, with programs
// that give them), and what a machine or a container of theirs is given. Public buckets need none.
func chain(s *Stores) (keys *credentials.Credentials, found bool) {
	providers := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	container := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") + os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") + os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if !s.opt.Offline && (container != "" || !strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true")) {
		providers = append(providers, &credentials.IAM{Client: &http.Client{Transport: s.transport, Timeout: 5 * time.Second}})
	}
	keys = credentials.NewChainCredentials(providers)
	// Without any, the chain would ask the machine anew for each request.
	if v, err := keys.GetWithContext(&credentials.CredContext{Client: &http.Client{Transport: s.transport, Timeout: 10 * time.Second}}); err != nil || v.AccessKeyID == "" {
		return credentials.NewStaticV4("", "", ""), false
	}
	return keys, true
}

func (o *objects) list(ctx context.Context, p place, after string) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		for i := range o.once.ListObjectsIter(ctx, p.bucket, minio.ListObjectsOptions{Prefix: p.key, Recursive: true, StartAfter: after}) {
			if i.Err != nil {
				yield(found{}, o.error(i.Err, http.MethodGet))
				return
			}
			object := objectOf(i)
			object.URI = "s3://" + p.bucket + "/" + i.Key
			if !yield(found{object, i.Key}, nil) {
				return
			}
		}
	}
}

func objectOf(i minio.ObjectInfo) Object {
	return Object{Size: i.Size, ETag: strings.Trim(i.ETag, `"`), Time: i.LastModified}
}

func (o *objects) stat(ctx context.Context, p place) (Object, error) {
	i, err := o.once.StatObject(ctx, p.bucket, p.key, minio.StatObjectOptions{})
	return objectOf(i), o.error(err, http.MethodHead)
}

func (o *objects) open(ctx context.Context, p place, seen Object, offset, length int64) (io.ReadCloser, Object, error) {
	var how minio.GetObjectOptions
	if seen.ETag != "" {
		how.SetMatchETag(seen.ETag)
	}
	if offset > 0 || length >= 0 {
		how.Set("Range", rangeOf(offset, length))
	}
	body, i, header, err := minio.Core{Client: o.once}.GetObject(ctx, p.bucket, p.key, how)
	if err != nil {
		return nil, Object{}, o.error(err, http.MethodGet)
	}
	object := objectOf(i)
	if whole, is := sizeOf(header.Get("Content-Range")); is {
		object.Size = whole
	} else if offset > 0 {
		return wholeBody{body}, object, nil
	}
	return body, object, nil
}

func (o *objects) put(ctx context.Context, p place, from io.ReaderAt, size int64, how put) error {
	options := minio.PutObjectOptions{UserMetadata: map[string]string{markHeader: how.mark}, PartSize: max(16<<20, uint64(size)/8000), NumThreads: 4}
	if how.new {
		options.SetMatchETagExcept("*")
		// Not all servers look at the condition where parts are put together (versitygw 1.8.0).
		options.DisableMultipart = size <= maxOnePut
	}
	_, err := o.parts.PutObject(ctx, p.bucket, p.key, io.NewSectionReader(from, 0, size), size, options)
	if err = o.error(err, http.MethodPut); !errors.Is(err, fs.ErrExist) {
		return err
	}
	// The answer to the request that has written it may have been lost.
	if i, late := o.once.StatObject(ctx, p.bucket, p.key, minio.StatObjectOptions{}); late == nil && i.UserMetadata[markHeader] == how.mark {
		return nil
	}
	return err
}

func (o *objects) remove(ctx context.Context, p place) error {
	return o.error(o.once.RemoveObject(ctx, p.bucket, p.key, minio.RemoveObjectOptions{}), http.MethodDelete)
}

// error says what S3 has answered.
func (o *objects) error(err error, method string) error {
	if err == nil {
		return nil
	}
	answer, is := errors.AsType[minio.ErrorResponse](err)
	if !is || answer.StatusCode == 0 {
		if err = bare(err); strings.HasPrefix(err.Error(), "Connection closed by foreign host") { // so minio-go has io.EOF
			return brokenBody{io.ErrUnexpectedEOF}
		}
		return err
	}
	f := answered(answer.StatusCode, answer.Code, nil)
	switch {
	case answer.Code == "NoSuchBucket":
		f.is, f.text = fs.ErrNotExist, "there is no such bucket"
	case f.is == fs.ErrPermission && !o.found:
		f.text = "access is denied, and no credentials were found (AWS_ACCESS_KEY_ID, AWS_PROFILE, ~/.aws, or the machine's role)"
	case f.is == ErrChanged && method == http.MethodPut:
		f.is = fs.ErrExist
	case answer.Code == "PermanentRedirect" || answer.Code == "AuthorizationHeaderMalformed":
		f.text = "the bucket lies in another region: set AWS_REGION"
		if answer.Region != "" {
			f.text += "=" + cut(answer.Region)
		}
	case f.is == nil && answer.StatusCode < 500:
		f.text = "the store refused it"
	}
	return f
}

// rangeOf is the header that asks for length bytes from an offset on; -1: all that follow.
func rangeOf(offset, length int64) string {
	if length < 0 {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
}
