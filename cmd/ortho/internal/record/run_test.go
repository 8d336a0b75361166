package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
)

func TestResume(t *testing.T) {
	for _, format := range formats {
		whole := want(t, format, false)
		for most := range len(names) + 1 {
			w := fresh(t, format)
			w.most = most
			w.mode = Resume // nothing is there: it begins
			if made, err := w.run(t); err != nil || made != most {
				t.Fatalf("%d rows, %v", made, err)
			}
			if most == len(names) {
				check(t, format, w.out, whole)
				continue
			}
			if r := recordOf(t, w.out); !r.Finished.IsZero() || r.Rows != int64(most) {
				t.Errorf("stopped after %d: %+v", most, r)
			}
			w.most = -1
			if made, err := w.run(t); err != nil || made != len(names)-most {
				t.Errorf("resumed after %d: %d rows, %v", most, made, err)
			}
			check(t, format, w.out, whole)
			if r := recordOf(t, w.out); r.Failed != 3 || most > 0 && (len(r.Resumes) != 1 || r.Resumes[0].Rows != int64(most)) {
				t.Errorf("resumed after %d: %+v", most, r)
			}
			if made, err := w.run(t); made != 0 || err != nil {
				t.Errorf("complete: %d rows, %v", made, err)
			}
			check(t, format, w.out, whole)
		}
	}
}

func TestRetryFailed(t *testing.T) {
	for _, format := range formats[:3] {
		broken, mended := want(t, format, false), want(t, format, true)
		for _, rows := range []int{1, 2, 5, len(names)} { // rows that the first run makes
			for most := -1; most < len(names)-rows+3; most++ { // that the second makes
				w := fresh(t, format)
				w.most = rows
				if _, err := w.run(t); err != nil {
					t.Fatal(err)
				}
				w.mode, w.most = RetryFailed, most
				if _, err := w.run(t); err != nil { // fails again
					t.Fatal(err)
				}
				w.mended, w.most = true, -1
				if _, err := w.run(t); err != nil {
					t.Fatal(err)
				}
				check(t, fmt.Sprintf("%s, %d rows, then %d", format, rows, most), w.out, mended)
				if r := recordOf(t, w.out); r.Failed != 0 {
					t.Errorf("%+v", r)
				}
				if made, err := w.run(t); made != 0 || err != nil {
					t.Errorf("none failed: %d rows, %v", made, err)
				}
			}
		}
		w := fresh(t, format)
		for range 3 { // failing again changes nothing
			if made, err := w.run(t); err != nil || w.mode == RetryFailed && made != 3 {
				t.Errorf("%d rows, %v", made, err)
			}
			check(t, format, w.out, broken)
			w.mode = RetryFailed
		}
	}
	w := fresh(t, "table")
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.mode = RetryFailed
	if _, err := w.run(t); err == nil || !strings.Contains(err.Error(), "a table is for people") {
		t.Errorf("a table: %v", err)
	}
}

// TestGone has rows made again of which something is gone, after a run of any length, and
// after one that has made only some of them again.
func TestGone(t *testing.T) {
	whole := want(t, "jsonl", false)
	for rows := 1; rows <= len(names); rows++ {
		for most := range 4 {
			for _, mode := range []Mode{Resume, RetryFailed} {
				w := fresh(t, "jsonl")
				w.most = rows
				if _, err := w.run(t); err != nil {
					t.Fatal(err)
				}
				w.mode, w.most = mode, most
				w.gone = map[string]bool{"c\r\nd": true, "\xffb.png": true, "bad1": true} // a row that failed has nothing to lose
				if _, err := w.run(t); err != nil {
					t.Fatal(err)
				}
				w.most = -1
				if _, err := w.run(t); err != nil {
					t.Fatal(err)
				}
				check(t, fmt.Sprintf("%d rows, then %d", rows, most), w.out, whole)
				for name := range w.gone {
					if name != "bad1" {
						t.Errorf("%d rows, then %d: %q was not made again", rows, most, name)
					}
				}
				w.mode = Resume
				if made, err := w.run(t); made != 0 || err != nil {
					t.Errorf("nothing is gone: %d rows, %v", made, err)
				}
			}
		}
	}
}

