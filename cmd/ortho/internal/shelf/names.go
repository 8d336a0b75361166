package shelf

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"ortho/cmd/ortho/internal/output"
)

// Names gives each picture a name of its own. It keeps little more than 32 bytes of each,
// and the inputs of the first ones. Its methods may be called concurrently.
type Names struct {
	// Reserved are names, with slashes, of what the run itself puts into the folder.
	Reserved []string
	// Returns says that inputs come again, changed: each gets the name that it has.
	Returns bool

	mutex sync.Mutex
	taken map[[16]byte]*holder
}

// holder is the input that has a name.
type holder struct {
	input   string   // "": not remembered
	key     [16]byte // of the input
	came    int      // how often it has come and not failed
	waiting int      // inputs that Take has refused the name
	free    bool     // it has failed: the name is for the first of those
}

// remembered is how many inputs are kept, so that errors can say which has a name.
const remembered = 1 << 16

// ErrTaken is wrapped where two inputs would have one picture.
var ErrTaken = errors.New("give an output folder for each")

// Take returns the name, with slashes, of the picture of an input, which lies at inside (see
// source.Item), with another ending, such as ".png"; "" keeps its own. It never leads out
// of the folder. Characters that act on a terminal become "_".
//
// A name belongs to the first input that does not fail. After ErrTaken the input asks again,
// by Retake, when all before it have their pictures or have failed.
func (n *Names) Take(inside, ending, input string) (string, error) {
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
	for _, own := range n.Reserved {
		if strings.HasPrefix(output.OneFile(name)+"/", output.OneFile(own)+"/") {
			return "", fmt.Errorf("its picture would be %s, but the run needs %s itself: rename the input, or its folder", name, own)
		}
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	key, of := keyOf(name), keyOf(input)
	if h := n.taken[key]; h != nil {
		if n.Returns && h.key == of && !h.free {
			h.came++
			return name, nil
		}
		h.waiting++
		return name, h.refuse(name)
	}
	if n.taken == nil {
		n.taken = map[[16]byte]*holder{}
	}
	if len(n.taken) >= remembered {
		input = ""
	}
	n.taken[key] = &holder{input: input, key: of, came: 1}
	return name, nil
}

// Retake is Take of a name that it has refused the input.
func (n *Names) Retake(name, input string) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	h := n.taken[keyOf(name)]
	h.waiting--
	if !h.free {
		return h.refuse(name)
	}
	h.input, h.key, h.came, h.free = input, keyOf(input), 1, false
	return nil
}

// Free gives the name of an input back that has failed.
func (n *Names) Free(name string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	key := keyOf(name)
	h := n.taken[key]
	if h.came--; h.came > 0 {
		return
	}
	if h.waiting > 0 {
		h.free = true
	} else {
		delete(n.taken, key)
	}
}

func (h *holder) refuse(name string) error {
	return fmt.Errorf("its picture would be %s, which %s has already: %w", name, cmp.Or(h.input, "another input"), ErrTaken)
}

func keyOf(name string) [16]byte {
	digest := sha256.Sum256([]byte(output.OneFile(name)))
	return [16]byte(digest[:16])
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
