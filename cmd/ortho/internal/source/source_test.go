package source

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// tree makes files and, where a name ends in a slash, folders.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		folder := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			folder = path
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if folder != path {
			write(t, path, name)
		}
	}
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, link string) {
	t.Helper()
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

func names(args []string, opt Options) []string {
	var got []string
	for item := range Items(args, opt) {
		got = append(got, filepath.ToSlash(item.Name))
	}
	return got
}

func TestItems(t *testing.T) {
	root := tree(t, "b.jpg", "a.PNG", "notes.txt", "sub/c.webp", "sub/deep/z.tiff", "sub/.hidden/d.jpg", ".e.jpg", "x[1].gif", "x1.gif", "@at.png",
		"d1/p.jpg", "d1/q.txt", "d2/p.jpg", "d,3/r.jpg", "none/n.txt")
	write(t, filepath.Join(root, "list.txt"), "b.jpg\r\n\nnotes.txt\n#x.jpg\n a b.jpg\nsub\nmissing.jpg")
	write(t, filepath.Join(root, "bom.txt"), "\uFEFFb.jpg\n")
	write(t, filepath.Join(root, "nul.txt"), "b.jpg\x00a\nb.jpg\x00")
	symlink(t, "b.jpg", filepath.Join(root, "sub", "linked.jpg"))
	symlink(t, "..", filepath.Join(root, "sub", "loop"))
	symlink(t, "sub", filepath.Join(root, "link-to-sub"))
	t.Chdir(root)
	all := []string{"@at.png", "a.PNG", "b.jpg", "d,3/r.jpg", "d1/p.jpg", "d2/p.jpg", "sub/c.webp", "sub/deep/z.tiff", "sub/linked.jpg", "x1.gif", "x[1].gif"}
	for name, c := range map[string]struct {
		args []string
		opt  Options
		want []string
	}{
		"folder":               {[]string{"."}, Options{}, all},
		"any file by its name": {[]string{"notes.txt"}, Options{}, []string{"notes.txt"}},
		"link to a folder":     {[]string{"link-to-sub"}, Options{}, []string{"link-to-sub/c.webp", "link-to-sub/deep/z.tiff", "link-to-sub/linked.jpg"}},
		"glob":                 {[]string{"*.jpg"}, Options{}, []string{"b.jpg"}},
		"glob of hidden ones":  {[]string{".*.jpg"}, Options{}, []string{".e.jpg"}},
		"glob in folders":      {[]string{"d?/p.*"}, Options{}, []string{"d1/p.jpg", "d2/p.jpg"}},
		"glob before a name":   {[]string{"*/p.jpg"}, Options{}, []string{"d1/p.jpg", "d2/p.jpg"}},
		"glob of folders":      {[]string{"d[12]"}, Options{}, []string{"d1/p.jpg", "d2/p.jpg"}},
		"glob of folders only": {[]string{"d*/"}, Options{}, []string{"d,3/r.jpg", "d1/p.jpg", "d2/p.jpg"}},
		"literal with [":       {[]string{"x[1].gif"}, Options{}, []string{"x[1].gif"}},
		"literal with @":       {[]string{"@at.png"}, Options{}, []string{"@at.png"}},
		"comma":                {[]string{"d,3"}, Options{}, []string{"d,3/r.jpg"}},
		"list":                 {[]string{"@list.txt"}, Options{}, []string{"b.jpg", "notes.txt", "#x.jpg", " a b.jpg", "sub", "missing.jpg"}},
		"list with a mark":     {[]string{"@bom.txt"}, Options{}, []string{"b.jpg"}},
		"list with NUL":        {[]string{"@nul.txt"}, Options{NUL: true}, []string{"b.jpg", "a\nb.jpg"}},
		"stdin's paths":        {nil, Options{StdinPaths: true, Stdin: strings.NewReader("x\ny z\n")}, []string{"x", "y z"}},
		"stdin's paths, NUL":   {nil, Options{StdinPaths: true, NUL: true, Stdin: strings.NewReader("x\x00y\n")}, []string{"x", "y\n"}},
		"arguments first":      {[]string{"b.jpg"}, Options{StdinPaths: true, Stdin: strings.NewReader("x")}, []string{"b.jpg", "x"}},
		"missing":              {[]string{"nope.jpg"}, Options{}, []string{"nope.jpg"}},
		"in the given order":   {[]string{"d2", "b.jpg", "d2"}, Options{}, []string{"d2/p.jpg", "b.jpg", "d2/p.jpg"}},
		"a long line":          {nil, Options{StdinPaths: true, Stdin: strings.NewReader("x\n" + strings.Repeat("y", MaxPath+1) + "\nz")}, []string{"x", "standard input"}},
	} {
		if got := names(c.args, c.opt); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if !c.opt.StdinPaths {
			if s, known := Survey(c.args, c.opt, func() bool { return false }); s.Items != int64(len(c.want)) || !known {
				t.Errorf("%s: %+v (%v), want %d", name, s, known, len(c.want))
			}
		}
	}
	for i := range all { // whoever has seen enough gets no more
		seen := 0
		for range Items([]string{".", "@list.txt", "d*"}, Options{}) {
			if seen++; seen > i {
				break
			}
		}
	}
}

func TestRead(t *testing.T) {
	root := tree(t, "a.jpg", "folder.jpg/", "closed.jpg", "shut/a.jpg")
	in := func(name string) string { return filepath.Join(root, name) }
	for item := range Items([]string{"-"}, Options{Stdin: strings.NewReader("pixels")}) {
		if data, err := item.Read(t.Context()); err != nil || string(data) != "pixels" {
			t.Errorf("stdin: %q, %v", data, err)
		}
	}
	for item := range Items([]string{in("a.jpg")}, Options{}) {
		if data, err := item.Read(t.Context()); err != nil || string(data) != "a.jpg" {
			t.Errorf("%q, %v", data, err)
		}
	}
	f, err := os.Create(in("big.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(MaxFile+1), f.Close()); err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{"big.jpg": "536870912 at most", "missing.jpg": "", "folder.jpg": "holds no images"}
	if runtime.GOOS != "windows" {
		symlink(t, "nowhere", in("dangling.jpg"))
		symlink(t, "circle.jpg", in("circle.jpg"))
		symlink(t, os.DevNull, in("device.jpg"))
		bad["dangling.jpg"], bad["circle.jpg"], bad["device.jpg"] = "", "", "not a regular file"
		if os.Getuid() != 0 { // root reads everything
			if err := errors.Join(os.Chmod(in("closed.jpg"), 0), os.Chmod(in("shut"), 0)); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(in("shut"), 0o700)
			bad["closed.jpg"] = "permission denied"
		}
	}
	write(t, in("list.txt"), strings.Join([]string{in("folder.jpg"), in("missing.jpg")}, "\n"))
	for name, want := range bad {
		read := 0
		for item := range Items([]string{in(name), "@" + in("list.txt")}, Options{}) {
			_, err := item.Read(t.Context())
			if err == nil || strings.Contains(err.Error(), root) || read == 0 && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want an error with %q, without the path", item.Name, err, want)
			}
			if filepath.Base(item.Name) == "missing.jpg" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("missing: %v", err)
			}
			read++
		}
		if read != 3 {
			t.Errorf("%s: %d items, want 3", name, read)
		}
	}
	if os.Getuid() != 0 && runtime.GOOS != "windows" {
		if got := names([]string{root}, Options{}); !slices.Contains(got, filepath.ToSlash(in("shut"))) {
			t.Errorf("a folder that can't be read is not told: %q", got)
		}
		if err := Check([]string{in("shut")}); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("a folder that can't be read: %v", err)
		}
	}
}