// TestTorn cuts OUT.partial at every byte of its last two lines.
func TestTorn(t *testing.T) {
	whole, mended := want(t, "csv", false), want(t, "csv", true)
	for _, mode := range []Mode{Resume, RetryFailed} {
		w := fresh(t, "csv")
		w.most = 6
		if _, err := w.run(t); err != nil {
			t.Fatal(err)
		}
		if mode == RetryFailed { // so that the last two lines have positions
			w.mode, w.mended, w.most = mode, true, 2
			if _, err := w.run(t); err != nil {
				t.Fatal(err)
			}
			whole = mended
		}
		w.mode, w.most = mode, -1
		text, record := read(t, w.out+".partial"), read(t, w.out+".run.json")
		lines := slices.Collect(strings.Lines(text))
		for cut := len(text) - len(lines[len(lines)-1]) - len(lines[len(lines)-2]); cut <= len(text); cut++ {
			tails := []string{"", "\x00\x00\x00", "not a row\n"}
			if cut%20 > 0 {
				tails = tails[:1]
			}
			for _, tail := range tails {
				w.out = filepath.Join(t.TempDir(), "out")
				write(t, w.out+".partial", text[:cut]+tail)
				write(t, w.out+".run.json", record)
				if _, err := w.run(t); err != nil {
					t.Fatalf("cut at %d, then %q: %v", cut, tail, err)
				}
				check(t, fmt.Sprintf("cut at %d, then %q", cut, tail), w.out, whole)
			}
		}
	}
}

// TestCrashes has a run end between any two steps of Finish, and of turning a
// complete output back into rows.
func TestCrashes(t *testing.T) {
	const redo = ".retry" // with RetryFailed from there on
	for _, format := range formats[:3] {
		broken, mended := want(t, format, false), want(t, format, true)
		w := fresh(t, format)
		w.most = len(names) - 1
		if _, err := w.run(t); err != nil {
			t.Fatal(err)
		}
		running := read(t, w.out+".run.json")
		w.mode, w.most = Resume, -1
		if _, err := w.run(t); err != nil {
			t.Fatal(err)
		}
		finished := read(t, w.out+".run.json")
		rows := sealed(want(t, "jsonl", false))
		for name, files := range map[string]map[string]string{
			"partial made":           {".partial": ""},
			"record written":         {".partial": "", ".run.json": running},
			"all rows there":         {".partial": rows, ".run.json": running},
			"record finished":        {".partial": rows, ".run.json": finished},
			"there, partial too":     {".partial": rows, ".run.json": finished, "": broken},
			"partial taken away":     {".run.json": finished, "": broken},
			"an older output":        {".partial": rows, ".run.json": running, "": "older"},
			"rows again" + redo:      {"": broken, ".run.json": finished, ".partial": rows},
			"a record of it" + redo:  {"": broken, ".run.json": running, ".partial": rows},
			"nothing at all" + redo:  {},
			"an empty record" + redo: {".partial": "", ".run.json": ""},
		} {
			w.out, w.mode, w.mended = filepath.Join(t.TempDir(), "out"), Resume, false
			result := broken
			if strings.HasSuffix(name, redo) {
				w.mode, w.mended, result = RetryFailed, true, mended
			}
			for ending, text := range files {
				write(t, w.out+ending, text)
			}
			if _, err := w.run(t); err != nil {
				t.Errorf("%s, %s: %v", format, name, err)
				continue
			}
			check(t, format+", "+name, w.out, result)
		}
	}
}

