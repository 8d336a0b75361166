package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/term"
)

// TestDownloads: where no line can move, a download of a minute is told in four lines, and a short one in none.
func TestDownloads(t *testing.T) {
	var said bytes.Buffer
	now := time.Unix(0, 0)
	d := newDownloads(&term.UI{Err: &said})
	d.now = func() time.Time { return now }
	for range 2 {
		for s := range 120 {
			d.tell(int64(s)*1e6, false)
			now = now.Add(time.Second / 2)
		}
		d.tell(120e6, true)
		now = now.Add(time.Hour)
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if len(lines) != 6 || lines[0] != "ortho: downloading: 30.0 MB, 2.0 MB/s, 15s" || lines[5] != "ortho: downloading: 90.0 MB, 2.0 MB/s, 45s" {
		t.Errorf("%q", lines)
	}
	said.Reset()
	d.tell(1e6, true)
	if said.Len() > 0 {
		t.Errorf("%q", said.String())
	}
}
