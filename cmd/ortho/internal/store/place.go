package store

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// schemes are those of URIs that name objects.
var schemes = []string{"s3", "gs", "https", "http", "file"}

// Remote reports whether a name is a URI of what lies in a store, and not of a local file.
func Remote(name string) bool {
	scheme := schemeOf(name)
	return scheme != "" && scheme != "file"
}

// schemeOf is that of a URI which names an object, in small letters; "" of a local path.
func schemeOf(name string) string {
	before, _, is := strings.Cut(name, "://")
	if !is {
		return ""
	}
	for _, scheme := range schemes {
		if strings.EqualFold(before, scheme) {
			return scheme
		}
	}
	return ""
}

// place is what a URI names: an object, or a prefix.
type place struct {
	scheme, bucket, key string // of s3 and gs
	url                 *url.URL
	path                string // of a local file
}

// parse reads a URI. Keys are taken as they are, since they may hold any character.
func parse(uri string) (p place, err error) {
	p.scheme = schemeOf(uri)
	_, rest, _ := strings.Cut(uri, "://")
	switch p.scheme {
	case "s3", "gs":
		p.bucket, p.key, _ = strings.Cut(rest, "/")
		if !bucketName.MatchString(p.bucket) {
			return p, fmt.Errorf("%q is no name of a bucket", cut(p.bucket))
		}
		if len(p.key) > 1024 {
			return p, fmt.Errorf("has a key of %d bytes; it may have 1024 at most", len(p.key))
		}
	case "https", "http":
		p.url, err = url.Parse(uri)
		switch {
		case err != nil || p.url.Hostname() == "":
			return p, errors.New("is no URL that can be read")
		case p.url.User != nil:
			return p, errors.New("has a user or password in it, which others can see: it is not taken")
		}
		p.url.Fragment, p.url.RawFragment = "", ""
	case "file":
		u, err := url.Parse(uri)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return p, errors.New("is no file: URL of this machine, which has three slashes")
		}
		if p.path = filepath.FromSlash(u.Path); runtime.GOOS == "windows" {
			p.path = strings.TrimPrefix(p.path, `\`)
		}
	default:
		p.path = uri
	}
	return p, nil
}

var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{1,221}[A-Za-z0-9]$`)

func cut(text string) string {
	if len(text) > 64 {
		return text[:64] + "..."
	}
	return text
}

// Shown is a URI as it may be printed and written down: of a URL, values in its query that are long or
// whose names say a secret are "...", so that the signature of a signed URL is seen nowhere, and a
// URL that is signed anew keeps its name. User and password, which are not taken, are left out.
func Shown(uri string) string {
	switch schemeOf(uri) {
	case "https", "http":
	default:
		return uri
	}
	uri, _, _ = strings.Cut(uri, "#")
	path, query, has := strings.Cut(uri, "?")
	scheme, rest, _ := strings.Cut(path, "://")
	host, below, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	if path = scheme + "://" + host; slash {
		path += "/" + below
	}
	if !has {
		return path
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if value != "" && (secretName.MatchString(name) || !plainValue.MatchString(value)) {
			parts[i] = name + "=..."
		} else if value == "" && !plainValue.MatchString(name) {
			parts[i] = "..."
		}
	}
	return path + "?" + strings.Join(parts, "&")
}

var (
	secretName = regexp.MustCompile(`(?i)sig|token|key|secret|cred|auth|pass|policy|expires|session|date|^x-amz|^x-goog|^s[eptvr]$|^sk|^code$`)
	plainValue = regexp.MustCompile(`^[A-Za-z0-9._,+-]{1,20}$`)
)

// Base is the last part of the name of an object: of s3://b/a/c.tar, and of https://h/a/c.tar?x=1, it
// is c.tar.
func Base(uri string) string {
	name := Path(uri)
	return name[strings.LastIndexByte(name, '/')+1:]
}

// Path is where an object lies below its bucket or host: its key, or its path, without a slash at its
// beginning.
func Path(uri string) string {
	p, err := parse(uri)
	switch {
	case err != nil:
		return ""
	case p.url != nil:
		return strings.TrimPrefix(p.url.Path, "/")
	case p.bucket != "":
		return p.key
	}
	return filepath.ToSlash(p.path)
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// failed is an error of a URI.
func failed(op, uri string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: Shown(uri), Err: err}
}
