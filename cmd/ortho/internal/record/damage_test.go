package record

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDamaged changes OUT.partial, byte by byte and line by line: each row is as it was made, or is
// made again, and that is told; nothing that was changed is believed.
func TestDamaged(t *testing.T) {
	for _, mode := range []Mode{Resume, RetryFailed} {
		w := fresh(t, "csv")
		w.most = 7
		if _, err := w.run(t); err != nil {
			t.Fatal(err)
		}
		replaced := -1 // a line that another takes the place of
		whole := want(t, "csv", mode == RetryFailed)
		if mode == RetryFailed { // so that there are lines that take the place of others
			w.mode, w.mended, w.most, replaced = mode, true, 1, 1
			if _, err := w.run(t); err != nil {
				t.Fatal(err)
			}
		}
		text, record := read(t, w.out+".partial"), read(t, w.out+".run.json")
		lines := slices.Collect(strings.Lines(text))
		w.mode, w.most, w.warned = mode, -1, new([]string)
		resume := func(what, partial string, told bool) {
			t.Helper()
			w.out, *w.warned = filepath.Join(t.TempDir(), "out"), nil
			write(t, w.out+".partial", partial)
			write(t, w.out+".run.json", record)
			if _, err := w.run(t); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			check(t, what, w.out, whole)
			if said := strings.Join(*w.warned, "\n"); strings.Contains(said, "not as written") != told || len(*w.warned) > 1 {
				t.Errorf("%s: %q was told, want it to be: %v", what, said, told)
			}
		}
		for i := range len(text) {
			if testing.Short() && i%5 > 0 {
				continue
			}
			changed := []byte(text)
			changed[i] ^= []byte{1, 2, 4, 8, 16, 32, 64, 128}[i%8]
			if i%7 == 0 {
				changed[i] = '\n'
			}
			if string(changed) != text {
				line := strings.Count(text[:i], "\n")
				resume(fmt.Sprintf("byte %d is %q", i, changed[i]), string(changed), (line != replaced || text[i] == '\n') && i < len(text)-1) // without its end a line takes the next one along
			}
		}
		for i := range lines {
			resume(fmt.Sprintf("line %d is gone", i+1), strings.Join(slices.Delete(slices.Clone(lines), i, i+1), ""), i < 6 && i != replaced)
			resume(fmt.Sprintf("line %d is there twice", i+1), strings.Join(slices.Insert(slices.Clone(lines), i, lines[i]), ""), false)
			resume(fmt.Sprintf("all is zeros from line %d on", i+1), strings.Join(lines[:i], "")+strings.Repeat("\x00", 100)+"\n", true)
		}
		resume("all lines are others", strings.Repeat("x\n", 50), true)
	}
}

// TestDamagedTwice: a row that was made again is so once.
func TestDamagedTwice(t *testing.T) {
	w := fresh(t, "jsonl")
	w.most = 6
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	write(t, w.out+".partial", strings.Replace(read(t, w.out+".partial"), `"input":"a"`, `"input":"b"`, 1))
	w.mode, w.warned = Resume, new([]string)
	for most, want := range map[int]int{1: 1} {
		w.most = most
		if made, err := w.run(t); err != nil || made != want || len(*w.warned) != 1 {
			t.Fatalf("%d rows, %v, %q", made, err, *w.warned)
		}
	}
	w.most = -1
	if made, err := w.run(t); err != nil || made != len(names)-6 || len(*w.warned) != 1 {
		t.Errorf("%d rows, %v, %q", made, err, *w.warned)
	}
	check(t, "resumed", w.out, want(t, "jsonl", false))
}

// TestOlder continues what versions without checksums have begun, once and again, and tells it once.
func TestOlder(t *testing.T) {
	for _, format := range formats[:3] {
		for _, mode := range []Mode{Resume, RetryFailed} {
			w := fresh(t, format)
			w.most = 5
			if _, err := w.run(t); err != nil {
				t.Fatal(err)
			}
			partial := asOlder(t, read(t, w.out+".partial"))
			if mode == RetryFailed { // as older versions put rows in the place of others
				partial += `{"input":"bad1","predictions":[{"index":4,"probability":0.5}],"width":8,"height":8,"position":1}` + "\n"
			}
			write(t, w.out+".partial", partial)
			write(t, w.out+".run.json", older(read(t, w.out+".run.json")))
			w.mode, w.mended, w.warned = mode, mode == RetryFailed, new([]string)
			for _, most := range []int{1, 1, -1} {
				w.most = most
				if _, err := w.run(t); err != nil {
					t.Fatal(err)
				}
			}
			if said := *w.warned; len(said) != 1 || !strings.Contains(said[0], "an older version") {
				t.Errorf("%q", said)
			}
			check(t, fmt.Sprint(format, mode), w.out, want(t, format, w.mended))
		}
	}
}

// TestRecordChanged: no byte of a record is believed that was changed.
func TestRecordChanged(t *testing.T) {
	w := fresh(t, "jsonl")
	w.most = 3
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	text := read(t, w.out+".run.json")
	for i := range text {
		for bit := range 8 {
			changed := []byte(text)
			changed[i] ^= 1 << bit
			if r, err := parseRecord(changed); err == nil && r.Version > 1 {
				t.Errorf("byte %d: %q is believed", i, changed[max(0, i-20):min(len(changed), i+20)])
			}
		}
	}
	if _, err := parseRecord([]byte(older(text))); err != nil {
		t.Errorf("of an older version: %v", err)
	}
}
