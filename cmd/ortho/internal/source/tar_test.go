package source

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// file is an entry whose body is its name, unless it says otherwise.
func tarEntry(name string) tar.Header { return tar.Header{Name: name, Size: int64(len(name))} }

// tarOf gives an archive's bytes; unfinished leaves the mark at its end out.
func tarOf(t testing.TB, unfinished bool, entries ...tar.Header) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, h := range entries {
		if h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode = 0o600
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if body := strings.Repeat(h.Name+"\n", int(h.Size)/max(1, len(h.Name))+1); h.Size > 0 {
			if _, err := io.WriteString(w, body[:h.Size]); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := w.Close
	if unfinished {
		end = w.Flush
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// result is an item, and what Read gave.
type result struct{ name, data, err string }

func results(t testing.TB, args []string, opt Options) []result {
	t.Helper()
	var all []result
	for item := range Items(args, opt) {
		r := result{name: item.Name}
		data, err := item.Read(t.Context())
		if r.data = string(data); err != nil {
			r.err = err.Error()
		}
		all = append(all, r)
	}
	return all
}

func TestTar(t *testing.T) {
	long := strings.Repeat("folder/", 40) + "x.jpg"
	tooLong := strings.Repeat("x", MaxPath) + ".jpg"
	links := []tar.Header{{Name: "soft.jpg", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, {Name: "hard.jpg", Typeflag: tar.TypeLink, Linkname: "a.jpg"},
		{Name: "pipe.png", Typeflag: tar.TypeFifo}, {Name: "device.png", Typeflag: tar.TypeChar}}
	hostile := []string{"/abs.jpg", "../up.jpg", "a/../../up.jpg", `..\up.jpg`, `C:\x.jpg`, "c:x.jpg", `\\host\x.jpg`}
	good := func(name string) result { return result{"x.tar/" + name, name, ""} }
	bad := func(name, err string) result { return result{"x.tar/" + name, "", err} }
	var hostileEntries []tar.Header
	var hostileResults []result
	for _, name := range hostile {
		hostileEntries = append(hostileEntries, tarEntry(name))
		hostileResults = append(hostileResults, bad(name, "not a plain path"))
	}
	ended := tarOf(t, false, tarEntry("a.jpg"), tarEntry("b.jpg"))
	broken := slices.Clone(ended)
	broken[1024+3] ^= 1 // within the second header
	big := tarOf(t, true, tar.Header{Name: "big.jpg", Size: 1})[:512]
	sized(big, MaxFile+1)

	for name, c := range map[string]struct {
		data []byte
		want []result
	}{
		"as WebDataset": {tarOf(t, false, tarEntry("000.jpg"), tarEntry("000.cls"), tarEntry("001.JPEG"), tarEntry("001.json")),
			[]result{good("000.jpg"), good("001.JPEG")}},
		"in its order, twice": {tarOf(t, false, tarEntry("b.jpg"), tarEntry("a.jpg"), tarEntry("b.jpg")), []result{good("b.jpg"), good("a.jpg"), good("b.jpg")}},
		"of a folder": {tarOf(t, false, tar.Header{Name: "./", Typeflag: tar.TypeDir}, tar.Header{Name: "./d.jpg/", Typeflag: tar.TypeDir}, tarEntry("./d.jpg/./a.jpg"), tarEntry("d//b.png")),
			[]result{{"x.tar/d.jpg/a.jpg", "./d.jpg/./a.jpg", ""}, {"x.tar/d/b.png", "d//b.png", ""}}},
		"of macOS":        {tarOf(t, false, tarEntry("./._a.jpg"), tarEntry("a.jpg"), tarEntry(".git/b.jpg")), []result{good("a.jpg")}},
		"PAX":             {tarOf(t, false, tar.Header{Name: long, Size: int64(len(long)), Format: tar.FormatPAX}, tarEntry("é.jpg")), []result{good(long), good("é.jpg")}},
		"global PAX":      {tarOf(t, false, tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}}, tarEntry("a.jpg")), []result{good("a.jpg")}},
		"GNU":             {tarOf(t, false, tar.Header{Name: long, Size: int64(len(long)), Format: tar.FormatGNU}), []result{good(long)}},
		"an empty entry":  {tarOf(t, false, tar.Header{Name: "a.jpg"}), []result{{"x.tar/a.jpg", "", ""}}},
		"links":           {tarOf(t, false, append(links, tarEntry("a.jpg"))...), []result{bad("soft.jpg", "is a link"), bad("hard.jpg", "is a link"), bad("pipe.png", "device or a pipe"), bad("device.png", "device or a pipe"), good("a.jpg")}},
		"hostile":         {tarOf(t, false, append(hostileEntries, tarEntry("a.jpg"))...), append(hostileResults, good("a.jpg"))},
		"a long name":     {tarOf(t, false, tarEntry(tooLong), tarEntry("a.jpg")), []result{bad(tooLong[:100]+"...", "a name of 65540 bytes"), good("a.jpg")}},
		"an unknown type": {tarOf(t, false, tar.Header{Name: "a.jpg", Typeflag: 'V'}), []result{bad("a.jpg", "unknown type 'V'")}},
		"sparse, PAX 1.0": {sparse(t, map[string]string{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s.jpg", "GNU.sparse.realsize": "512"}, "1\n0\n512\n", "b.jpg"),
			[]result{bad("s.jpg", "sparse"), good("b.jpg")}},
		"NUL in a name": {sparse(t, map[string]string{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s\x00.jpg", "GNU.sparse.realsize": "512"}, "1\n0\n512\n", "b.jpg"),
			[]result{bad("s\uFFFD.jpg", "NUL"), good("b.jpg")}},
		"too big":             {append(big, make([]byte, 1024)...), []result{bad("big.jpg", "cut short")}},
		"a bad header":        {broken, []result{good("a.jpg"), {"x.tar", "", "can't be read beyond byte 1536, after 1 image"}}},
		"no mark":             {tarOf(t, true, tarEntry("a.jpg"), tarEntry("b.jpg")), []result{good("a.jpg"), good("b.jpg"), {"x.tar", "", "no end-of-archive mark: it is cut short at byte 2048, after 2 images"}}},
		"one zero block":      {tarOf(t, false, tarEntry("a.jpg"))[:1536], []result{good("a.jpg")}},
		"no images":           {tarOf(t, false, tarEntry("a.cls")), []result{{"x.tar", "", "holds no images"}}},
		"no entries":          {tarOf(t, false), []result{{"x.tar", "", "holds no images"}}},
		"of zeros":            {make([]byte, 10240), []result{{"x.tar", "", "holds no images"}}},
		"empty":               {nil, []result{{"x.tar", "", "no end-of-archive mark"}}},
		"text":                {[]byte(strings.Repeat("<html>", 200)), []result{{"x.tar", "", "is not a tar archive"}}},
		"short text":          {[]byte("404"), []result{{"x.tar", "", "not a tar archive: by its bytes, it is text"}}},
		"gzip":                {append([]byte("\x1f\x8b\x08"), make([]byte, 1024)...), []result{{"x.tar", "", "is compressed with gzip, which its name does not say: give it one that ends with .tar.gz"}}},
		"short gzip":          {[]byte("\x1f\x8b\x08"), []result{{"x.tar", "", "compressed with gzip"}}},
		"bzip2":               {append([]byte("BZh91AY"), make([]byte, 1024)...), []result{{"x.tar", "", "compressed with bzip2"}}},
		"a name like bzip2's": {tarOf(t, false, tarEntry("BZh.jpg")), []result{good("BZh.jpg")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "x.tar", string(c.data))
			got := results(t, []string{"x.tar"}, Options{})
			same := func(a, b result) bool {
				return a.name == b.name && a.data == b.data && (a.err == "") == (b.err == "") && strings.Contains(a.err, b.err)
			}
			if !slices.EqualFunc(got, c.want, same) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
			if s, known := Survey([]string{"x.tar"}, Options{}, func() bool { return false }); !known || s.Items != int64(len(got)) {
				t.Errorf("%+v, %v", s, known)
			}
			for i := range got { // whoever has seen enough gets no more
				seen := 0
				for range Items([]string{"x.tar", "x.tar"}, Options{}) {
					if seen++; seen > i {
						break
					}
				}
			}
		})
	}
}

// sized writes a size into a header.
func sized(header []byte, size int) {
	copy(header[124:136], fmt.Sprintf("%011o\x00", size))
	sign(header)
}

// sign writes a header's checksum.
func sign(header []byte) {
	copy(header[148:156], "        ")
	sum := 0
	for _, b := range header[:512] {
		sum += int(b)
	}
	copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// sparse makes, after its PAX records, an entry of the given body, then another.
// archive/tar's Writer refuses to.
func sparse(t *testing.T, records map[string]string, body, next string) []byte {
	t.Helper()
	var text string
	for key, value := range records {
		n := len(key) + len(value) + 3
		for size := 0; size != n; {
			size = n
			n = len(fmt.Sprint(size)) + len(key) + len(value) + 3
		}
		text += fmt.Sprintf("%d %s=%s\n", n, key, value)
	}
	pad := func(s string) string { return s + strings.Repeat("\x00", (512-len(s)%512)%512) }
	header := tarOf(t, true, tar.Header{Name: "PaxHeaders/x", Size: 1})[:512]
	header[156] = tar.TypeXHeader
	sized(header, len(text))
	out := string(header) + pad(text)
	body = pad(body) + strings.Repeat("x", 512)
	header = tarOf(t, true, tar.Header{Name: "GNUSparseFile/x.jpg", Size: 1})[:512]
	sized(header, len(body))
	return append([]byte(out+string(header)+body), tarOf(t, false, tarEntry(next))...)
}

// TestTarCut cuts an archive wherever a block ends, and between: what is whole is
// read, and that something is lost is reported once.
func TestTarCut(t *testing.T) {
	long := strings.Repeat("folder/", 30) + "c.jpg"
	data := tarOf(t, false, tar.Header{Name: "a.jpg", Size: 1300}, tarEntry("a.cls"), tar.Header{Name: "b.jpg", Size: 512},
		tar.Header{Name: long, Size: 700, Format: tar.FormatGNU}, tar.Header{Name: "./" + long, Size: 10, Format: tar.FormatPAX})
	t.Chdir(t.TempDir())
	write(t, "x.tar", string(data))
	whole := results(t, []string{"x.tar"}, Options{})
	if len(whole) != 4 {
		t.Fatalf("%q", whole)
	}
	var ends []int // of the images' bodies
	rest := bytes.NewReader(data)
	for r := tar.NewReader(rest); ; {
		header, err := r.Next()
		if err != nil {
			break
		}
		if header.Name != "a.cls" {
			ends = append(ends, len(data)-rest.Len()+int(header.Size))
		}
	}
	for size := 0; size < len(data); size += 256 {
		write(t, "x.tar", string(data[:size]))
		write(t, "after.jpg", "x")
		got := results(t, []string{"x.tar", "after.jpg"}, Options{})
		n := len(got) - 1
		if n < 0 || got[n].name != "after.jpg" {
			t.Fatalf("%d bytes: %q", size, got)
		}
		cut := got[:n]
		if mark := len(data) - 1024; size < mark+512 || size%512 != 0 {
			if n == 0 || !strings.Contains(got[n-1].err, "cut short") {
				t.Errorf("%d bytes: the last item of %d is %q: %s", size, n, got[max(0, n-1)].name, got[max(0, n-1)].err)
				continue
			}
			cut = got[:n-1]
		} else if n != len(whole) {
			t.Errorf("%d bytes: %d items", size, n)
		}
		there := 0
		for there < len(ends) && ends[there] <= size {
			there++
		}
		if !slices.Equal(cut, whole[:there]) {
			t.Errorf("%d bytes: %d items as they were, want %d", size, len(cut), there)
		}
	}
}

func TestTarTooLarge(t *testing.T) {
	t.Chdir(t.TempDir())
	header := tarOf(t, true, tar.Header{Name: "a.jpg", Size: 1})[:512]
	sized(header, MaxFile+1)
	f, err := os.Create("x.tar")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = f.Write(header)
	_, err2 := f.WriteAt(tarOf(t, false, tarEntry("b.jpg")), 512+MaxFile+512)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	got := results(t, []string{"x.tar"}, Options{})
	if len(got) != 2 || !strings.Contains(got[0].err, "536870912 at most") || got[1].data != "b.jpg" {
		t.Errorf("%q", got)
	}
}

func TestTarSources(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "0.tar", string(tarOf(t, false, tarEntry("a.jpg"))))
	write(t, "1.TAR", string(tarOf(t, false, tarEntry("b.jpg"))))
	write(t, "2.tar", "damaged"+strings.Repeat("!", 600))
	write(t, "3.tar", string(tarOf(t, false, tarEntry("n.txt"))))
	write(t, "4.tar.gz", "\x1f\x8b")
	write(t, "5.jpg", "5.jpg")
	write(t, "list.txt", "5.jpg\n1.TAR\n4.tar.gz\nfolder.tar\nmissing.tar\n0.tar")
	if err := errors.Join(os.MkdirAll("folder.tar/sub", 0o700), os.MkdirAll("shards/sub", 0o700)); err != nil {
		t.Fatal(err)
	}
	write(t, "folder.tar/x.jpg", "x")
	write(t, "shards/sub/0.tar", string(tarOf(t, false, tarEntry("a.jpg"))))
	symlink(t, "0.tar", "linked.tar")
	for name, c := range map[string]struct {
		args []string
		opt  Options
		want []string
	}{
		"arguments":       {[]string{"1.TAR", "0.tar", "linked.tar"}, Options{}, []string{"1.TAR/b.jpg", "0.tar/a.jpg", "linked.tar/a.jpg"}},
		"the damaged one": {[]string{"2.tar", "0.tar"}, Options{}, []string{"2.tar", "0.tar/a.jpg"}},
		"a glob":          {[]string{"?.*"}, Options{}, []string{"0.tar/a.jpg", "1.TAR/b.jpg", "2.tar", "3.tar", "4.tar.gz", "5.jpg"}},
		"a glob of links": {[]string{"l*.tar"}, Options{}, []string{"linked.tar/a.jpg"}},
		"a list":          {[]string{"@list.txt"}, Options{}, []string{"5.jpg", "1.TAR/b.jpg", "4.tar.gz", "folder.tar", "missing.tar", "0.tar/a.jpg"}},
		"stdin's paths":   {nil, Options{StdinPaths: true, Stdin: strings.NewReader("0.tar\n5.jpg")}, []string{"0.tar/a.jpg", "5.jpg"}},
		"folders":         {[]string{".", "folder.tar"}, Options{}, []string{"5.jpg", "folder.tar/x.jpg", "folder.tar/x.jpg"}},
	} {
		if got := names(c.args, c.opt); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for arg, want := range map[string]string{
		"3.tar":       "archive 3.tar holds no images",
		"4.tar.gz":    "", // damaged, likewise
		"shards":      "but tar archives; give them as '" + filepath.Join("shards", "sub", "*.tar") + "'",
		"0.tar":       "",
		"2.tar":       "", // costs its item, not the run
		"missing.tar": "",
		"*.tar":       "",
	} {
		if err := Check([]string{arg}); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("check %s: %v, want %q", arg, err, want)
		}
	}
}

// TestTarReadsAtOnce reads all entries in parallel and after the walk, in no order.
func TestTarReadsAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	var entries []tar.Header
	for i := range 200 {
		entries = append(entries, tar.Header{Name: fmt.Sprintf("%03d.jpg", i), Size: int64(i * 37)})
	}
	write(t, "x.tar", string(tarOf(t, false, entries...)))
	items := slices.Collect(Items([]string{"x.tar"}, Options{}))
	var all sync.WaitGroup
	for i, item := range slices.Backward(items) {
		all.Go(func() {
			for range 3 {
				data, err := item.Read(t.Context())
				want := strings.Repeat(entries[i].Name+"\n", 1000)[:i*37]
				if err != nil || len(data) != i*37 || string(data[:min(len(data), len(want))]) != want {
					t.Errorf("%s: %d bytes, %v", item.Name, len(data), err)
				}
			}
		})
	}
	all.Wait()
	if len(items) != 200 {
		t.Errorf("%d items", len(items))
	}
	if err := os.Chtimes("x.tar", time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := items[1].Read(t.Context()); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Errorf("an archive that changed: %v", err)
	}
	if err := os.Remove("x.tar"); err != nil {
		t.Fatal(err)
	}
	if _, err := items[1].Read(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an archive that is gone: %v", err)
	}
}

// TestTarOfTheTool reads what the system's tar makes, in each format it knows.
func TestTarOfTheTool(t *testing.T) {
	tool, err := exec.LookPath("tar")
	if err != nil {
		t.Skip("no tar here")
	}
	long := strings.Repeat("a-long-folder/", 20)
	root := tree(t, "a.jpg", "a.cls", long+"b.png")
	t.Chdir(root)
	hole, err := os.Create("z.png")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(hole.Truncate(1<<20), hole.Close()); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"gnu", "pax", "oldgnu"} {
		out := filepath.Join(t.TempDir(), "x.tar")
		if text, err := exec.CommandContext(t.Context(), tool, "--format="+format, "--sort=name", "--sparse", "-cf", out, ".").CombinedOutput(); err != nil {
			t.Logf("%s: %v %s", format, err, text) // another tar than GNU's
			continue
		}
		var got []string
		for _, r := range results(t, []string{out}, Options{}) {
			if r.data == string(make([]byte, 1<<20)) { // where files have no holes
				r = result{name: r.name, err: errSparse.Error()}
			}
			got = append(got, strings.TrimPrefix(r.name, out+"/"), r.data, r.err)
		}
		if want := []string{long + "b.png", long + "b.png", "", "a.jpg", "a.jpg", "", "z.png", "", errSparse.Error()}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

// FuzzTar compares with archive/tar's own reading from front to end.
func FuzzTar(f *testing.F) {
	dir := f.TempDir()
	f.Add(tarOf(f, false, tarEntry("a.jpg"), tarEntry("a.cls"), tarEntry("../b.jpg"), tarEntry("a.jpg")))
	f.Add(tarOf(f, true, tar.Header{Name: strings.Repeat("x/", 100) + "a.jpg", Size: 600, Format: tar.FormatPAX, PAXRecords: map[string]string{"K.x": "v"}}))
	f.Add(tarOf(f, false, tar.Header{Name: strings.Repeat("x/", 100) + "a.jpg", Format: tar.FormatGNU}, tar.Header{Name: "l.jpg", Typeflag: tar.TypeSymlink, Linkname: "a"}))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for block := range slices.Chunk(data, 512) { // else a checksum would end most of them
			if len(block) == 512 && string(block[257:262]) == "ustar" {
				sign(block)
			}
		}
		name := filepath.Join(dir, "x.tar")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		for item := range Items([]string{name}, Options{}) {
			body, err := item.Read(t.Context())
			if item.Name != name && !strings.HasPrefix(item.Name, name+"/") {
				t.Errorf("item %q", item.Name)
			}
			if inside := strings.TrimPrefix(item.Name, name+"/"); err == nil {
				if !filepath.IsLocal(inside) || strings.ContainsAny(inside, "\\\x00") {
					t.Errorf("name %q", inside)
				}
				got = append(got, string(body))
			}
		}
		var want []string
		reader := tar.NewReader(bytes.NewReader(data))
		for {
			header, err := reader.Next()
			if err != nil {
				break
			}
			if inside, err := member(header); inside == "" || err != nil {
				continue
			}
			body, err := io.ReadAll(reader)
			if err != nil {
				break
			}
			want = append(want, string(body))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
