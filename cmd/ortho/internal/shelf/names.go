// Package shelf puts the pictures of a run into a folder: their names, and files that
// appear when they are complete.
package shelf

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"
)

// Names gives each picture a name of its own. It keeps 16 bytes of each.
type Names struct{ taken map[[16]byte]struct{} }

// ErrTaken is wrapped where two inputs would have one picture.
var ErrTaken = errors.New("another input before it has that name")

// Take returns the name, with slashes, of a picture made of what lies at inside (see
// source.Item) with another ending, such as ".png"; "" keeps its own. It never leads out
// of the folder. Characters that act on a terminal become "_".
func (n *Names) Take(inside, ending string) (string, error) {
	name := Clean(strings.TrimPrefix(path.Clean("/"+inside), "/"))
	if ending != "" {
		name = strings.TrimSuffix(name, path.Ext(name)) + ending
	}
	if strings.HasSuffix(name, "/") || strings.HasPrefix(path.Base(name), ".") {
		return "", fmt.Errorf("%q is no name for a picture", name)
	}
	if _, err := filepath.Localize(name); err != nil {
		return "", fmt.Errorf("its picture can't be called %s here", name)
	}
	key := name
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		key = strings.ToLower(key) // one file there
	}
	digest := sha256.Sum256([]byte(key))
	short := [16]byte(digest[:16])
	if _, there := n.taken[short]; there {
		return name, fmt.Errorf("its picture would be %s: %w", name, ErrTaken)
	}
	if n.taken == nil {
		n.taken = map[[16]byte]struct{}{}
	}
	n.taken[short] = struct{}{}
	return name, nil
}

// Clean makes "_" of control characters and what is not UTF-8.
func Clean(name string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return '_'
		}
		return r
	}, name)
}

// Slug is the letters and digits of a text, in lower case and joined by "-": part of a
// file's name, and at most 40 characters.
func Slug(text string) string {
	const most = 40
	var b strings.Builder
	n, gap := 0, false
	for _, r := range strings.ToLower(text) {
		if n == most {
			break
		}
		if !unicode.In(r, unicode.L, unicode.N, unicode.M) || r == unicode.ReplacementChar {
			gap = n > 0
			continue
		}
		if gap {
			b.WriteByte('-')
		}
		b.WriteRune(r)
		n, gap = n+1, false
	}
	return b.String()
}
