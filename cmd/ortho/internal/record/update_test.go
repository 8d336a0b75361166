package record

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/classify"
)

// folder is a set of inputs by name, in an order, each of a version; "bad" fails, and version 0 has no stamp.
type folder []file

type file struct {
	name    string
	version int
}

func (f folder) inputs() *Inputs {
	var all tally
	stamps := source.NewDigestOfStamps(source.LookTimes)
	for _, one := range f {
		all.add(one.name)
		stamps.Add(one.stamp())
	}
	in := all.inputs()
	in.Times, in.Stamps = "taken", stamps.Sum()
	return in
}

func (f file) stamp() source.Stamp {
	if f.version == 0 {
		return ""
	}
	return source.Stamp(source.StampText(fmt.Sprint(f.version)).By(source.LookTimes))
}

func (f file) row() rows.Classes {
	if strings.HasPrefix(f.name, "bad") && f.version == 1 {
		return output.Failed[rows.Classes](f.name, "decode", f.name+": broken")
	}
	return rows.OfClasses(f.name, classify.Result{Predictions: []classify.Prediction{{Index: f.version, Probability: 0.5}}, Width: 8, Height: 8})
}

// updates are runs over folders into one output.
type updates struct {
	out, format string
	keepGone    bool
	warned      []string
	updated     Updated
}

// run makes most rows at most, or all (-1), and returns the names that were made.
func (u *updates) run(t *testing.T, mode Mode, f folder, most int) (made []string, err error) {
	t.Helper()
	r, err := Open(output.Protect(), rows.ClassesCodec, u.out, u.format, mode, func(line string) { u.warned = append(u.warned, line) })
	if err != nil {
		return nil, err
	}
	r.Look, r.KeepGone = source.LookTimes, u.keepGone
	of := now
	of.Inputs = f.inputs()
	if err := r.Begin(t.Context(), of); err != nil {
		r.Abandon()
		return nil, err
	}
	if r.Complete() {
		return nil, nil
	}
	known := Known[file, rows.Classes]{Name: func(f file) string { return f.name }, Stamp: func(_ context.Context, f file) source.Stamp { return f.stamp() }}
	for one := range Items(t.Context(), r, slices.Values(f), known) {
		if len(made) == most {
			return made, r.Stop(Speed{})
		}
		if err := r.Write(one.row()); err != nil {
			t.Fatal(err)
		}
		made = append(made, one.name)
	}
	u.updated, _ = r.Updated()
	return made, r.Finish(t.Context(), Speed{})
}

// fresh is the output of a run over a folder that has no earlier one.
func (u *updates) fresh(t *testing.T, f folder) string {
	t.Helper()
	anew := &updates{out: filepath.Join(t.TempDir(), "anew"), format: u.format}
	if _, err := anew.run(t, Fresh, f, -1); err != nil {
		t.Fatal(err)
	}
	return read(t, anew.out)
}