func TestRefused(t *testing.T) {
	begun := fresh(t, "csv")
	begun.most = 4
	if _, err := begun.run(t); err != nil {
		t.Fatal(err)
	}
	partial, record := read(t, begun.out+".partial"), read(t, begun.out+".run.json")
	lines, old := slices.Collect(strings.Lines(partial)), slices.Collect(strings.Lines(asOlder(t, partial)))
	changed := func(change func(*Record)) func(*work) {
		return func(w *work) {
			w.now.Settings, w.now.Preprocessing = slices.Clone(now.Settings), slices.Clone(now.Preprocessing)
			change(&w.now)
		}
	}
	for name, c := range map[string]struct {
		partial, record string
		change          func(*work)
		want            []string
	}{
		"setting":        {partial, record, changed(func(r *Record) { r.Settings[0].Value = "3" }), []string{"top was 5, and is 3", "out.partial", "--overwrite"}},
		"new setting":    {partial, record, changed(func(r *Record) { r.Settings[1].Value = "x" }), []string{"output-name was not set, and is x"}},
		"setting gone":   {partial, record, changed(func(r *Record) { r.Settings[0].Value = "" }), []string{"top was 5, and is not set"}},
		"model":          {partial, record, changed(func(r *Record) { r.Model.SHA256 = "def" }), []string{"SHA-256 was abc, and is def"}},
		"weights":        {partial, record, changed(func(r *Record) { r.Model.ExternalData = Settings{{"w.bin", "1"}} }), []string{"w.bin was not set, and is 1"}},
		"preprocessing":  {partial, record, changed(func(r *Record) { r.Preprocessing[1].Value = "1" }), []string{"mean was 0, and is 1"}},
		"runtime":        {partial, record, changed(func(r *Record) { r.ONNXRuntime = "1.33.0" }), []string{"ONNX Runtime was 1.32.0, and is 1.33.0"}},
		"count":          {partial, record, changed(func(r *Record) { r.Inputs = &Inputs{Count: 8, SHA256: "names"} }), []string{"number of inputs was 9, and is 8"}},
		"digest":         {partial, record, changed(func(r *Record) { r.Inputs = &Inputs{Count: 9, SHA256: "other"} }), []string{"was names, and is other"}},
		"not known":      {partial, record, changed(func(r *Record) { r.Inputs = nil }), []string{"was 9, and is not known"}},
		"other names":    {partial, record, func(w *work) { w.names = []string{"a", "x"} }, []string{"input 2 is x", "is of bad1"}},
		"fewer names":    {partial, record, func(w *work) { w.names = names[:2] }, []string{"2 inputs", "4 rows"}},
		"no record":      {partial, "", func(*work) {}, []string{"there is no", "out.run.json", "--overwrite"}},
		"broken record":  {partial, record[:50], func(*work) {}, []string{"out.run.json", "no record of a run", "move it away"}},
		"changed record": {partial, strings.Replace(record, `"top": "5"`, `"top": "6"`, 1), func(*work) {}, []string{"out.run.json", "it was changed since it was written", "--overwrite"}},
		"newer record":   {partial, strings.Replace(record, `"version": 3`, `"version": 4`, 1), func(*work) {}, []string{"version is 4", "1.0"}},
		"other JSON":     {partial, `{"format": "x"}`, func(*work) {}, []string{"no record"}},
		"no row":         {lines[0] + string(seal(nil, []byte("{}"), "", 1)) + lines[2], record, func(*work) {}, []string{"out.partial, line 2", "no row"}},
		"far away":       {lines[0] + string(seal(nil, []byte(`{"input":"a","predictions":[]}`), "", 1<<40)), record, func(*work) {}, []string{"line 2", "position 1099511627776"}},
		"bad middle":     {old[0] + "{}\n" + old[1], older(record), func(*work) {}, []string{"out.partial, line 2", "no row"}},
		"no such row":    {old[0] + `{"input":"a","predictions":[],"position":7}` + "\n" + old[1], older(record), func(*work) {}, []string{"line 2", "position 7"}},
		"row not failed": {old[0] + `{"input":"a","predictions":[],"position":0}` + "\n" + old[1], older(record), func(*work) {}, []string{"line 2", "position 0"}},
	} {
		w := begun
		w.out, w.mode, w.most = filepath.Join(t.TempDir(), "out"), Resume, -1
		write(t, w.out+".partial", c.partial)
		if c.record != "" {
			write(t, w.out+".run.json", c.record)
		}
		c.change(&w)
		_, err := w.run(t)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", name, err, want)
			}
		}
		if got := read(t, w.out+".partial"); got != c.partial {
			t.Errorf("%s: the partial is now %q", name, got)
		}
	}
}

func TestWhatMayDiffer(t *testing.T) {
	w := fresh(t, "csv")
	w.most = 4
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.mode, w.most = Resume, -1
	w.now.Ortho, w.now.Model.Name = "2.0", "moved"
	w.now.Speed = Speed{Batch: 8, Threads: 4, Concurrency: 2}
	w.warned = new([]string)
	if made, err := w.run(t); err != nil || made != len(names)-4 {
		t.Errorf("%d rows, %v", made, err)
	}
	if !strings.Contains(strings.Join(*w.warned, "\n"), "was begun by ortho 1.0; this is 2.0") {
		t.Errorf("another version of ortho: %q", *w.warned)
	}
	check(t, "resumed", w.out, want(t, "csv", false))
}

func TestNoInputs(t *testing.T) {
	for _, format := range formats {
		w := fresh(t, format)
		w.names = nil
		for _, mode := range []Mode{Fresh, Resume, RetryFailed, Overwrite} {
			w.mode = mode
			if made, err := w.run(t); err != nil || made != 0 {
				t.Errorf("%s: %d rows, %v", format, made, err)
			}
			if got := left(t, w.out); !slices.Equal(got, []string{"", ".run.json"}) {
				t.Errorf("%s: files left: %q", format, got)
			}
		}
	}
}

