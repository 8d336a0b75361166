package describe

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Key is an API key. However it is printed or encoded, it shows as "[key]".
type Key struct {
	// A function, as fmt prints the fields of other packages' structs without asking them.
	value func() string
}

const hidden = "[key]"

// NewKey makes a key of what an environment variable holds; "" is no key.
func NewKey(s string) Key {
	s = strings.TrimSpace(s)
	if s == "" {
		return Key{}
	}
	return Key{func() string { return s }}
}

func (k Key) reveal() string {
	if k.value == nil {
		return ""
	}
	return k.value()
}

func (k Key) String() string               { return hidden }
func (k Key) GoString() string             { return hidden }
func (k Key) Format(f fmt.State, _ rune)   { f.Write([]byte(hidden)) }
func (k Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// check refuses what no header can carry, without showing it.
func (k Key) check() error {
	if strings.ContainsFunc(k.reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the API key has spaces or characters beyond ASCII in it: none has")
	}
	return nil
}

// keyLike is what servers show of a wrong key, such as sk-proj-abc***xyz.
var keyLike = regexp.MustCompile(`\bsk-[\w*.-]{4,}`)

// shortKey is the length up to which a key is a word that local servers ask for in place of
// one ("ollama"): no secret, and likely part of other words.
const shortKey = 8

// scrubber returns a function that hides keys in a text: as it is, quoted, in
// base64 (after whatever else) or percent-encoded.
func scrubber(keys ...Key) func(string) string {
	var forms []string
	for _, k := range keys {
		key := k.reveal()
		if len(key) <= shortKey {
			continue
		}
		quoted, _ := json.Marshal(key) // a string: no error
		forms = append(forms, key, url.QueryEscape(key), url.PathEscape(key), strings.Trim(strconv.Quote(key), `"`), strings.Trim(string(quoted), `"`))
		for before := range 3 {
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				s := encoding.EncodeToString(append(make([]byte, before), key...))
				// The first characters hold bits of what is before, the last ones of what is after.
				first, last := (before*8+5)/6, (before+len(key))*8/6
				forms = append(forms, s[first:last])
			}
		}
	}
	pairs := make([]string, 0, 2*len(forms))
	// The longest first: it may hold another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, f := range forms {
		pairs = append(pairs, f, hidden)
	}
	replace := strings.NewReplacer(pairs...)
	return replace.Replace
}
