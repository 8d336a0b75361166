package record

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/classify"
	"ortho/runner/appear"
)

func TestMain(m *testing.M) {
	appear.Sync = func(*os.File) error { return nil }
	os.Exit(m.Run())
}

// now is what the runs of these tests are made of.
var now = Record{
	Ortho: "1.0", ONNXRuntime: "1.32.0", Model: Model{Name: "m", SHA256: "abc"},
	Preprocessing: Settings{{"resize", "short edge to 32"}, {"mean", "0"}},
	Settings:      Settings{{"top", "5"}, {"output-name", ""}},
	Inputs:        &Inputs{Count: 9, SHA256: "names"},
}

// names has an input twice, and one whose name is not UTF-8. Those with "bad" in
// their names fail.
var names = []string{"a", "bad1", "a", "\xffb.png", "bad2", "c\r\nd", "e", "e", "bad3"}

func items(names []string) func(yield func(source.Item) bool) {
	return func(yield func(source.Item) bool) {
		for _, name := range names {
			if !yield(source.Item{Name: name}) {
				return
			}
		}
	}
}

func nameOf(item source.Item) string { return item.Name }

var known = Known[source.Item, rows.Classes]{Name: nameOf}

func rowOf(name string, mended bool) rows.Classes {
	if strings.HasPrefix(name, "bad") && !mended {
		return output.Failed[rows.Classes](name, "decode", name+": broken")
	}
	return rows.OfClasses(name, classify.Result{Predictions: []classify.Prediction{{Index: len(name), Probability: 0.5}}, Width: 8, Height: 8})
}

// work runs from Open to the end. After most rows it stops; -1 has no limit.
type work struct {
	out, format string
	mode        Mode
	now         Record
	names       []string
	mended      bool // what failed does so no more
	gone        map[string]bool
	most        int
	warned      *[]string // what the run has told; nil: nobody asks
}

func (w work) run(t testing.TB) (made int, err error) {
	t.Helper()
	r, err := Open(output.Protect(), rows.ClassesCodec, w.out, w.format, w.mode, func(line string) {
		if w.warned != nil {
			*w.warned = append(*w.warned, line)
		}
	})
	if err != nil {
		return 0, err
	}
	if w.gone != nil {
		r.Gone = func(row rows.Classes) bool { return w.gone[row.Input] }
	}
	if err := r.Begin(t.Context(), w.now); err != nil {
		r.Abandon()
		return 0, err
	}
	if r.Complete() {
		return 0, nil
	}
	for item := range Items(t.Context(), r, items(w.names), known) {
		if made == w.most {
			return made, r.Stop(Speed{})
		}
		if err := r.Write(rowOf(item.Name, w.mended)); err != nil {
			t.Fatal(err)
		}
		delete(w.gone, item.Name)
		made++
	}
	return made, r.Finish(t.Context(), Speed{Seconds: 1, Provider: "cpu"})
}

func fresh(t testing.TB, format string) work {
	t.Helper()
	return work{out: filepath.Join(t.TempDir(), "out"), format: format, now: now, names: names, most: -1}
}

// want is the output of a run that nothing interrupts.
func want(t testing.TB, format string, mended bool) string {
	t.Helper()
	w := fresh(t, format)
	w.mended = mended
	if made, err := w.run(t); err != nil || made != len(names) {
		t.Fatalf("%d rows, %v", made, err)
	}
	return read(t, w.out)
}

func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func recordOf(t testing.TB, out string) Record {
	t.Helper()
	var r Record
	if err := json.Unmarshal([]byte(read(t, out+".run.json")), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// left are the names of a folder's files, without the output's.
func left(t testing.TB, out string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(out))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimPrefix(e.Name(), filepath.Base(out)))
	}
	return names
}

func check(t testing.TB, what, out, want string) {
	t.Helper()
	if got := read(t, out); got != want {
		t.Errorf("%s: the output is\n%q, want\n%q", what, got, want)
	}
	if got := left(t, out); !slices.Equal(got, []string{"", ".run.json"}) {
		t.Errorf("%s: files left: %q", what, got)
	}
	if r := recordOf(t, out); r.Finished.IsZero() || r.Rows != int64(len(names)) {
		t.Errorf("%s: the record says %+v", what, r)
	}
}

var formats = []string{"jsonl", "csv", "parquet", "table"}

// sealed are lines of JSONL as OUT.partial has them.
func sealed(rows string) string {
	var all []byte
	n := int64(0)
	for line := range strings.Lines(rows) {
		all = seal(all, []byte(line), "", n)
		n++
	}
	return string(all)
}

// asOlder are lines of OUT.partial as older versions wrote them, each for an input of its own.
func asOlder(t testing.TB, partial string) string {
	t.Helper()
	var all strings.Builder
	for line := range strings.Lines(partial) {
		l, err := unseal([]byte(strings.TrimSuffix(line, "\n")), false)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(l.row)
		all.WriteByte('\n')
	}
	return all.String()
}

// older is a record as older versions wrote it.
func older(record string) string {
	before, _, _ := strings.Cut(strings.Replace(record, `"version": 3`, `"version": 1`, 1), checksumKey)
	return before + "\n}\n"
}

func openFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
