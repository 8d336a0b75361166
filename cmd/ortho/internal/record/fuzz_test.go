package record

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

// FuzzPartial scans anything. What it takes for rows stays as it is: they can be read,
// a second scan finds the same, and a row that is appended comes last.
func FuzzPartial(f *testing.F) {
	w := fresh(f, "jsonl")
	w.most = 5
	if _, err := w.run(f); err != nil {
		f.Fatal(err)
	}
	text := read(f, w.out+".partial")
	f.Add([]byte(text))
	f.Add([]byte(text + `{"input":"bad1","predictions":[],"position":1}` + "\n" + `{"input":"x","pred`))
	f.Add([]byte(text[:len(text)-1]))
	f.Add([]byte(strings.Replace(text, "bad1", "bae1", 1)))
	f.Add([]byte(text + string(seal(nil, []byte(`{"input":"x","predictions":[]}`), "stampsta", 1<<40))))
	var old []byte
	for line := range strings.Lines(text) {
		l, err := unseal([]byte(strings.TrimSuffix(line, "\n")), false)
		if err != nil {
			f.Fatal(err)
		}
		old = append(append(old, l.row...), '\n')
	}
	f.Add(old)
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "x.partial")
		write(t, name, string(data))
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		p := newPartial[rows.Classes](file, name)
		if p.scan(t.Context(), allOld) != nil {
			if read(t, name) != string(data) {
				t.Error("a file that is refused was changed")
			}
			return
		}
		if !bytes.HasPrefix(data, []byte(read(t, name))) {
			t.Error("more than the end was changed")
		}
		last := rowOf("last", false)
		if _, err := p.append(last, "", next); err != nil {
			t.Fatal(err)
		}
		var all, failed int64
		var row rows.Classes
		for row, err = range p.all() {
			if err != nil {
				t.Fatal(err)
			}
			if all++; row.Error != nil {
				failed++
			}
		}
		again := newPartial[rows.Classes](file, name)
		if err := again.scan(t.Context(), p.old); err != nil {
			t.Fatal(err)
		}
		n, m := again.counts()
		if !reflect.DeepEqual(row, last) || n != all || m != failed || again.size != p.size {
			t.Errorf("%d rows, %d failed, last %+v; scanned again: %d, %d", all, failed, row, n, m)
		}
	})
}

// FuzzRecord reads anything. What is a record is written and read to the same.
func FuzzRecord(f *testing.F) {
	whole, err := json.Marshal(Record{Version: 1, Preprocessing: now.Preprocessing, Settings: now.Settings, Inputs: now.Inputs, Rows: 5})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"version":1,"settings":{"a":"1","a":"2"},"model":{"external_data":{"w":"x"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Skip(err) // a year of five digits
		}
		again, err := parseRecord(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if lines := r.differences(again, true); len(lines) > 0 {
			t.Errorf("%q", lines)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(second, text) {
			t.Errorf("%s, then %s, %v", text, second, err)
		}
	})
}
