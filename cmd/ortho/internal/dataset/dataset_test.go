package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range files {
		path := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") {
			name = filepath.Join(name, ".keep")
			path = filepath.Join(root, name)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// listed are the items as "class name" with paths relative to root.
func listed(t *testing.T, s *Set, root string) []string {
	t.Helper()
	var got []string
	for item := range s.Items() {
		name, err := filepath.Rel(root, item.Name)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := item.Read(t.Context()); err != nil || string(data) != name {
			t.Errorf("%s: %q, %v", item.Name, data, err)
		}
		got = append(got, s.Names[item.Class]+" "+filepath.ToSlash(name))
	}
	if n, known := s.Count(func() bool { return false }); n != int64(len(got)) || !known {
		t.Errorf("counted %d, %v, want %d", n, known, len(got))
	}
	return got
}

func TestFolder(t *testing.T) {
	root := tree(t, "b/2.jpg", "b/1.PNG", "b/sub/3.webp", "b/notes.txt", "b/.hidden.jpg", "a b/x[1].jpg", "@c/y.jpg", "empty/", "loose.jpg", ".git/z.jpg")
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := listed(t, s, root), []string{"@c @c/y.jpg", "a b a b/x[1].jpg", "b b/1.PNG", "b b/2.jpg", "b b/sub/3.webp"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if notes := strings.Join(s.Notes, "; "); s.Kind != "ImageFolder" || !strings.Contains(notes, "1 sub-folder holds no images: empty") || !strings.Contains(notes, "1 file is in") {
		t.Errorf("%s, %s", s.Kind, notes)
	}
	if n, known := s.Count(func() bool { return true }); known || n != 1 {
		t.Errorf("a count that is stopped: %d, %v", n, known)
	}
	if err := os.Symlink(filepath.Join(root, "b"), filepath.Join(root, "link")); err == nil {
		if s, err := Open(root); err != nil || !slices.Contains(s.Names, "link") {
			t.Errorf("a link to a folder is no class: %v", err)
		}
	}
}

func TestCSV(t *testing.T) {
	root := tree(t, "in/a.jpg", "in/sub/b,c.jpg", "d.jpg")
	path := filepath.Join(root, "in", "labels.csv")
	text := "\ufefflabel, Input ,more\r\ntench,a.jpg,1\r\n 7 ,\"sub/b,c.jpg\",2\r\ntench,../d.jpg,3\r\ntench," + filepath.Join(root, "d.jpg") + ",4\r\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := listed(t, s, root), []string{"tench in/a.jpg", "7 in/sub/b,c.jpg", "tench d.jpg", "tench d.jpg"}; !slices.Equal(got, want) || s.Kind != "CSV" {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCSVSeparators: as spreadsheets write tables.
func TestCSVSeparators(t *testing.T) {
	for _, data := range []string{"input\tlabel\na, b.jpg\ttench\n", "label;input\r\ntench;a, b.jpg\r\n", "input,label\n\"a, b.jpg\",tench\n"} {
		rows, names, err := readCSV(strings.NewReader(data), 1000)
		if err != nil || len(rows) != 1 || rows[0].input != "a, b.jpg" || !slices.Equal(names, []string{"tench"}) {
			t.Errorf("%q: %+v, %q, %v", data, rows, names, err)
		}
	}
}

// TestCSVOfBytes: names that are not UTF-8 come back from rows of ortho.
func TestCSVOfBytes(t *testing.T) {
	rows, _, err := readCSV(strings.NewReader("input,label,error,input_bytes\n\ufffd.jpg,tench,,6S5qcGc=\nb.jpg,tench,,\n"), 1000)
	if err != nil || len(rows) != 2 || rows[0].input != "\xe9.jpg" || rows[1].input != "b.jpg" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestErrors(t *testing.T) {
	root := tree(t, "flat/a.jpg", "none/x/a.txt", "empty.csv", "a.tar")
	for name, c := range map[string]struct{ text, want string }{
		"missing": {"", "no such folder or CSV file"},
		"flat":    {"", "no sub-folders"},
		"none":    {"", "no sub-folder holds images"},
		"e.csv":   {"\n", "no rows"},
		"h.csv":   {"input,label\n", "no rows"},
		"t.csv":   {"label,input,label\n1,a.jpg,2\n", "columns 1 and 3 are both called label"},
		"pq.csv":  {"PAR1\x15\x04", "it is Parquet"},
		"n.csv":   {"a.jpg,tench\n", `first line must name the columns input and label; it is "a.jpg,tench"`},
		"i.csv":   {"input,label\na.jpg,tench\n,tench\n", "line 3 has no input"},
		"l.csv":   {"input,label\na.jpg, \n", "line 2 has no input or no label"},
		"f.csv":   {"input,label\na.jpg\n", "not CSV"},
		"q.csv":   {"input,label\n\"a.jpg,tench\n", "not CSV"},
		"b.csv":   {"input,label,input_bytes\na.jpg,tench,+\n", "line 2: input_bytes: "},
		"p.csv":   {"input,label\n" + strings.Repeat("x", 70000) + ",tench\n", "70000 bytes"},
	} {
		path := filepath.Join(root, name)
		if c.text != "" {
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and its path", name, err, c.want)
		}
	}
	if _, _, err := readCSV(strings.NewReader("input,label\n"+strings.Repeat("a,b\n", 100)), 200); err == nil || !strings.Contains(err.Error(), "more than 200 bytes") {
		t.Errorf("a limit: %v", err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("input,label\na.jpg,tench\n\"b,\n.jpg\",7\n"))
	f.Add([]byte("\xef\xbb\xbfLABEL,x,INPUT\r\n1,2,3\r\n"))
	f.Add([]byte("input,label\n\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const max = 1 << 12
		rows, names, err := readCSV(strings.NewReader(string(data)), max)
		if err != nil {
			return
		}
		if len(data) > max || len(rows) == 0 || len(rows) > strings.Count(string(data), "\n")+strings.Count(string(data), "\r")+1 {
			t.Errorf("%d rows of %d bytes", len(rows), len(data))
		}
		for i, name := range names {
			if name == "" || slices.Index(names, name) != i {
				t.Errorf("name %q", name)
			}
		}
		for _, r := range rows {
			if r.input == "" || r.class < 0 || r.class >= len(names) {
				t.Errorf("%+v", r)
			}
		}
	})
}
