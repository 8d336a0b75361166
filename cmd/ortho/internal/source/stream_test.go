package source

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// entries is an archive of texts by their names; finished has an end-of-archive mark.
func entries(t testing.TB, finished bool, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		h := &tar.Header{Name: pairs[i], Size: int64(len(pairs[i+1])), Mode: 0o600, Typeflag: tar.TypeReg}
		switch {
		case strings.HasSuffix(pairs[i], "/"):
			h.Typeflag = tar.TypeDir
		case pairs[i] == "link":
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, pairs[i+1], 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, pairs[i+1])
		}
	}
	w.Flush()
	if finished {
		w.Close()
	}
	return b.Bytes()
}

// rowsOf reads all that a stream gives.
func rowsOf(s *Stream) (rows []string) {
	for item := range Items(nil, Options{Tar: s}) {
		data, err := item.Read(context.Background())
		if err != nil {
			data = []byte("! " + err.Error())
		}
		rows = append(rows, item.Name+"="+string(data))
	}
	return rows
}

func TestStream(t *testing.T) {
	whole := entries(t, true, "a.jpg", "A", "b", "B", "/../etc/passwd", "C", `d\e`, "D", "folder/", "", "link", "a.jpg", "s3://bucket/x?y=ä", "E", "a.jpg", strings.Repeat("F", 600))
	rows := []string{"a.jpg=A", "b=B", "/../etc/passwd=C", `d\e=D`, "link=! is a link; links in an archive are not followed", "s3://bucket/x?y=ä=E", "a.jpg=" + strings.Repeat("F", 600)}
	for name, c := range map[string]struct {
		data []byte
		rows []string
		err  string
	}{
		"whole":          {whole, rows, ""},
		"padded":         {append(bytes.Clone(whole), make([]byte, 9000)...), rows, ""},
		"none":           {entries(t, true), nil, ""},
		"empty":          {nil, nil, "is empty"},
		"no end":         {entries(t, false, "a.jpg", "A"), rows[:1], "has no end-of-archive mark: it is cut short at byte 1024, after 1 entry"},
		"cut in a body":  {whole[:len(whole)-1024-512], rows[:6], `in the entry "a.jpg", after 6 entries`},
		"cut in a head":  {whole[:1024+100], rows[:1], "is cut short at byte 1124, after 1 entry"},
		"another behind": {append(bytes.Clone(whole), whole...), rows, "goes on behind its end-of-archive mark"},
		"text":           {bytes.Repeat([]byte("hello "), 200), nil, "is no tar archive"},
		"compressed":     {[]byte("\x1f\x8b\x08\x00"), nil, "is compressed with gzip"},
	} {
		s := &Stream{From: bytes.NewReader(c.data)}
		got := rowsOf(s)
		if err := s.Err(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.rows) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, c.rows, c.err)
		}
	}
}

// TestStreamBounded: what nobody reads is not taken without an end, and a row is there as soon as its entry is.
func TestStreamBounded(t *testing.T) {
	r, w := io.Pipe()
	s := &Stream{From: r}
	items := make(chan Item)
	go func() {
		defer close(items)
		for item := range Items(nil, Options{Tar: s}) {
			items <- item
		}
	}()
	go w.Write(entries(t, false, "a", "A"))
	select {
	case item := <-items:
		if data, err := item.Read(t.Context()); string(data) != "A" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("an entry waits for the next")
	}
	w.Close()
	<-items
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.held != 0 {
		t.Errorf("%d bytes are held", s.held)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(entries(f, true, "a.jpg", "A", "b/", ""))
	f.Add(entries(f, false, "a.jpg", strings.Repeat("A", 2000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Stream{From: bytes.NewReader(data)}
		n := 0
		for _, row := range rowsOf(s) {
			if n += len(row); n > 1<<20+8*len(data) {
				t.Fatal("more comes out than was in")
			}
		}
	})
}
