//go:build unix

package regular

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSink: a pipe that is written to is opened as soon as somebody reads it; it is not waited for without an end, nor
// when the run is to end.
func TestSink(t *testing.T) {
	for name, c := range map[string]struct {
		reader, cancel time.Duration // 0: none
		error          string
		least, most    time.Duration
	}{
		"a reader":               {reader: 1},
		"a late reader":          {reader: time.Second, least: time.Second / 2, most: 5 * time.Second},
		"none":                   {error: "it is a pipe that nobody reads", least: readerComes, most: 2 * readerComes},
		"none until it is ended": {cancel: time.Second / 2, error: context.Canceled.Error(), most: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "none" && testing.Short() {
				t.Skip("it waits for ten seconds")
			}
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Skip(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel > 0 {
				time.AfterFunc(c.cancel, cancel)
			}
			read := make(chan string, 1)
			if c.reader > 0 {
				time.AfterFunc(c.reader, func() {
					data, _ := os.ReadFile(pipe)
					read <- string(data)
				})
			}
			start := time.Now()
			f, err := Sink(ctx, pipe)
			if took := time.Since(start); took < c.least || c.most > 0 && took > c.most {
				t.Errorf("it took %v", took)
			}
			if c.error != "" {
				if err == nil || !strings.Contains(err.Error(), c.error) || !strings.Contains(err.Error(), pipe) {
					t.Errorf("%v, want %q", err, c.error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString("text"); err != nil {
				t.Error(err)
			}
			if f.Close(); <-read != "text" {
				t.Error("something else was read")
			}
		})
	}
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := Sink(t.Context(), name); err == nil {
		f.Close()
		t.Error("a regular file is opened")
	}
	f, err := Sink(t.Context(), os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// TestSinkFull: what does not take what is written to it holds nobody when the run is to end.
func TestSinkFull(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // and reads nothing
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithCancel(t.Context())
	f, err := Sink(ctx, pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	time.AfterFunc(time.Second/4, cancel)
	start := time.Now()
	_, err = f.Write(make([]byte, 8<<20))
	if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took < lastWrite || took > 10*lastWrite {
		t.Errorf("%v in %v", err, took)
	}
}