// TestReadAllStops reads a stream that states no size.
func TestReadAllStops(t *testing.T) {
	for n, want := range map[int]bool{0: true, 99: true, 100: true, 101: false, 1 << 20: false} {
		data, err := readAll(t.Context(), strings.NewReader(strings.Repeat("x", n)), 0, 100)
		if (err == nil) != want || want && len(data) != n || !want && !strings.Contains(err.Error(), "more than 100 bytes") {
			t.Errorf("%d bytes: %d read, %v", n, len(data), err)
		}
	}
}

func TestCheck(t *testing.T) {
	root := tree(t, "a.jpg", "none/b.txt", "none/.c.jpg")
	in := func(name string) string { return filepath.Join(root, name) }
	// What gives no image is an error where it is all there is, and else an item that fails.
	for arg, want := range map[string]string{
		in("none"):               "holds no images",
		in("*.gif"):              "matches nothing",
		"@" + in("nolist"):       "no such file",
		in("{none,none}"):        "holds no images",
		in("n*"):                 "no images",
		in("nothing.tar"):        "holds no images",
		in("{a.jpg,none,b}.jpg"): "",
	} {
		if strings.HasSuffix(arg, ".tar") {
			write(t, arg, string(make([]byte, 1024)))
		}
		if err := Check([]string{arg}); want != "" && arg != in("n*") && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
		args := []string{arg, in("a.jpg")}
		if err := Check(args); err != nil && want != "" {
			t.Errorf("%q: %v", args, err)
		}
		var failures, all int
		for item := range Items(args, Options{}) {
			all++
			if _, err := item.Read(t.Context()); err != nil && strings.Contains(err.Error(), want) {
				failures++
			} else if err != nil {
				t.Errorf("%q: %s: %v, want %q", args, item.Name, err, want)
			}
		}
		known, _ := Survey(args, Options{}, func() bool { return false })
		if want != "" && (failures == 0 || all != failures+1) || known.Items != int64(all) && arg[0] != '@' {
			t.Errorf("%q: %d items, %d of them failed; surveyed %d", args, all, failures, known.Items)
		}
	}
	for arg, want := range map[string]string{in("["): "syntax error", "@" + in("none"): "without the @"} {
		if err := Check([]string{in("a.jpg"), arg}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
	if err := Check([]string{root, in("missing.jpg"), "-"}); err != nil {
		t.Errorf("a missing file is its item's error, not the run's: %v", err)
	}
}

// BenchmarkSurvey goes over 100,000 images of a few bytes.
func BenchmarkSurvey(b *testing.B) {
	const images = 100_000
	dir := b.TempDir()
	var list strings.Builder
	if err := os.Mkdir(filepath.Join(dir, "images"), 0o700); err != nil {
		b.Fatal(err)
	}
	entries := make([]tar.Header, 0, 2*images)
	for i := range images {
		name := filepath.Join(dir, "images", fmt.Sprintf("%06d.jpg", i))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			b.Fatal(err)
		}
		list.WriteString(name + "\n")
		entries = append(entries, tar.Header{Name: fmt.Sprintf("%06d.jpg", i), Size: 6000}, tar.Header{Name: fmt.Sprintf("%06d.cls", i), Size: 3})
	}
	err := os.WriteFile(filepath.Join(dir, "list.txt"), []byte(list.String()), 0o600)
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "x.tar"), tarOf(b, false, entries...), 0o600)); err != nil {
		b.Fatal(err)
	}
	for _, arg := range []string{filepath.Join(dir, "images"), filepath.Join(dir, "images", "*"), "@" + filepath.Join(dir, "list.txt"), filepath.Join(dir, "x.tar")} {
		b.Run(filepath.Base(arg), func(b *testing.B) {
			for b.Loop() {
				if s, known := Survey([]string{arg}, Options{}, func() bool { return false }); !known || s.Items != images {
					b.Fatalf("%+v, %v", s, known)
				}
			}
		})
	}
}

