package plan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/store"
)

// sized are inputs of so many bytes each; archives are those below zero.
func sized(sizes ...int64) iter.Seq2[Input, error] {
	return func(yield func(Input, error) bool) {
		for i, n := range sizes {
			in := Input{URI: fmt.Sprintf("f%d.jpg", i), Size: n, ETag: "1"}
			if n < 0 {
				in = Input{URI: fmt.Sprintf("in/a b%d.tar", i), Size: -n, ETag: "1", Archive: true}
			}
			if !yield(in, nil) {
				return
			}
		}
	}
}

// made is a plan as a text: the parts of each task, with how many inputs they have.
func made(t *testing.T, text []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "plan.jsonl")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var tasks []string
	p, err := Read(t.Context(), store.New(store.Options{}), name, -1, func(part Part) error {
		for len(tasks) <= part.Task {
			tasks = append(tasks, "")
		}
		tasks[part.Task] += fmt.Sprintf(" %s*%d", part.Name, len(part.Inputs))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for len(tasks) < p.Tasks {
		tasks = append(tasks, "")
	}
	for i := range tasks { // each task gets its own
		own := ""
		if _, err := Read(t.Context(), store.New(store.Options{}), name, i, func(part Part) error {
			own += fmt.Sprintf(" %s*%d", part.Name, len(part.Inputs))
			return nil
		}); err != nil || own != tasks[i] {
			t.Errorf("task %d reads %q, %v; want %q", i, own, err, tasks[i])
		}
	}
	return strings.Join(tasks, ";")
}

func TestMake(t *testing.T) {
	many := make([]int64, 25_000)
	for name, c := range map[string]struct {
		inputs iter.Seq2[Input, error]
		cut    Cut
		want   string
	}{
		"archives":       {sized(-10, -10, -10, -10), Cut{Tasks: 2}, " 0000000-a_b0*1 0000001-a_b1*1; 0000002-a_b2*1 0000003-a_b3*1"},
		"by size":        {sized(-30, -10, -10, -10), Cut{Tasks: 2}, " 0000000-a_b0*1; 0000001-a_b1*1 0000002-a_b2*1 0000003-a_b3*1"},
		"files":          {sized(1, 1, 1, 1, 1), Cut{Tasks: 2}, " 0000000-files*3; 0000001-files*2"},
		"one":            {sized(5, 0, 3), Cut{Tasks: 1}, " 0000000-files*3"},
		"of both":        {sized(1, -9, 1, 1), Cut{Tasks: 1}, " 0000000-files*1 0000001-a_b1*1 0000002-files*2"},
		"idle":           {sized(-10, -10), Cut{Tasks: 4}, " 0000000-a_b0*1;; 0000001-a_b1*1;"},
		"bytes":          {sized(4, 4, 4, -9, -1, -1), Cut{Bytes: 10}, " 0000000-files*2; 0000001-files*1; 0000002-a_b3*1; 0000003-a_b4*1 0000004-a_b5*1"},
		"files of a run": {sized(many...), Cut{Bytes: 1 << 30}, " 0000000-files*10000 0000001-files*10000 0000002-files*5000"},
	} {
		var first, second bytes.Buffer
		head, err := Make(t.Context(), c.inputs, c.cut, &first)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := made(t, first.Bytes()); got != c.want || head.Idle != strings.Count(";"+got+";", ";;") {
			t.Errorf("%s: %q, %d idle; want %q", name, got, head.Idle, c.want)
		}
		if _, err := Make(t.Context(), c.inputs, c.cut, &second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: a second plan is another, %v", name, err)
		}
	}
	if _, err := Make(t.Context(), sized(), Cut{Tasks: 1}, &bytes.Buffer{}); err == nil {
		t.Error("a plan of nothing is made")
	}
}

// planOf is one in a file, of three archives.
func planOf(t testing.TB) (name string, parts []Part, p Plan) {
	t.Helper()
	var text bytes.Buffer
	if _, err := Make(context.Background(), sized(-10, -10, -10), Cut{Tasks: 3}, &text); err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(t.TempDir(), "plan.jsonl")
	if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Read(context.Background(), store.New(store.Options{}), name, -1, func(part Part) error {
		parts = append(parts, part)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return name, parts, p
}

// TestReadDamaged: a plan of which anything is changed is refused.
func TestReadDamaged(t *testing.T) {
	name, _, _ := planOf(t)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(good), "\n")
	for what, text := range map[string]string{
		"empty": "", "rows": `{"input":"a.jpg"}` + "\n", "a line less": strings.Join(lines[:3], ""), "cut": string(good[:len(good)-1]),
		"a line more": string(good) + lines[1], "another size": strings.Replace(string(good), `"size":10`, `"size":11`, 1),
		"newer":  strings.Replace(string(good), `"ortho_plan":1`, `"ortho_plan":2`, 1),
		"a path": strings.ReplaceAll(string(good), "0000001-a_b1", "../../../etc/x"),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), store.New(store.Options{}), name, -1, func(Part) error { return nil }); err == nil {
			t.Errorf("%s: it is read", what)
		}
	}
	if _, err := Read(t.Context(), store.New(store.Options{}), name, 3, func(Part) error { return nil }); err == nil {
		t.Error("a task that is not there is read")
	}
}

