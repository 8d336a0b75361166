package job_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
)

// drawing is a job of three pictures, as the tests see it.
type drawing struct {
	bad     string   // the item that fails
	end     error    // ends the run at the first item
	there   []string // pictures of earlier runs
	made    []string // items that were made in this run
	shown   []string // files of all rows, as Finish gets them
	failed  func(int64, string) bool
	counted *term.Progress
	closed  int
}

func (d *drawing) open() (*job.Job[string, rows.Pictures], error) {
	names := []string{"a", "b", "c"}
	return &job.Job[string, rows.Pictures]{
		Unit:  "image",
		Items: slices.Values(names),
		Name:  func(name string) string { return name },
		Survey: func(func() bool) (source.Inventory, bool) {
			return source.Inventory{Items: 3, Digest: "abc"}, true
		},
		Record: func(string) (record.Record, error) { return record.Record{Ortho: "test"}, nil },
		Rows: func(_ context.Context, items iter.Seq[string]) iter.Seq[job.Answer[rows.Pictures]] {
			return func(yield func(job.Answer[rows.Pictures]) bool) {
				for name := range items {
					if d.end != nil {
						yield(job.Answer[rows.Pictures]{End: d.end})
						return
					}
					d.made = append(d.made, name)
					a := job.Answer[rows.Pictures]{Row: rows.Pictures{Head: output.Head{Input: name}, Picture: rows.Picture{File: name + ".png"}}}
					if name == d.bad {
						a.Err = errors.New(name + " is bad")
						a.Row = output.Failed[rows.Pictures](name, "run", a.Err.Error())
					}
					if !yield(a) {
						return
					}
				}
			}
		},
		Close:    func() error { d.closed++; return nil },
		Progress: func(bar *term.Progress) { d.counted = bar },
		Gone:     func(row rows.Pictures) bool { return row.File != "" && !slices.Contains(d.there, row.File) },
		Earlier:  func(before job.Earlier) { d.failed = before.Failed },
		Finish: func(_ context.Context, all iter.Seq2[rows.Pictures, error]) error {
			for row, err := range all {
				if err != nil {
					return err
				}
				d.shown = append(d.shown, row.File)
			}
			return nil
		},
	}, nil
}

// run runs a drawing into a folder ("": its rows are kept), and returns what it says.
func (d *drawing) run(t *testing.T, folder string, mode record.Mode) (string, error) {
	t.Helper()
	var said bytes.Buffer
	to := job.Output{UI: &term.UI{Out: &bytes.Buffer{}, Err: &said}, Progress: &flags.Progress{}, Reads: output.Protect(),
		Rows: &flags.Rows{Earlier: flags.Earlier{Mode: mode}}, Folder: folder, InMemory: folder == ""}
	if folder != "" {
		to.Rows.File, to.Rows.Format = filepath.Join(folder, flags.RowsFile), "jsonl"
	}
	err := job.Run(t.Context(), to, rows.PicturesCodec, d.open)
	return said.String(), err
}

// TestKept: rows that go nowhere are there for what is made of all of them.
func TestKept(t *testing.T) {
	d := &drawing{}
	said, err := d.run(t, "", record.Fresh)
	if err != nil || !slices.Equal(d.shown, []string{"a.png", "b.png", "c.png"}) || d.closed != 1 || d.counted != nil {
		t.Errorf("%+v, %v", d, err)
	}
	if !strings.Contains(said, "3 images, 0 failed") {
		t.Errorf("%q", said)
	}
	d = &drawing{end: errors.New("the disk is full")}
	if _, err := d.run(t, "", record.Fresh); !errors.Is(err, d.end) || d.shown != nil || d.closed != 1 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestFolder: a folder's rows are continued; what they name and is gone is made again.
func TestFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	all := []string{"a.png", "b.png", "c.png"}
	for _, c := range []struct {
		name        string
		mode        record.Mode
		there       []string
		bad         string
		err         error
		made, shown []string
		says        string
		stays       bool // b stays failed
	}{
		{"one fails", record.Fresh, nil, "b", commandline.ErrItems, []string{"a", "b", "c"}, []string{"a.png", "", "c.png"}, "out: 3 images, 1 failed", false},
		{"complete", record.Resume, all, "", commandline.ErrItems, nil, []string{"a.png", "", "c.png"}, "out is complete", false},
		{"one is gone", record.Resume, []string{"a.png"}, "", commandline.ErrItems, []string{"c"}, []string{"a.png", "", "c.png"}, "c.png", true},
		{"once more", record.RetryFailed, all, "", nil, []string{"b"}, all, "(resumed at 2), 0 failed", false},
	} {
		d := &drawing{there: c.there, bad: c.bad}
		said, err := d.run(t, folder, c.mode)
		if !errors.Is(err, c.err) || !slices.Equal(d.made, c.made) || !slices.Equal(d.shown, c.shown) {
			t.Errorf("%s: %v, made %q, shown %q", c.name, err, d.made, d.shown)
		}
		if c.says != "c.png" && !strings.Contains(said, c.says) {
			t.Errorf("%s: %q", c.name, said)
		}
		if stays := d.failed != nil && d.failed(1, "b"); stays != c.stays {
			t.Errorf("%s: failed %v", c.name, stays)
		}
	}
	if _, err := (&drawing{}).run(t, folder, record.Fresh); err == nil {
		t.Error("a complete folder was begun anew")
	}
}

// TestFolderAbandoned: what ends before its first row leaves no folder that was not there.
func TestFolderAbandoned(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	no := errors.New("no model")
	to := job.Output{UI: &term.UI{Err: &bytes.Buffer{}}, Progress: &flags.Progress{}, Reads: output.Protect(),
		Rows: &flags.Rows{File: filepath.Join(folder, flags.RowsFile), Format: "jsonl"}, Folder: folder}
	if err := job.Run(t.Context(), to, rows.PicturesCodec, func() (*job.Job[string, rows.Pictures], error) { return nil, no }); !errors.Is(err, no) {
		t.Error(err)
	}
	to.Page = &flags.Page{File: filepath.Join(folder, "none", "page.html")}
	if err := job.Run(t.Context(), to, rows.PicturesCodec, func() (*job.Job[string, rows.Pictures], error) { return nil, fmt.Errorf("opened") }); err == nil || err.Error() == "opened" {
		t.Errorf("a page that can't be written: %v", err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Error("the folder is left")
	}
}
