package appear

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// asHolder has the test binary hold a file in a process of its own, until it is killed.
const asHolder = "APPEAR_TEST_HOLDS"

func TestMain(m *testing.M) {
	if name := os.Getenv(asHolder); name != "" {
		f, err := Create(name)
		if err != nil {
			panic(err)
		}
		f.WriteString("half")
		fmt.Println(f.Name())
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

func begin(t *testing.T, name, text string) *File {
	t.Helper()
	f, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func held(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return "-"
	}
	return string(data)
}

func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAppears(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	f := begin(t, name, "one")
	if held(name) != "-" || !Temporary(filepath.Base(f.Name())) || filepath.Dir(f.Name()) != dir {
		t.Errorf("%s stands while %s is written", name, f.Name())
	}
	if err := f.CommitNew(); err != nil || held(name) != "one" {
		t.Errorf("%q, %v", held(name), err)
	}
	f.Discard() // does nothing
	for _, c := range []struct {
		end   func(*File) error
		then  string
		error error
	}{
		{(*File).CommitNew, "one", fs.ErrExist},
		{(*File).Commit, "two", nil},
		{(*File).CommitNew, "two", fs.ErrExist},
		{(*File).Hand, "two", nil},
		{func(f *File) error { f.Discard(); return nil }, "two", nil},
		{func(f *File) error { f.File.Close(); return f.Commit() }, "two", os.ErrClosed},
	} {
		f := begin(t, name, "two")
		if err := c.end(f); !errors.Is(err, c.error) || held(name) != c.then {
			t.Errorf("%q, %v; want %q, %v", held(name), err, c.then, c.error)
		}
		if err := f.Commit(); err == nil {
			t.Error("what has ended is committed")
		}
	}
	if got := left(t, dir); !slices.Equal(got, []string{"x"}) {
		t.Errorf("left: %q", got)
	}
	for _, bad := range []string{filepath.Join(dir, "none", "x"), filepath.Join(name, "below")} {
		if _, err := Create(bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, end := range []func(*File) error{(*File).Commit, (*File).CommitNew} {
		if err := end(begin(t, filepath.Join(dir, "folder"), "")); err == nil {
			t.Error("a folder was replaced")
		}
	}
	if got := left(t, dir); !slices.Equal(got, []string{"folder", "x"}) {
		t.Errorf("left: %q", got)
	}
}

// TestLinks: what a link leads to is never written, wherever the link stands.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	victim := write(t, filepath.Join(t.TempDir(), "victim"), "mine")
	name := filepath.Join(dir, "x")
	for _, to := range []string{victim, victim + "none"} {
		if err := os.Symlink(to, name); err != nil {
			t.Skip(err)
		}
		if err := begin(t, name, "new").CommitNew(); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a link is no name that is taken: %v", err)
		}
		for _, fresh := range []bool{true, false} {
			if f, err := Hold(name, fresh); err == nil || f != nil {
				t.Errorf("a link is held: %v", err)
			} else if !errors.Is(err, ErrForeign) {
				t.Error(err)
			}
		}
		if err := begin(t, name, "new").Commit(); err != nil || held(name) != "new" {
			t.Errorf("%q, %v", held(name), err)
		}
		if held(victim) != "mine" || held(victim+"none") != "-" {
			t.Fatalf("%q, %q", held(victim), held(victim+"none"))
		}
		os.Remove(name)
	}
}

// TestOneOfMany: of many that make a new file, one does.
func TestOneOfMany(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	var group sync.WaitGroup
	var mutex sync.Mutex
	var winner []string
	for i := range 16 {
		f := begin(t, name, fmt.Sprint(i))
		group.Go(func() {
			err := f.CommitNew()
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				winner = append(winner, fmt.Sprint(i))
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(winner) != 1 || held(name) != winner[0] || len(left(t, dir)) != 1 {
		t.Errorf("%q, it holds %q; left: %q", winner, held(name), left(t, dir))
	}
}

// TestSweep: what killed processes have left goes, and nothing else does.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), asHolder+"="+filepath.Join(dir, "x"))
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var name string
	if _, err := fmt.Fscanln(said, &name); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	old := func(name string) string {
		t.Helper()
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
		return filepath.Base(name)
	}
	own := begin(t, filepath.Join(dir, "y"), "")
	kept := []string{
		old(own.Name()),
		old(write(t, filepath.Join(dir, ".ortho-0123456789abcdef01234567.tmp"), "a stranger's")),
		old(write(t, filepath.Join(dir, "c.csv.tmp"), "a stranger's")),
		filepath.Base(write(t, filepath.Join(dir, temporary()), "younger than this process")),
	}
	folder := filepath.Join(dir, temporary())
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, old(folder))
	if link := filepath.Join(dir, temporary()); os.Symlink(write(t, filepath.Join(t.TempDir(), "victim"), "mine"), link) == nil {
		kept = append(kept, filepath.Base(link))
	}
	grown := begin(t, filepath.Join(dir, "grown"), "grows")
	if err := os.Link(grown.Name(), filepath.Join(dir, "grown")); err == nil { // killed before the first name went
		kept = append(kept, "grown")
		old(grown.Name()) // held, as by the run that goes on with it
	}
	again := func() []string {
		clear(swept.folders)
		f, err := Create(filepath.Join(dir, "z"))
		if err != nil {
			t.Fatal(err)
		}
		f.Discard()
		return left(t, dir)
	}
	slices.Sort(kept)
	old(name)
	if got := again(); !slices.Contains(got, filepath.Base(name)) {
		t.Error("what a process writes was taken away")
	}
	cmd.Process.Kill()
	cmd.Wait()
	if got := again(); !slices.Equal(got, kept) {
		t.Errorf("left: %q, want %q", got, kept)
	}
	own.Discard()
}

// TestSwept: nobody who writes loses a file to those who sweep.
func TestSwept(t *testing.T) {
	dir := t.TempDir()
	before := started
	started = time.Now().Add(time.Hour) // all files are old
	defer func() { started = before }()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 50 {
				clearSwept(dir)
				name := filepath.Join(dir, fmt.Sprint(i, "-", n))
				f, err := Create(name)
				if err != nil {
					t.Error(err)
					return
				}
				f.WriteString(name)
				if err := f.Hand(); err != nil || held(name) != name {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	group.Wait()
	if got := left(t, dir); len(got) != 400 {
		t.Errorf("%d files are left", len(got))
	}
}

func clearSwept(folder string) {
	swept.Lock()
	defer swept.Unlock()
	delete(swept.folders, folder)
}

func TestHold(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	if _, err := Hold(name, false); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	f, err := Hold(name, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(name, true); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if _, err := Hold(name, false); !errors.Is(err, ErrHeld) {
		t.Error(err)
	}
	f.Close()
	if f, err = Hold(name, false); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for name, says := range map[string]string{dir: "a folder", os.DevNull: "no regular file"} {
		if _, err := Hold(name, false); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTemporary(t *testing.T) {
	name := temporary()
	if !Temporary(name) {
		t.Errorf("%s does not prove itself", name)
	}
	for i := range name {
		for _, c := range "0g.A" {
			if other := name[:i] + string(c) + name[i+1:]; other != name && Temporary(other) {
				t.Errorf("%s proves itself, as %s does", other, name)
			}
		}
	}
}

func TestMkdirTemp(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders have other times there")
	}
	dir := t.TempDir()
	dead, err := MkdirTemp(dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dead, "x"), "")
	alike := filepath.Join(dir, ".installing-1")
	if err := os.Mkdir(alike, 0o700); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	young, err := MkdirTemp(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dead, alike} {
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
	}
	third, err := MkdirTemp(dir)
	want := []string{filepath.Base(alike), filepath.Base(young), filepath.Base(third)}
	slices.Sort(want)
	if got := left(t, dir); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, want %q; %v", got, want, err)
	}
}

func FuzzTemporary(f *testing.F) {
	f.Add(temporary())
	f.Add(".ortho-0123456789abcdef01234567.tmp")
	f.Fuzz(func(t *testing.T, name string) {
		if Temporary(name) && (filepath.Base(name) != name || len(name) != len(temporary())) {
			t.Errorf("%q", name)
		}
	})
}
