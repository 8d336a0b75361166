package job

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
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
)

// doubled is the smallest row: what became of a number.
type doubled struct {
	output.Head
	Twice *int `json:"twice,omitempty"`
	output.Failure
}

func (d doubled) Results() int {
	if d.Twice == nil {
		return 0
	}
	return 1
}

var codec = &output.Codec[doubled]{Variant: "-doubled"}

// doubling is a task that fails of 7, and what it was asked to do.
type doubling struct {
	made, closed int
	end          error // at the fourth item
	stop         func()
}

func (d *doubling) job(n int) *Job[int, doubled] {
	items := make([]int, n)
	for i := range items {
		items[i] = i + 5
	}
	name := func(i int) string { return fmt.Sprint(i) }
	return &Job[int, doubled]{
		Unit:  "number",
		Items: slices.Values(items),
		Name:  name,
		Survey: func(func() bool) (source.Inventory, bool) {
			return source.Inventory{Items: int64(n), Digest: fmt.Sprint(n)}, true
		},
		Record: func(format string) (record.Record, error) {
			return record.Record{Settings: record.Settings{{Key: "format", Value: format}}}, nil
		},
		Rows: func(ctx context.Context, items iter.Seq[int]) iter.Seq[Answer[doubled]] {
			return func(yield func(Answer[doubled]) bool) {
				for i := range items {
					a := Answer[doubled]{Row: doubled{Head: output.Head{Input: name(i)}, Twice: new(2 * i)}}
					switch {
					case i == 8 && d.stop != nil:
						d.stop()
					case i == 8 && d.end != nil:
						a = Answer[doubled]{End: d.end}
					case i == 7:
						a.Err = errors.New("7: no luck")
						a.Row = output.Failed[doubled]("7", "run", "no luck")
					}
					if ctx.Err() != nil {
						return
					}
					d.made++
					if !yield(a) {
						return
					}
				}
			}
		},
		How:   record.Speed{Provider: "cpu", Batch: 1, Concurrency: 1},
		Close: func() error { d.closed++; return nil },
	}
}

// run doubles n numbers, and returns what was printed on both streams.
func run(t *testing.T, d *doubling, n int, rows flags.Rows, failFast bool) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if d.stop != nil {
		d.stop = stop
	}
	to := Output{UI: &term.UI{In: strings.NewReader(""), Out: &out, Err: &errs}, Rows: &rows, Progress: &flags.Progress{}, FailFast: &flags.FailFast{Stop: failFast},
		Reads: output.Protect(func(func(string) bool) {})}
	err = Run(ctx, to, codec, func() (*Job[int, doubled], error) { return d.job(n), nil })
	return out.String(), errs.String(), err
}

const four = `{"input":"5","twice":10}
{"input":"6","twice":12}
{"input":"7","error":{"kind":"run","message":"no luck"}}
{"input":"8","twice":16}
`

func TestStream(t *testing.T) {
	d := &doubling{}
	stdout, stderr, err := run(t, d, 4, flags.Rows{Format: "jsonl"}, false)
	if stdout != four || !errors.Is(err, commandline.ErrItems) || d.closed != 1 {
		t.Errorf("%s, %v, closed %d times", stdout, err, d.closed)
	}
	if !strings.Contains(stderr, "4 numbers, 1 failed") || !strings.Contains(stderr, "7: no luck") {
		t.Error(stderr)
	}
	stdout, _, err = run(t, d, 4, flags.Rows{Format: "jsonl"}, true)
	if stdout != four[:strings.Index(four, `{"input":"8"`)] || err == nil || !strings.Contains(err.Error(), "--fail-fast") {
		t.Errorf("%s, %v", stdout, err)
	}
	if _, _, err := run(t, d, 4, flags.Rows{Format: "csv"}, false); !errors.As(err, new(commandline.UsageError)) {
		t.Errorf("a format without a place: %v", err)
	}
}

// TestResume: a run that an error or a signal ends keeps its rows under no complete name, and
// goes on; nothing is made twice, and what failed is made again where that is asked for.
func TestResume(t *testing.T) {
	for name, first := range map[string]*doubling{"an error": {end: errors.New("the disk is full")}, "a signal": {stop: func() {}}} {
		out := filepath.Join(t.TempDir(), "rows.jsonl")
		rows := flags.Rows{File: out, Format: "jsonl"}
		_, stderr, err := run(t, first, 4, rows, false)
		if err == nil || first.made != 3 && first.made != 4 || !strings.Contains(stderr, out+".partial; --resume continues it") || first.closed != 1 {
			t.Errorf("%s: %v, made %d, %s", name, err, first.made, stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: the output looks complete", name)
		}
		if _, _, err := run(t, &doubling{}, 4, rows, false); err == nil {
			t.Errorf("%s: a run that is not finished is begun again in silence", name)
		}
		rows.Mode = record.Resume
		second := &doubling{}
		if _, stderr, err = run(t, second, 4, rows, false); !errors.Is(err, commandline.ErrItems) || second.made != 1 {
			t.Errorf("%s: %v, made %d, %s", name, err, second.made, stderr)
		}
		if got, err := os.ReadFile(out); err != nil || string(got) != four {
			t.Errorf("%s: %s, %v", name, got, err)
		}
		third := &doubling{}
		if _, stderr, err = run(t, third, 4, rows, false); third.made != 0 || !strings.Contains(stderr, "is complete: nothing to do") {
			t.Errorf("%s: %v, made %d, %s", name, err, third.made, stderr)
		}
		rows.Mode = record.RetryFailed
		fourth := &doubling{}
		if _, _, err = run(t, fourth, 4, rows, false); fourth.made != 1 {
			t.Errorf("%s: %v, made %d", name, err, fourth.made)
		}
		rows.Mode = record.Resume
		if _, _, err := run(t, &doubling{}, 5, rows, false); err == nil {
			t.Errorf("%s: other items are taken for the same", name)
		}
	}
}

// TestNothingBegun: what can't be written, or opened, costs no work and leaves nothing.
func TestNothingBegun(t *testing.T) {
	dir := t.TempDir()
	opened := 0
	refuse := errors.New("no such model")
	for _, c := range []struct {
		file   string
		opened int
		want   string
	}{
		{filepath.Join(dir, "none", "rows.jsonl"), 0, "does not exist"},
		{filepath.Join(dir, "rows.jsonl"), 1, "no such model"},
	} {
		opened = 0
		to := Output{UI: &term.UI{Out: new(bytes.Buffer), Err: new(bytes.Buffer)}, Rows: &flags.Rows{File: c.file, Format: "jsonl"}, Progress: &flags.Progress{},
			Reads: output.Protect(func(func(string) bool) {})}
		err := Run(t.Context(), to, codec, func() (*Job[int, doubled], error) { opened++; return nil, refuse })
		if err == nil || !strings.Contains(err.Error(), c.want) || opened != c.opened {
			t.Errorf("%s: %v, opened %d times", c.file, err, opened)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}
