package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/store/storetest"
)

// put has objects be in the test's bucket.
func put(t testing.TB, objects map[string][]byte) *store.Stores {
	t.Helper()
	s := store.New(store.Options{})
	Connect(s)
	for key, data := range objects {
		if err := s.Put(context.Background(), "s3://bucket/"+key, bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// read gives the rows of all items: their names and bytes, or errors.
func read(args []string, opt Options) (got []string) {
	for item := range Items(args, opt) {
		item.Ahead(context.Background())
		data, err := item.Read(context.Background())
		if err != nil {
			data = []byte("! " + err.Error())
		}
		got = append(got, filepath.ToSlash(item.Name)+"="+string(data[:min(len(data), 200)]))
	}
	return got
}

// zipped and zstded are an archive in less.
func zipped(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, data []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

type hubImage struct {
	Bytes []byte `parquet:"bytes,optional"`
	Path  string `parquet:"path,optional"`
}

// tables are Parquet files as Hugging Face, Spark and others write them.
func tables(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	path := "deep/a.jpg"
	all["hub.parquet"] = tableOf(t, []struct {
		Image hubImage `parquet:"image"`
		Mask  hubImage `parquet:"mask"`
		Label int64    `parquet:"label"`
	}{{hubImage{[]byte("A"), path}, hubImage{}, 1}, {hubImage{[]byte("B"), ""}, hubImage{}, 2}, {hubImage{nil, path}, hubImage{}, 3}})
	all["spark.parquet"] = tableOf(t, []struct {
		Path    string `parquet:"path"`
		Length  int64  `parquet:"length"`
		Content []byte `parquet:"content"`
	}{{"file:/x/c.jpg", 1, []byte("C")}})
	all["none.parquet"] = tableOf(t, []struct {
		Text string `parquet:"text"`
	}{{"x"}})
	all["two.parquet"] = tableOf(t, []struct {
		Left  []byte `parquet:"left"`
		Right []byte `parquet:"right"`
	}{{[]byte("x"), []byte("y")}})
	return all
}

func tableOf[T any](t testing.TB, rows []T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRemote(t *testing.T) {
	storetest.S3(t)
	testRemote(t)
}

func TestRemoteRoughly(t *testing.T) {
	storetest.At(t, storetest.Rough(t, storetest.S3(t)).URL)
	testRemote(t)
}

func TestRemoteVersity(t *testing.T) {
	storetest.Versity(t)
	testRemote(t)
}

func testRemote(t *testing.T) {
	t.Chdir(t.TempDir())
	archive := tarOf(t, false, tarEntry("d/p.jpg"), tarEntry("n.txt"), tarEntry("q.jpg"))
	objects := map[string][]byte{
		"in/a.jpg": []byte("A"), "in/b/c.PNG": []byte("C"), "in/n.txt": []byte("n"), "in/.h.jpg": []byte("h"), "in/e [1]?.jpg": []byte("E"),
		"t/0.tar": archive, "t/1.tar.gz": zipped(t, archive), "t/2.tar.zst": zstded(t, archive), "t/3.tar": archive[:len(archive)-1024-700],
		"lists/l.txt": []byte("s3://bucket/in/a.jpg\ns3://bucket/t/0.tar\nlocal.jpg\ns3://bucket/in/none.jpg\n"), "none/n.txt": []byte("n"), "tars/x.tar": archive,
	}
	for name, data := range tables(t) {
		objects["p/"+name] = data
		write(t, name, string(data))
	}
	put(t, objects)
	write(t, "local.jpg", "L")
	write(t, "1.tar.gz", string(objects["t/1.tar.gz"]))
	write(t, "2.tar.zst", string(objects["t/2.tar.zst"]))
	entry := func(archive string) []string {
		return []string{archive + "/d/p.jpg=d/p.jpg", archive + "/q.jpg=q.jpg"}
	}
	hub := func(at string) []string {
		return []string{at + "hub.parquet/deep/a.jpg=A", at + "hub.parquet/1=B", at + "hub.parquet/deep/a.jpg=! has no bytes in its row"}
	}
	for arg, want := range map[string][]string{
		"s3://bucket/in/":                    {"s3://bucket/in/a.jpg=A", "s3://bucket/in/b/c.PNG=C", "s3://bucket/in/e [1]?.jpg=E"},
		"s3://bucket/in/a.jpg":               {"s3://bucket/in/a.jpg=A"},
		"s3://bucket/in/{a,e [1]?}.jpg":      {"s3://bucket/in/a.jpg=A", "s3://bucket/in/e [1]?.jpg=E"},
		"s3://bucket/in/*.jpg":               {"s3://bucket/in/a.jpg=A", "s3://bucket/in/e [1]?.jpg=E"},
		"s3://bucket/in/none.jpg":            {"s3://bucket/in/none.jpg=! there is no such object (404 NoSuchKey)"},
		"s3://bucket/t/0.tar":                entry("s3://bucket/t/0.tar"),
		"s3://bucket/t/1.tar.gz":             entry("s3://bucket/t/1.tar.gz"),
		"s3://bucket/t/{0.tar,2.tar.zst}":    append(entry("s3://bucket/t/0.tar"), entry("s3://bucket/t/2.tar.zst")...),
		"s3://bucket/t/3.tar":                {entry("s3://bucket/t/3.tar")[0], "s3://bucket/t/3.tar=! is cut short at byte 2372, after 1 image; what followed is lost"},
		"s3://bucket/t/*.tar.zst":            entry("s3://bucket/t/2.tar.zst"),
		"1.tar.gz":                           entry("1.tar.gz"),
		"2.tar.zst":                          entry("2.tar.zst"),
		"hub.parquet":                        hub(""),
		"s3://bucket/p/hub.parquet":          hub("s3://bucket/p/"),
		"spark.parquet":                      {"spark.parquet/file:/x/c.jpg=C"},
		"s3://bucket/p/{spark,none}.parquet": {"s3://bucket/p/spark.parquet/file:/x/c.jpg=C", "s3://bucket/p/none.parquet=! has no column of images: neither one of bytes, nor one of bytes and path"},
		"two.parquet":                        {"two.parquet=! has several columns of bytes (left, right), of which none is called image: it is not known which one holds the images"},
		"@s3://bucket/lists/l.txt":           slices.Concat([]string{"s3://bucket/in/a.jpg=A"}, entry("s3://bucket/t/0.tar"), []string{"local.jpg=L", "s3://bucket/in/none.jpg=! there is no such object (404 NoSuchKey)"}),
		"s3://no-such-bucket/a.jpg":          {"s3://no-such-bucket/a.jpg=! there is no such bucket (404 NoSuchBucket)"},
	} {
		if got := read([]string{arg}, Options{}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", arg, got, want)
		}
	}
	for arg, want := range map[string]string{
		"s3://bucket/in/":                "",
		"s3://bucket/none/":              "s3://bucket/none/ holds no images (objects ending in .jpg",
		"s3://bucket/tars/":              "s3://bucket/tars/ holds no images, but files ending in .tar; give them as '.../*.tar'",
		"s3://bucket/nothing/":           "s3://bucket/nothing/ is empty: no object's key begins so",
		"s3://bucket/x*.tar":             "no object matches s3://bucket/x*.tar",
		"s3://no-such-bucket/":           "s3://no-such-bucket/: list: there is no such bucket",
		"s3://bucket/t/9.tar":            "s3://bucket/t/9.tar: there is no such object (404 NoSuchKey); a prefix ends with /",
		"@s3://bucket/lists/none.txt":    "there is no such object",
		"s3://bucket/in/none.jpg":        "",
		"none.parquet":                   "archive none.parquet has no column of images",
		"s3://X/a/":                      "is no name of a bucket",
		"http://192.0.2.1/a.tar":         "http:// to another machine (192.0.2.1) can be read and changed by all on the way",
		"http://192.0.2.1/a.jpg":         "http:// to another machine",
		"https://user:secret@host/a.jpg": "has a user or password in it",
		"https://user:secret@host/a.tar": "has a user or password in it",
	} {
		err := Check([]string{arg})
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("check %s: %v, want %q", arg, err, want)
		}
	}
}

func TestForbidden(t *testing.T) {
	storetest.S3(t)
	put(t, nil)
	for arg, want := range map[string]string{
		"s3://forbidden/x/": "s3://forbidden/x/: list: access is denied (403 AccessDenied)",
		"s3://empty/":       "s3://empty/ is empty",
	} {
		if err := Check([]string{arg}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", arg, err)
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
	Connect(store.New(store.Options{}))
	if err := Check([]string{"s3://forbidden/x/"}); err == nil || !strings.Contains(err.Error(), "no credentials were found (AWS_ACCESS_KEY_ID") {
		t.Error(err)
	}
	t.Setenv("AWS_ENDPOINT_URL", "https://store.example")
	Connect(store.New(store.Options{Offline: true}))
	if got := read([]string{"s3://bucket/a.jpg", "https://host.example/a.jpg"}, Options{}); !slices.Equal(got, []string{
		"s3://bucket/a.jpg=! is not asked for: --offline", "https://host.example/a.jpg=! is not asked for: --offline"}) {
		t.Errorf("%q", got)
	}
}

// An archive that is changed while it is read is not read as if it were one.
func TestRemoteChanged(t *testing.T) {
	storetest.S3(t)
	s := put(t, map[string][]byte{"x.tar": tarOf(t, false, tar.Header{Name: "a.jpg", Size: 40 << 20}, tarEntry("b.jpg")), "a.jpg": []byte("A")})
	at := 0
	for item := range Items([]string{"s3://bucket/x.tar"}, Options{}) {
		if at++; at == 1 {
			if err := s.Put(t.Context(), "s3://bucket/x.tar", strings.NewReader("other"), 5); err != nil {
				t.Fatal(err)
			}
			if _, err := item.Read(t.Context()); !errors.Is(err, store.ErrChanged) {
				t.Error(err)
			}
		}
	}
	before := File("s3://bucket/a.jpg").Stamp(t.Context(), LookTimes)
	same := File("s3://bucket/a.jpg").Stamp(t.Context(), LookTimes)
	if err := s.Put(t.Context(), "s3://bucket/a.jpg", strings.NewReader("B"), 1); err != nil {
		t.Fatal(err)
	}
	if now := File("s3://bucket/a.jpg").Stamp(t.Context(), LookTimes); before == "" || before != same || now == before {
		t.Errorf("%x, %x, %x", before, same, now)
	}
}

// Images of servers: a name has no signature in it.
func TestWeb(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("X-Amz-Signature") == "" && r.URL.Path != "/plain.jpg" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	t.Cleanup(server.Close)
	Connect(store.New(store.Options{}))
	want := []string{
		server.URL + "/plain.jpg?v=12=/plain.jpg",
		server.URL + "/a b.jpg?X-Amz-Signature=...&id=3=/a b.jpg",
		server.URL + "/c.jpg=! access is denied (403)",
	}
	got := read([]string{server.URL + "/plain.jpg?v=12", server.URL + "/a b.jpg?X-Amz-Signature=0123456789abcdef0123456789abcdef&id=3", server.URL + "/c.jpg"}, Options{})
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzUnpack(f *testing.F) {
	archive := tarOf(f, false, tarEntry("d/p.jpg"), tarEntry("q.jpg"))
	f.Add(archive, "x.tar")
	f.Add(zipped(f, archive), "x.tar.gz")
	f.Add(zstded(f, archive), "x.tar.zst")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if !slices.Contains([]string{"x.tar", "x.tar.gz", "x.tar.zst", "x.tar.bz2"}, name) {
			return
		}
		t.Chdir(t.TempDir())
		write(t, name, string(data))
		unpack(name, &Passed{}, func(item Item) bool {
			item.Read(t.Context())
			return true
		})
	})
}

func FuzzTable(f *testing.F) {
	for _, data := range tables(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		t.Chdir(t.TempDir())
		write(t, "x.parquet", string(data))
		n := 0
		tabled("x.parquet", func(item Item) bool {
			item.Read(t.Context())
			n++
			return n < 1000
		})
	})
}