// TestUpdate: after each update the output is what a run over the folder as it is then would make, and no
// more was done than was to be, whatever has ended the updates before.
func TestUpdate(t *testing.T) {
	old := folder{{"a", 1}, {"bad", 1}, {"c", 1}, {"d", 1}, {"\xffe", 1}, {"-", 0}}
	for _, format := range formats[:3] {
		for _, c := range []struct {
			what string
			now  folder
			made []string
			want Updated
		}{
			{"nothing", folder{{"a", 1}, {"c", 1}, {"d", 1}}, nil, Updated{Kept: 3, Gone: 3}},
			{"failed again", folder{{"a", 1}, {"bad", 1}, {"c", 1}, {"d", 1}, {"\xffe", 1}}, []string{"bad"}, Updated{Kept: 4, Again: 1, Gone: 1}},
			{"mended", folder{{"a", 1}, {"bad", 2}, {"c", 1}, {"d", 1}, {"\xffe", 1}, {"-", 0}}, []string{"bad", "-"}, Updated{Kept: 4, Changed: 1, Again: 1}},
			{"before, between, behind", folder{{"0", 1}, {"a", 1}, {"bb", 1}, {"c", 1}, {"d", 1}, {"\xffe", 1}, {"z", 1}}, []string{"0", "bb", "z"}, Updated{Kept: 4, New: 3, Gone: 2}},
			{"changed", folder{{"a", 1}, {"c", 2}, {"d", 1}, {"\xffe", 3}}, []string{"c", "\xffe"}, Updated{Kept: 2, Changed: 2, Gone: 2}},
			{"another order, and twice", folder{{"d", 1}, {"c", 1}, {"d", 1}, {"a", 1}}, nil, Updated{Kept: 4, Gone: 3}},
			{"renamed", folder{{"a", 1}, {"q", 1}}, []string{"q"}, Updated{Kept: 1, New: 1, Gone: 5}},
			{"none is left", folder{{"x", 1}}, []string{"x"}, Updated{New: 1, Gone: 6}},
		} {
			for most := -1; most < len(c.made); most++ {
				u := &updates{out: filepath.Join(t.TempDir(), "out"), format: format}
				if _, err := u.run(t, Fresh, old, -1); err != nil {
					t.Fatal(err)
				}
				if most >= 0 { // this one is ended early
					before := read(t, u.out)
					if _, err := u.run(t, Update, c.now, most); err != nil || read(t, u.out) != before {
						t.Fatalf("%s, %s: %v, or the output is another", format, c.what, err)
					}
					if _, err := u.run(t, Fresh, c.now, -1); err == nil || !strings.Contains(err.Error(), "--update goes on with it") {
						t.Errorf("%s, %s: begun anew: %v", format, c.what, err)
					}
					if _, err := u.run(t, Resume, c.now, -1); err == nil || !strings.Contains(err.Error(), "--update goes on with it") {
						t.Errorf("%s, %s: resumed: %v", format, c.what, err)
					}
				}
				if _, err := u.run(t, Resume, append(c.now[:len(c.now):len(c.now)], file{"more", 1}), -1); most < 0 && (err == nil || !strings.Contains(err.Error(), "--update does what is new")) {
					t.Errorf("%s, %s: resumed: %v", format, c.what, err)
				}
				made, err := u.run(t, Update, c.now, -1)
				if err != nil || !slices.Equal(made, c.made[max(0, most):]) {
					t.Errorf("%s, %s, ended after %d: made %q, %v", format, c.what, most, made, err)
				}
				if most == -1 && u.updated != c.want {
					t.Errorf("%s, %s: %+v, want %+v", format, c.what, u.updated, c.want)
				}
				if got := read(t, u.out); got != u.fresh(t, c.now) {
					t.Errorf("%s, %s, ended after %d:\n%q, want\n%q", format, c.what, most, got, u.fresh(t, c.now))
				}
				if recordOf(t, u.out).Updating {
					t.Errorf("%s, %s: the record says that the update goes on", format, c.what)
				}
				if got := left(t, u.out); !slices.Equal(got, []string{"", ".run.json"}) {
					t.Errorf("%s, %s: files left: %q", format, c.what, got)
				}
				for _, mode := range []Mode{Update, Resume, RetryFailed} {
					if recordOf(t, u.out).Failed > 0 || slices.Contains(c.now, file{"-", 0}) {
						break
					}
					if made, err := u.run(t, mode, c.now, -1); err != nil || made != nil {
						t.Errorf("%s, %s, once more: made %q, %v", format, c.what, made, err)
					}
				}
				if len(u.warned) > 0 && !strings.Contains(u.warned[0], "not on record") {
					t.Errorf("%q", u.warned)
				}
			}
		}
	}
}

// TestUpdateOfPartial: an update goes on with a run that did not finish, over another folder.
func TestUpdateOfPartial(t *testing.T) {
	u := &updates{out: filepath.Join(t.TempDir(), "out"), format: "csv"}
	if _, err := u.run(t, Update, folder{{"a", 1}, {"b", 1}, {"c", 1}}, 2); err != nil {
		t.Fatal(err)
	}
	then := folder{{"0", 1}, {"a", 1}, {"b", 2}}
	for most, want := range [][]string{{"0"}, {"b"}} {
		if made, err := u.run(t, Update, then, 1-2*most); err != nil || !slices.Equal(made, want) {
			t.Errorf("made %q, %v", made, err)
		}
	}
	if read(t, u.out) != u.fresh(t, then) {
		t.Errorf("%q", read(t, u.out))
	}
}

// TestKeepGone: rows of inputs that are gone stand behind all others, in the order that they had, until an
// update is not to keep them, or their inputs are there again.
func TestKeepGone(t *testing.T) {
	u := &updates{out: filepath.Join(t.TempDir(), "out"), format: "jsonl", keepGone: true}
	all := folder{{"a", 1}, {"b", 1}, {"bad", 1}, {"c", 1}, {"d", 1}}
	expect := func(mode Mode, now, want folder, made ...string) {
		t.Helper()
		got, err := u.run(t, mode, now, -1)
		if err != nil || !slices.Equal(got, made) || read(t, u.out) != u.fresh(t, want) {
			t.Errorf("made %q, %v:\n%s", got, err, read(t, u.out))
		}
	}
	expect(Fresh, all, all, "a", "b", "bad", "c", "d")
	expect(Update, folder{{"d", 1}, {"e", 1}}, folder{{"d", 1}, {"e", 1}, {"a", 1}, {"b", 1}, {"c", 1}}, "e")
	for _, mode := range []Mode{Update, Resume, RetryFailed} {
		expect(mode, folder{{"d", 1}, {"e", 1}}, folder{{"d", 1}, {"e", 1}, {"a", 1}, {"b", 1}, {"c", 1}})
	}
	expect(Update, folder{{"bad", 1}, {"c", 1}, {"d", 1}}, folder{{"bad", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"a", 1}, {"b", 1}}, "bad")
	expect(RetryFailed, folder{{"bad", 1}, {"c", 1}, {"d", 1}}, folder{{"bad", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"a", 1}, {"b", 1}}, "bad")
	u.keepGone = false
	expect(Update, folder{{"c", 1}, {"d", 1}}, folder{{"c", 1}, {"d", 1}})
}