func FuzzRead(f *testing.F) {
	name, _, _ := planOf(f)
	good, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, 1)
	f.Add([]byte(`{"ortho_plan":1,"tasks":1}`+"\n{}\n"), 0)
	f.Fuzz(func(t *testing.T, text []byte, task int) {
		var p Plan
		p.read(t.Context(), bytes.NewReader(text), task, func(part Part) error {
			if part.Task < 0 || strings.ContainsAny(part.Name, "/\\") {
				t.Errorf("%+v", part)
			}
			return nil
		})
	})
}

// TestOutput: an output is of one plan and one run, and a part is there once.
func TestOutput(t *testing.T) {
	name, parts, p := planOf(t)
	stores, folder := store.New(store.Options{}), filepath.Join(t.TempDir(), "out")
	run := Run{Command: "classify", Format: "jsonl", Model: record.Model{Name: "m\xff", SHA256: "1"}, Settings: record.Settings{{Key: "top", Value: "5"}, {Key: "format", Value: "jsonl"}}}
	out, err := Begin(t.Context(), stores, folder, p, run)
	if err != nil {
		t.Fatal(err)
	}
	other := run
	other.Settings = record.Settings{{Key: "top", Value: "6"}}
	if _, err := Begin(t.Context(), stores, folder, p, other); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "top was 5, and is 6") {
		t.Errorf("other settings: %v", err)
	}
	other = run
	other.Format = "csv"
	if _, err := Begin(t.Context(), stores, folder, p, other); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "rows' format was jsonl, and is csv") {
		t.Errorf("another format: %v", err)
	}
	another := p
	another.SHA256 = strings.Repeat("0", 64)
	if _, err := Begin(t.Context(), stores, folder, another, run); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "another plan") {
		t.Errorf("another plan: %v", err)
	}
	run.Ortho = "newer"
	if out, err = Begin(t.Context(), stores, folder, p, run); err != nil { // the same rows
		t.Fatal(err)
	}
	var done sync.WaitGroup
	errs := make(chan error, 8)
	for i := range 8 {
		done.Go(func() {
			errs <- out.Put(t.Context(), parts[0], strings.NewReader(strings.Repeat(fmt.Sprint(i), 1000)), 1000)
		})
	}
	done.Wait()
	close(errs)
	first := 0
	for err := range errs {
		if err == nil {
			first++
		} else if !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
	}
	if first != 1 {
		t.Errorf("%d of 8 attempts have put the part", first)
	}
	if made, err := out.Made(t.Context(), parts[0]); made != nil || err != nil {
		t.Errorf("before it is recorded: %v, %v", made, err)
	}
	if err := out.Record(t.Context(), parts[0], Made{Rows: 20, Failed: 1, Bytes: 1000}); err != nil {
		t.Fatal(err)
	}
	if made, err := out.Made(t.Context(), parts[0]); err != nil || made.Rows != 20 || made.Failed != 1 {
		t.Errorf("%+v, %v", made, err)
	}
	look := func() *Found {
		t.Helper()
		_, found, err := Check(t.Context(), stores, name, folder, nil)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if f := look(); f.Done != 1 || f.Rows != 20 || Array(f.Missing) != "1-2" || f.Complete() {
		t.Errorf("%+v", f)
	}
	file := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file(parts[0].Name+".csv", "x")
	file("notes.txt", "x")
	file(parts[1].Name+".jsonl", "x")
	file("_ortho/"+parts[2].Name+".json", `{"run": "of another", "rows": 1}`)
	f := look()
	text := strings.Join(f.Wrong, "\n")
	for _, want := range []string{parts[0].Name + " is there twice: as .jsonl, and as", parts[1].Name + ".jsonl has no record", parts[2].Name + ".jsonl is of another run"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not told:\n%s", want, text)
		}
	}
	if len(f.Foreign) != 1 || !strings.HasSuffix(f.Foreign[0], "notes.txt") || f.Complete() {
		t.Errorf("%+v", f)
	}
	file(parts[0].Name+".jsonl", "cut")
	if _, err := out.Made(t.Context(), parts[0]); err == nil || !strings.Contains(err.Error(), "it was changed since") {
		t.Errorf("a part that was changed: %v", err)
	}
}

func TestArray(t *testing.T) {
	for want, tasks := range map[string][]int{"": nil, "3": {3}, "3,7-9": {3, 7, 8, 9}, "0-1,5": {0, 1, 5}} {
		if got := Array(tasks); got != want {
			t.Errorf("%v: %q, want %q", tasks, got, want)
		}
	}
}
