package plan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/scratch"
	"ortho/cmd/ortho/internal/store"
	"ortho/runner/exact"
	"ortho/runner/regular"
)

// Run is what all parts of an output are made by. Version and time of ortho's build are no part of its digest.
type Run struct {
	Version int    `json:"ortho_run"`
	Plan    string `json:"plan"` // its SHA-256
	Tasks   int    `json:"tasks"`
	Parts   int64  `json:"parts"`
	Command string `json:"command"`
	Format  string `json:"format"` // of the parts

	Ortho         string          `json:"ortho"`       // the first task's version
	ONNXRuntime   string          `json:"onnxruntime"` // its version
	Model         record.Model    `json:"model"`
	Preprocessing record.Settings `json:"preprocessing"`
	Settings      record.Settings `json:"settings"`

	SHA256 string `json:"sha256"` // of all that rows follow from
}

// digest is over what rows follow from.
func (r Run) digest() (string, error) {
	r.Ortho, r.SHA256 = "", ""
	text, err := exact.Marshal(r)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

func (r *Run) record() *record.Record {
	return &record.Record{ONNXRuntime: r.ONNXRuntime, Model: r.Model, Preprocessing: r.Preprocessing,
		Settings: slices.Concat(record.Settings{{Key: "command", Value: r.Command}, {Key: "rows' format", Value: r.Format}}, r.Settings)}
}

// Made is the record of a part.
type Made struct {
	Run    string `json:"run"` // SHA-256 of the Run that it is of
	Task   int    `json:"task"`
	Rows   int64  `json:"rows"` // of inputs; LeftOut of them are not in the file
	Failed int64  `json:"failed"`
	// LeftOut are rows that --where has not kept.
	LeftOut int64  `json:"left_out,omitempty"`
	Bytes   int64  `json:"bytes"` // of the file
	SHA256  string `json:"sha256"`

	Ortho    string    `json:"ortho"` // its version
	Finished time.Time `json:"finished"`
	Seconds  float64   `json:"seconds"`
}

// ErrOther is in the chain of errors that no further attempt helps against: another plan, other settings.
var ErrOther = errors.New("made otherwise")

// Output is a folder of parts.
type Output struct {
	Folder string
	Run    Run
	stores *store.Stores
}

// The names of what stands beside parts.
const (
	beside  = "_ortho/"
	runName = beside + "run.json"
)

// maxRecord bounds the bytes of a record that is read.
const maxRecord = 16 << 20

// Begin opens an output for the parts of a run, and says so in it, if it is the first to. It refuses an output of another
// plan, or one whose parts are made otherwise, and says what differs.
func Begin(ctx context.Context, stores *store.Stores, folder string, p Plan, now Run) (*Output, error) {
	now.Version, now.Plan, now.Tasks, now.Parts = Version, p.SHA256, p.Tasks, p.Parts
	now.Settings = slices.DeleteFunc(slices.Clone(now.Settings), func(s record.Setting) bool { return s.Key == "format" || s.Key == "shard" })
	var err error
	if now.SHA256, err = now.digest(); err != nil {
		return nil, err
	}
	o := &Output{Folder: withSlash(folder), Run: now, stores: stores}
	text, err := json.MarshalIndent(exact.Value(now), "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	err = stores.PutNew(ctx, o.Folder+runName, bytes.NewReader(text), int64(len(text)))
	if err == nil {
		return o, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("begin the output %s: %w", o.Folder, err)
	}
	old, err := readRun(ctx, stores, o.Folder)
	if err != nil {
		return nil, err
	}
	if err := old.of(o.Folder, p); err != nil {
		return nil, err
	}
	if old.SHA256 != now.SHA256 {
		lines := record.Differences(old.record(), now.record())
		return nil, fmt.Errorf("the parts in %s are %w than this task would make its own: give the same settings, or another output\n%s", o.Folder, ErrOther, strings.Join(lines, "\n"))
	}
	o.Run = old
	return o, nil
}

// Attach opens an output that is there.
func Attach(ctx context.Context, stores *store.Stores, folder string, p Plan) (*Output, error) {
	folder = withSlash(folder)
	run, err := readRun(ctx, stores, folder)
	if err != nil {
		return nil, err
	}
	return &Output{Folder: folder, Run: run, stores: stores}, run.of(folder, p)
}

// of refuses an output of another plan.
func (r *Run) of(folder string, p Plan) error {
	if r.Plan != p.SHA256 {
		return fmt.Errorf("the parts in %s are %w: by another plan than %s (SHA-256 %.12s, and this one's is %.12s): give that, or another output", folder, ErrOther, p.Name, r.Plan, p.SHA256)
	}
	return nil
}

func readRun(ctx context.Context, stores *store.Stores, folder string) (r Run, err error) {
	data, _, err := stores.ReadAll(ctx, folder+runName, maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s holds no parts: there is no %s", folder, runName)
	}
	if err != nil {
		return r, err
	}
	if err := exact.Unmarshal(data, &r); err != nil || r.Version < 1 {
		return r, fmt.Errorf("%s is no record of a run", folder+runName)
	}
	if r.Version > Version {
		return r, fmt.Errorf("%s: its version is %d, and this ortho knows %d: use ortho %s or newer", folder+runName, r.Version, Version, r.Ortho)
	}
	if sum, err := r.digest(); err != nil || sum != r.SHA256 {
		return r, fmt.Errorf("%s was changed since it was written", folder+runName)
	}
	return r, nil
}

func withSlash(folder string) string { return strings.TrimRight(folder, "/") + "/" }

// File is the name of a part's file.
func (o *Output) File(part Part) string { return o.Folder + o.file(part) }

func (o *Output) file(part Part) string {
	return part.Name + "." + Ending(o.Run.Format)
}

// Ending is that of a format's files.
func Ending(format string) string {
	format = output.Plain(format)
	if format == "wide" {
		return "csv"
	}
	return format
}

func (o *Output) recordOf(part Part) string { return o.Folder + beside + part.Name + ".json" }

// Made returns the record of a part that is complete; there is none where made is nil. It refuses one of another run.
func (o *Output) Made(ctx context.Context, part Part) (made *Made, err error) {
	data, _, err := o.stores.ReadAll(ctx, o.recordOf(part), maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of %s: %w", o.File(part), err)
	}
	if err := json.Unmarshal(data, &made); err != nil || made == nil || made.Rows < 0 || made.Failed < 0 || made.Failed > made.Rows {
		return nil, fmt.Errorf("%s is no record of a part: remove it, and %s", o.recordOf(part), o.File(part))
	}
	if made.Run != o.Run.SHA256 {
		return nil, fmt.Errorf("%s is of another run, %w than this one: move it and its record %s away", o.File(part), ErrOther, o.recordOf(part))
	}
	there, err := o.stores.Stat(ctx, o.File(part))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is gone, and its record is there: remove %s, and the task makes both again", o.File(part), o.recordOf(part))
	case err != nil:
		return nil, err
	case there.Size != made.Bytes:
		return nil, fmt.Errorf("%s has %d bytes, and its record tells of %d: it was changed since; remove both, and the task makes them again", o.File(part), there.Size, made.Bytes)
	}
	return made, nil
}

// Put has a part appear, if none is there; else the error is [fs.ErrExist]: another attempt was first, and
// Record is to be called with what is there.
func (o *Output) Put(ctx context.Context, part Part, rows io.ReaderAt, size int64) error {
	return o.stores.PutNew(ctx, o.File(part), rows, size)
}

// Rows is a part that is there, and can be read anywhere in it.
type Rows struct {
	*os.File
	Size   int64
	folder *scratch.Folder // of a copy; nil: it is the part itself
}

// Close ends the reading.
func (r *Rows) Close() error {
	err := r.File.Close()
	if r.folder != nil {
		err = errors.Join(err, r.folder.Remove())
	}
	return err
}

// Open reads a part that is there; of one in a store, a copy.
func (o *Output) Open(ctx context.Context, part Part) (rows *Rows, err error) {
	name := o.File(part)
	if !store.Remote(name) {
		f, err := regular.Open(name)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		return &Rows{File: f, Size: info.Size()}, nil
	}
	from, err := o.stores.Open(ctx, name, 0, -1)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	rows = &Rows{}
	if rows.folder, err = scratch.New("part"); err != nil {
		return nil, err
	}
	if rows.File, err = rows.folder.Create("rows"); err == nil {
		rows.Size, err = io.Copy(rows.File, from)
	}
	if err != nil {
		rows.folder.Remove()
		return nil, err
	}
	return rows, nil
}

// Record says of a part that it is complete. Of several attempts the first says it.
func (o *Output) Record(ctx context.Context, part Part, made Made) error {
	made.Run, made.Task, made.Finished = o.Run.SHA256, part.Task, time.Now().UTC().Round(time.Millisecond)
	text, err := json.MarshalIndent(made, "", "  ")
	if err == nil {
		text = append(text, '\n')
		err = o.stores.PutNew(ctx, o.recordOf(part), bytes.NewReader(text), int64(len(text)))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("record the part %s: %w", o.File(part), err)
	}
	return nil
}

// Unchanged returns an error that names the first input of a part that is another by now than when the plan was made.
// What is not there any more is told by its row.
func Unchanged(ctx context.Context, s *store.Stores, part Part) error {
	for _, in := range part.Inputs {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if in.ETag == "" {
			continue
		}
		now, err := s.Stat(ctx, in.URI)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !in.Archive:
		case err != nil:
			return fmt.Errorf("the part %s: %w", part.Name, err)
		case now.ETag != in.ETag:
			return fmt.Errorf("%s has changed since the plan was made (it had %d bytes, and has %d; or another time): make a new plan, with an output of its own", store.Shown(in.URI), in.Size, now.Size)
		}
	}
	return nil
}

// InputOf is a file as a plan has it.
func InputOf(o store.Object, archive bool) Input {
	return Input{URI: o.URI, Size: max(0, o.Size), ETag: o.ETag, Archive: archive}
}