// TestUpdateRefused: what an update can't go on from is not made anew unasked.
func TestUpdateRefused(t *testing.T) {
	some := folder{{"a", 1}, {"b", 1}}
	for what, c := range map[string]struct {
		change func(record string) string
		says   string
	}{
		"no record":     {func(string) string { return "" }, "no "},
		"older":         {func(record string) string { return older(record) }, "an older version of ortho"},
		"without times": {func(record string) string { return cut(record, `"stamps"`, "}") }, "without a look at the sizes"},
		"another model": {func(record string) string { return resealed(strings.Replace(record, `"abc"`, `"abd"`, 1)) }, "SHA-256 was abd, and is abc"},
		"stamps short":  {func(record string) string { return resealed(strings.Replace(record, `"all": "`, `"all": "AAAA`, 1)) }, "it is no record"},
	} {
		u := &updates{out: filepath.Join(t.TempDir(), "out"), format: "jsonl"}
		if _, err := u.run(t, Fresh, some, -1); err != nil {
			t.Fatal(err)
		}
		record := c.change(read(t, u.out+".run.json"))
		if what == "without times" {
			record = resealed(strings.Replace(strings.Replace(record, `,`+"\n    "+`"times_sha256": "taken"`, "", 1), ",\n  ,\n", ",\n", 1))
		}
		write(t, u.out+".run.json", record)
		if _, err := u.run(t, Update, append(some, file{"c", 1}), -1); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "--overwrite") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// resealed is a record with the checksum of what it is now.
func resealed(record string) string {
	before, _, _ := strings.Cut(record, checksumKey)
	return string(withChecksum([]byte(strings.TrimSuffix(before, ",") + "\n}\n")))
}

// cut takes out what begins with one text and ends with another.
func cut(text, from, to string) string {
	before, rest, _ := strings.Cut(text, from)
	_, behind, _ := strings.Cut(rest, to)
	return before + behind
}

// TestAmbiguous: rows of one name and stamp that differ, as of entries of an archive, are made anew.
func TestAmbiguous(t *testing.T) {
	u := &updates{out: filepath.Join(t.TempDir(), "out"), format: "jsonl"}
	u.run(t, Fresh, folder{{"a", 1}, {"a", 2}, {"b", 1}}, -1)
	if made, err := u.run(t, Update, folder{{"a", 1}, {"a", 2}, {"c", 1}}, -1); err != nil || !slices.Equal(made, []string{"c"}) {
		t.Errorf("of two stamps: made %q, %v", made, err)
	}
	var stamps Stamps
	for _, stamp := range []source.Stamp{"", file{"", 1}.stamp(), file{"", 1}.stamp(), "longer, and so it is wide", ""} {
		stamps.add(stamp[:min(len(stamp), wide)])
	}
	if want := []source.Stamp{"", file{"", 1}.stamp(), file{"", 1}.stamp(), "longer, and so it is wid", ""}; !stamps.fit(5) || stamps.at(0) != want[0] || stamps.at(1) != want[1] || stamps.at(3) != want[3] || stamps.at(4) != "" {
		t.Errorf("%+v", stamps)
	}
	p := &pool[rows.Classes]{look: source.LookTimes, rows: map[key]int64{}, names: map[key]named{}}
	part := newPartial[rows.Classes](openFile(t), "x")
	p.of(part)
	for _, row := range []rows.Classes{file{"a", 1}.row(), file{"a", 2}.row(), file{"b", 1}.row(), file{"b", 1}.row()} {
		if _, err := part.append(row, file{"", 1}.stamp(), next); err != nil {
			t.Fatal(err)
		}
	}
	if _, kept, _ := p.find("a", file{"", 1}.stamp()); kept {
		t.Error("one of two rows was kept")
	}
	if _, kept, _ := p.find("b", file{"", 1}.stamp()); !kept {
		t.Error("a row that is there twice was not kept")
	}
}
