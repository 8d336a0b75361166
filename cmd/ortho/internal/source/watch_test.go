package source

import (
	"context"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestWatch: each file is an item once it is as it was at the look before, and again when it was
// changed.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	long := time.Now().Add(-time.Hour)
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(text)
		f.Close()
	}
	write("old.png", "1")
	os.Chtimes(filepath.Join(dir, "old.png"), long, long)
	write("new.png", "1")
	write("text.txt", "1")
	done := make(chan struct{})
	got := make(chan string)
	go func() {
		defer close(got)
		var passed Passed
		for item := range Items([]string{dir}, Options{Passed: &passed, Watch: &Watch{Every: 20 * time.Millisecond, Done: done}}) {
			data, _ := item.Read(context.Background())
			got <- fmt.Sprintf("%s %d", item.Path, len(data))
		}
	}()
	next := func(want ...string) {
		t.Helper()
		var all []string
		for range want {
			select {
			case one := <-got:
				all = append(all, one)
			case <-time.After(20 * time.Second):
				t.Fatalf("%q came, and %q was to come", all, want)
			}
		}
		if slices.Sort(all); !slices.Equal(all, want) {
			t.Errorf("%q, want %q", all, want)
		}
	}
	next("new.png 1", "old.png 1")
	write("deep/er/a.png", "123") // in a new folder
	next("deep/er/a.png 3")
	write("empty.png", "")
	write("a.png", "1234")
	next("a.png 4")
	write("empty.png", "12") // waited for
	next("empty.png 2")
	write("a.png", "5678")
	next("a.png 8")
	os.Remove(filepath.Join(dir, "a.png"))
	os.Rename(filepath.Join(dir, "old.png"), filepath.Join(dir, "renamed.png"))
	next("renamed.png 1")
	write(".hidden.png", "1")
	write("rest.txt", "1")
	os.RemoveAll(dir)
	next(" 0") // the folder that is gone, once
	write("b.png", "12")
	next("b.png 2")
	time.Sleep(200 * time.Millisecond)
	close(done)
	if more, open := <-got; open {
		t.Errorf("%q came, too", more)
	}
}

// A file that grows is none until it has come to rest.
func TestWatchGrowing(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.png")
	done := make(chan struct{})
	items := make(chan int64, 10)
	go func() {
		for item := range Items([]string{dir}, Options{Watch: &Watch{Every: 200 * time.Millisecond, Done: done}}) {
			info, _ := os.Stat(item.File)
			items <- info.Size()
		}
		close(items)
	}()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		f.WriteString("some bytes")
		time.Sleep(20 * time.Millisecond)
	}
	f.Close()
	if size := <-items; size != 400 {
		t.Errorf("taken at %d bytes", size)
	}
	close(done)
	if more, open := <-items; open {
		t.Errorf("and again at %d", more)
	}
}

func BenchmarkWatchLook(b *testing.B) {
	dir := b.TempDir()
	for i := range 10000 {
		name := filepath.Join(dir, fmt.Sprint(i/1000), fmt.Sprint(i)+".png")
		os.MkdirAll(filepath.Dir(name), 0o700)
		os.WriteFile(name, nil, 0o600)
	}
	w := &Watch{Every: 0, Done: make(chan struct{})}
	for b.Loop() {
		all := &watching{Watch: w, seed: maphash.MakeSeed(), files: map[uint64]watched{}, look: 2}
		walk(dir, Endings, nil, func(item Item) bool { all.settled(item); return true })
	}
}
