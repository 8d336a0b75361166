package describe

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCacheEntries: what was changed by one byte anywhere is no answer, and is none for another
// question; entries of versions that wrote no digest are.
func TestCacheEntries(t *testing.T) {
	c := cache{t.TempDir()}
	id := strings.Repeat("0a", 32)
	if err := c.put(id, entry{Model: "m", Answer: json.RawMessage(`{ "text": "a <b> & \u2028 c" }`)}); err != nil {
		t.Fatal(err)
	}
	e, ok := c.get(id)
	if !ok || string(e.Answer) != `{"text":"a \u003cb\u003e \u0026 \u2028 c"}` {
		t.Fatalf("%v, %s", ok, e.Answer)
	}
	data, err := os.ReadFile(c.path(id))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(data) - 1 { // the last is a newline
		for _, bit := range []byte{1, 2, 32} {
			changed := append([]byte(nil), data...)
			changed[i] ^= bit
			if got, ok := readEntry(strings.NewReader(string(changed)), id); ok && (string(got.Answer) != string(e.Answer) || got.Model != e.Model) {
				t.Errorf("byte %d: %q is believed", i, changed)
			}
		}
	}
	if _, ok := readEntry(strings.NewReader(string(data)), strings.Repeat("0b", 32)); ok {
		t.Error("it answers another question")
	}
	older := `{"id":"` + id + `","model":"m","answer":{"text":"x"}}`
	if _, ok := readEntry(strings.NewReader(older), id); !ok {
		t.Error("an entry of an older version was not read")
	}
	// A link in the place of an entry is replaced, and not followed.
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Remove(c.path(id))
	if err := os.Symlink(victim, c.path(id)); err != nil {
		t.Skip(err)
	}
	if err := c.put(id, entry{Model: "m", Answer: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}
