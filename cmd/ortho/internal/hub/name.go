package hub

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"ortho/cmd/ortho/internal/store"
)

// Is reports whether a model's name is one that is fetched: hf:..., or a URL.
func Is(name string) bool {
	return strings.HasPrefix(name, "hf:") || store.Remote(name)
}

// Check returns why a name is none that can be fetched; nil: it is one.
func Check(name string) (err error) {
	if strings.HasPrefix(name, "hf:") {
		_, err = Parse(name)
	} else {
		_, err = ParseURL(name)
	}
	return err
}

// Name is a model on the hub.
type Name struct {
	Repo     string // ORG/NAME, or NAME
	Revision string // a branch, a tag, or a commit; "main" where none was named
	Path     string // a folder or a graph in it, with slashes; "": all
}

func (n Name) String() string {
	text := "hf:" + n.Repo
	if n.Revision != "main" {
		text += "@" + n.Revision
	}
	if n.Path != "" {
		text += "/" + n.Path
	}
	return text
}

var (
	repository = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	revision   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$`)
	commit     = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// Parse reads hf:ORG/NAME[@REVISION][/PATH]. A revision that holds slashes is written with %2F.
func Parse(text string) (Name, error) {
	n := Name{Revision: "main"}
	rest, is := strings.CutPrefix(text, "hf:")
	parts := strings.SplitN(strings.TrimPrefix(rest, "//"), "/", 3)
	if !is || len(parts) < 2 {
		return n, fmt.Errorf("%q is not hf:ORG/NAME, with @REVISION and /PATH where they are wanted", text)
	}
	name, at, named := strings.Cut(parts[1], "@")
	if n.Repo = parts[0] + "/" + name; named {
		n.Revision = strings.ReplaceAll(at, "%2F", "/")
	}
	if len(parts) == 3 {
		n.Path = strings.TrimSuffix(parts[2], "/")
	}
	for _, part := range []string{parts[0], name} {
		if !repository.MatchString(part) || strings.Contains(part, "--") || strings.Contains(part, "..") {
			return n, fmt.Errorf("%q: %q is no name on the hub", text, part)
		}
	}
	if !revision.MatchString(n.Revision) || !plain(n.Revision) {
		return n, fmt.Errorf("%q: %q is no revision", text, n.Revision)
	}
	if n.Path != "" && !plain(n.Path) {
		return n, fmt.Errorf("%q: %q is no path in a repository", text, n.Path)
	}
	return n, nil
}

// plain reports whether a path with slashes leads nowhere but down, on any system.
func plain(name string) bool {
	return name != "" && path.Clean(name) == name && filepath.IsLocal(filepath.FromSlash(name)) && !strings.ContainsAny(name, "\\:\x00") && len(name) < 1024
}

// ByURL is a graph by its URL and digest.
type ByURL struct {
	URL    string
	SHA256 string // hex
}

// ParseURL reads URL#sha256=DIGEST.
func ParseURL(text string) (ByURL, error) {
	url, digest, is := strings.Cut(text, "#sha256=")
	if !is {
		return ByURL{}, fmt.Errorf("%s: a model that is fetched by its URL is named with its digest, %s#sha256=DIGEST: what comes is compared with it", store.Shown(text), store.Shown(text))
	}
	if sum, err := hex.DecodeString(digest); err != nil || len(sum) != 32 {
		return ByURL{}, errors.New("what follows #sha256= is not the 64 hexadecimal digits of a SHA-256")
	}
	return ByURL{url, strings.ToLower(digest)}, nil
}