func FuzzLists(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n"), false)
	f.Add([]byte("\uFEFFa\n\uFEFF"), false)
	f.Add([]byte("a\x00b\x00\x00c"), true)
	f.Add(bytes.Repeat([]byte("x"), MaxPath+1), false)
	f.Fuzz(func(t *testing.T, data []byte, nul bool) {
		separator := "\n"
		if nul {
			separator = "\x00"
		}
		got := map[string]bool{}
		n := 0
		listed(bytes.NewReader(data), "list", Options{NUL: nul}, func(item Item) bool {
			if n++; item.Name == "" || strings.Contains(item.Name, separator) {
				t.Errorf("path %q", item.Name)
			}
			got[item.Name] = true
			return true
		})
		text, most := strings.TrimPrefix(string(data), "\uFEFF"), 0
		for _, path := range strings.Split(text, separator) {
			if !nul {
				path = strings.TrimSuffix(path, "\r")
			}
			if len(data) >= MaxPath || path == "" {
				continue
			}
			if count := countWords(words(path)); count > maxWords {
				most++
			} else {
				most += count
				for word := range words(path) { // braces stand for several
					if !got[word] {
						t.Errorf("%q is lost", word)
					}
				}
			}
		}
		if len(data) < MaxPath && n > most {
			t.Errorf("%d paths out of %q", n, data)
		}
	})
}