func TestWhatIsThere(t *testing.T) {
	open := func(out string, mode Mode, want string) {
		t.Helper()
		w := work{out: out, format: "csv", mode: mode, now: now, names: names, most: -1}
		_, err := w.run(t)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("mode %d: %v; want %q", mode, err, want)
		}
	}
	w := fresh(t, "csv")
	write(t, w.out, "older")
	open(w.out, Fresh, "--overwrite replaces it")
	open(w.out, Resume, "no "+w.out+".run.json")
	open(w.out, RetryFailed, "no "+w.out+".run.json")
	if got := left(t, w.out); !slices.Equal(got, []string{""}) || read(t, w.out) != "older" {
		t.Errorf("left: %q", got)
	}
	w.mode, w.most = Overwrite, 3
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	open(w.out, Fresh, "--resume continues it, --overwrite starts anew")
	if err := os.Remove(w.out + ".partial"); err != nil {
		t.Fatal(err)
	}
	open(w.out, Resume, "did not finish")
	open(w.out, Overwrite, "")
	check(t, "overwritten", w.out, want(t, "csv", false))
	write(t, w.out, strings.Join(slices.Collect(strings.Lines(read(t, w.out)))[:5], ""))
	open(w.out, RetryFailed, "it was changed")
	open(filepath.Join(filepath.Dir(w.out), "none", "x"), Resume, "does not exist")
	open(filepath.Dir(w.out), Overwrite, "is a folder")
}

func TestOneRunWrites(t *testing.T) {
	w := fresh(t, "jsonl")
	first, err := Open(output.Protect(), rows.ClassesCodec, w.out, "jsonl", Fresh, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Begin(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []Mode{Fresh, Overwrite, Resume, RetryFailed} {
		if _, err := Open(output.Protect(), rows.ClassesCodec, w.out, "jsonl", mode, func(string) {}); !errors.Is(err, errLocked) {
			t.Errorf("mode %d: %v", mode, err)
		}
	}
	if err := first.Stop(Speed{}); err != nil {
		t.Fatal(err)
	}
	second, err := Open(output.Protect(), rows.ClassesCodec, w.out, "jsonl", Resume, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	second.Abandon()
}

func TestAbandonedLeavesWhatWasThere(t *testing.T) {
	w := fresh(t, "jsonl")
	r, err := Open(output.Protect(), rows.ClassesCodec, w.out, "jsonl", Fresh, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	r.Abandon()
	if got := left(t, w.out); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	w.most = 3
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	before := read(t, w.out+".partial")
	for _, mode := range []Mode{Overwrite, Resume} {
		if r, err = Open(output.Protect(), rows.ClassesCodec, w.out, "jsonl", mode, func(string) {}); err != nil {
			t.Fatal(err)
		}
		r.Abandon()
		if read(t, w.out+".partial") != before {
			t.Errorf("mode %d: rows are gone", mode)
		}
	}
}

// TestWriteFails has the file take no more, as a full disk does.
func TestWriteFails(t *testing.T) {
	w := fresh(t, "csv")
	r, err := Open(output.Protect(), rows.ClassesCodec, w.out, "csv", Fresh, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Begin(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	writable := r.partial.file
	n := 0
	for item := range Items(t.Context(), r, items(names), known) {
		if n == 4 {
			if r.partial.file, err = os.Open(r.Partial()); err != nil {
				t.Fatal(err)
			}
		}
		if err = r.Write(rowOf(item.Name, false)); err != nil {
			break
		}
		n++
	}
	if err == nil || n != 4 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if err := errors.Join(r.Stop(Speed{}), writable.Close()); err != nil {
		t.Fatal(err)
	}
	w.mode = Resume
	if made, err := w.run(t); err != nil || made != len(names)-4 {
		t.Errorf("%d rows, %v", made, err)
	}
	check(t, "resumed", w.out, want(t, "csv", false))
}

func TestInterruptedFinish(t *testing.T) {
	w := fresh(t, "csv")
	r, err := Open(output.Protect(), rows.ClassesCodec, w.out, "csv", Fresh, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Begin(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for item := range Items(t.Context(), r, items(names), known) {
		if err := r.Write(rowOf(item.Name, false)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Finish(ctx, Speed{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	w.mode = Resume
	if made, err := w.run(t); err != nil || made != 0 {
		t.Errorf("%d rows, %v", made, err)
	}
	check(t, "resumed", w.out, want(t, "csv", false))
}