func FuzzGlob(f *testing.F) {
	dir := f.TempDir()
	for _, name := range []string{"a.jpg", "b[1].png", "sub"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			f.Fatal(err)
		}
	}
	f.Add("*")
	f.Add("[a-c]*/../?.jpg")
	f.Add("sub/*/")
	f.Add("//**//")
	f.Add("[")
	f.Fuzz(func(t *testing.T, pattern string) {
		t.Chdir(dir)
		pattern = strings.TrimLeft(pattern, `/\`)
		if strings.HasPrefix(pattern, ".") || strings.Contains(pattern, "/.") || strings.HasSuffix(pattern, "/") || !hasMeta(pattern) { // where we differ
			glob(pattern, func(string, fs.FileMode) bool { return true })
			return
		}
		want, err := filepath.Glob(pattern)
		if err != nil {
			return
		}
		want = slices.DeleteFunc(want, func(path string) bool { return strings.HasPrefix(path, ".") })
		var got []string
		glob(pattern, func(match string, _ fs.FileMode) bool { got = append(got, match); return true })
		for i := range want {
			want[i] = filepath.Clean(want[i])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want as filepath.Glob %q", pattern, got, want)
		}
	})
}

// TestPath: where an image lies in what is named, which never leads out of it.
func TestPath(t *testing.T) {
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for _, d := range []string{"in/a/b", "in/c"} {
		if err := os.MkdirAll(at(filepath.FromSlash(d)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"in/1.png", "in/a/2.png", "in/a/b/3.png", "in/c/4.png"} {
		if err := os.WriteFile(at(filepath.FromSlash(name)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rooted := strings.TrimPrefix(filepath.ToSlash(at("in", "1.png")[len(filepath.VolumeName(dir)):]), "/")
	t.Chdir(dir)
	for _, c := range []struct {
		args  []string
		stdin string
		want  []string
	}{
		{[]string{"in"}, "", []string{"1.png", "a/2.png", "a/b/3.png", "c/4.png"}},
		{[]string{"in/"}, "", []string{"1.png", "a/2.png", "a/b/3.png", "c/4.png"}},
		{[]string{"in/../in/a"}, "", []string{"2.png", "b/3.png"}},
		{[]string{"."}, "", []string{"in/1.png", "in/a/2.png", "in/a/b/3.png", "in/c/4.png"}},
		{[]string{"in/a/2.png", at("in", "1.png"), "none.png"}, "", []string{"2.png", "1.png", "none.png"}},
		{[]string{"in/*/*.png"}, "", []string{"a/2.png", "c/4.png"}},
		{[]string{"in/*"}, "", []string{"1.png", "a/2.png", "a/b/3.png", "c/4.png"}},
		{[]string{"-"}, "", []string{"stdin"}},
		{nil, "in/a/2.png\n../x/in/c/4.png\n./in/1.png\n" + at("in", "1.png") + "\n", []string{"in/a/2.png", "x/in/c/4.png", "in/1.png", rooted}},
	} {
		var got []string
		for item := range Items(c.args, Options{Stdin: strings.NewReader(c.stdin), StdinPaths: c.args == nil}) {
			got = append(got, item.Path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
	if dir, err := os.Getwd(); err != nil || fixedPart(filepath.Join(dir, "*", "x?")) != dir {
		t.Errorf("the fixed part of a glob below %s is %s", dir, fixedPart(filepath.Join(dir, "*", "x?")))
	}
}

// TestFiles: all that is read, by names alone.
func TestFiles(t *testing.T) {
	root := tree(t, "b.jpg", "sub/c.webp", "sub/notes.txt", "x1.gif", "x2.gif", "s.tar")
	write(t, filepath.Join(root, "list.txt"), "b.jpg\ns.tar\nmissing.jpg\n")
	t.Chdir(root)
	var got []string
	for name := range Files([]string{"b.jpg", "sub", "x*.gif", "s.tar", "@list.txt", "-", "missing.png", "@nolist"}, Options{Shard: Shard{Index: 1, Count: 2}}) {
		got = append(got, filepath.ToSlash(name))
	}
	want := []string{"b.jpg", "sub/c.webp", "x1.gif", "x2.gif", "s.tar", "list.txt", "b.jpg", "s.tar", "missing.jpg", "missing.png"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for name := range Files([]string{"@list.txt", "sub"}, Options{}) { // stopped
		if name != "list.txt" {
			t.Error(name)
		}
		break
	}
	if Once([]string{"@list.txt", "-"}, Options{}) || !Once(nil, Options{StdinPaths: true}) {
		t.Error("what can be read once is told otherwise")
	}
}

// TestReadIsCancelled: also while it reads.
func TestReadIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	read := 0
	data, err := readAll(ctx, reader(func(p []byte) (int, error) {
		if read++; read == 3 {
			cancel()
		}
		return len(p), nil
	}), 0, MaxFile)
	if data != nil || !errors.Is(err, context.Canceled) || read != 3 {
		t.Errorf("%d bytes, %v after %d reads", len(data), err, read)
	}
	name := filepath.Join(t.TempDir(), "a.jpg")
	write(t, name, "a")
	if _, err := File(name).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

type reader func(p []byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }
