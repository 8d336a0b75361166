package job

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/plan"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/scratch"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/cmd/ortho/internal/where"
)

// tasked is a run that makes the parts of a task of a plan, one after the other, with one model.
type tasked[T any, R output.Row] struct {
	to     Output
	codec  *output.Codec[R]
	keeps  *where.Rows[R] // --where; nil: all
	job    *Job[T, R]
	out    *plan.Output
	rows   *os.File // of a part, until they are complete
	passed source.Passed

	made, there, all, failed int64 // parts, and rows in all of them
}

// runTask is Run for a task of a plan.
func runTask[T any, R output.Row](ctx context.Context, to Output, codec *output.Codec[R], open func() (*Job[T, R], error)) (err error) {
	task := to.Images.Task()
	t := &tasked[T, R]{to: to, codec: codec.With(output.Choices{Lists: to.Rows.Lists, Warn: to.Warn})}
	if err := t.codec.Takes(to.Rows.Format); err != nil {
		return commandline.Usage(err)
	}
	if err := t.codec.Back(to.Rows.Format); err != nil {
		return commandline.Usage(err)
	}
	if to.Rows.Where != "" {
		if t.keeps, err = where.Over(t.codec, to.Rows.Where); err != nil {
			return err
		}
	}
	if len(task.Parts) == 0 {
		to.Info(fmt.Sprintf("task %d of %d has no part: there are %d", task.Number, task.Tasks, task.Plan.Parts))
		return nil
	}
	if t.job, err = open(); err != nil {
		return err
	}
	free := sync.OnceFunc(func() {
		if err := t.job.Close(); err != nil {
			to.Warn(err.Error())
		}
	})
	defer free()
	if t.out, err = t.begin(ctx, task); err != nil {
		return other(err)
	}
	folder, err := scratch.New("parts")
	if err != nil {
		return err
	}
	defer folder.Remove()
	if t.rows, err = folder.Create("rows"); err != nil {
		return err
	}
	defer t.rows.Close()
	for _, part := range task.Parts {
		if err = t.part(ctx, part); err != nil {
			break
		}
	}
	if t.job.Ended != nil {
		t.job.Ended(err)
	}
	if err != nil {
		return other(err)
	}
	flags.TellPassed(to.UI, &t.passed, to.Progress.Quiet)
	if !to.Progress.Quiet {
		to.Info(fmt.Sprintf("task %d of %d: %s, of which %d were there; %s, %d failed", task.Number, task.Tasks,
			term.Counted(t.made+t.there, "part"), t.there, term.Counted(t.all, t.job.Unit), t.failed))
	}
	if to.FailFast.TooMany(t.failed, t.all) {
		return commandline.ErrItems
	}
	return nil
}

// other marks what no further attempt helps against as the command line's error: schedulers can know it by its code.
func other(err error) error {
	if errors.Is(err, plan.ErrOther) {
		return commandline.Usage(err)
	}
	return err
}

// begin opens the output for parts as this run would make them.
func (t *tasked[T, R]) begin(ctx context.Context, task *flags.Task) (*plan.Output, error) {
	now, err := t.job.Record(t.codec.Recorded(t.to.Rows.Format))
	if err != nil {
		return nil, err
	}
	run := plan.Run{Command: t.to.Rows.Command, Format: t.to.Rows.Format, Ortho: now.Ortho, ONNXRuntime: now.ONNXRuntime,
		Model: now.Model, Preprocessing: now.Preprocessing, Settings: now.Settings}
	if t.to.Rows.Where != "" {
		run.Settings = append(run.Settings, record.Setting{Key: "where", Value: t.to.Rows.Where})
	}
	return plan.Begin(ctx, task.Stores, t.to.Rows.Parts, task.Plan, run)
}

// part makes a part, unless it is there.
func (t *tasked[T, R]) part(ctx context.Context, part plan.Part) error {
	t.to.Images.Take(part)
	made, err := t.out.Made(ctx, part)
	if err != nil {
		return err
	}
	if made == nil {
		made, err = t.adopt(ctx, part) // of an attempt that was killed between the two
		if errors.Is(err, fs.ErrNotExist) {
			made, err = t.make(ctx, part)
		} else if err == nil {
			t.there++
		}
	} else {
		t.there++
	}
	if err != nil {
		return err
	}
	t.all, t.failed = t.all+made.Rows, t.failed+made.Failed
	return nil
}

// make makes the rows of a part, and has them appear.
func (t *tasked[T, R]) make(ctx context.Context, part plan.Part) (*plan.Made, error) {
	if err := plan.Unchanged(ctx, t.to.Images.Task().Stores, part); err != nil {
		return nil, err
	}
	if _, err := t.rows.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if err := t.rows.Truncate(0); err != nil {
		return nil, err
	}
	digest := sha256.New()
	buffer := bufio.NewWriterSize(io.MultiWriter(t.rows, digest), 1<<18)
	out := &rows[R]{Output: t.to, codec: t.codec, format: t.to.Rows.Format, unit: t.job.Unit, part: part.Name, keeps: t.keeps}
	var err error
	if out.stream, err = t.codec.Writer(out.format, buffer, 0); err != nil {
		return nil, err
	}
	start := time.Now()
	known := func(stop func() bool) (int64, bool) {
		all, known := t.to.Images.Survey(stop)
		return all.Items, known
	}
	if err := t.job.make(ctx, t.to, out, nil, known); err != nil {
		output.Abandon(out.stream)
		return nil, err
	}
	t.passed.Join(t.to.Images.Passed())
	if err = buffer.Flush(); err == nil {
		err = plan.Unchanged(ctx, t.to.Images.Task().Stores, part)
	}
	if err != nil {
		return nil, err
	}
	made := plan.Made{Rows: out.written, Failed: out.failed, LeftOut: out.filtered, SHA256: hex.EncodeToString(digest.Sum(nil)),
		Ortho: build.Version(), Seconds: time.Since(start).Seconds()}
	if made.Bytes, err = t.rows.Seek(0, io.SeekEnd); err == nil {
		err = t.out.Put(ctx, part, t.rows, made.Bytes)
	}
	if errors.Is(err, fs.ErrExist) {
		t.to.Warn(t.out.File(part) + " has appeared meanwhile: another attempt was first, and its rows stay")
		t.there++
		return t.adopt(ctx, part)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", t.out.File(part), err)
	}
	t.made++
	return &made, t.out.Record(ctx, part, made)
}

// adopt records a part that is there without a record, if it has the rows that it should: the attempt that has put it there was
// killed, or is about to record it. Where there is none, the error is [fs.ErrNotExist].
func (t *tasked[T, R]) adopt(ctx context.Context, part plan.Part) (*plan.Made, error) {
	f, err := t.out.Open(ctx, part)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, _ := t.to.Images.Survey(func() bool { return ctx.Err() != nil })
	made, names, digest := plan.Made{Rows: all.Items, Bytes: f.Size, Ortho: build.Version()}, sha256.New(), sha256.New()
	kept := int64(0)
	for row, err := range t.codec.Read(t.to.Rows.Format, f, f.Size) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s is there without a record, and can't be read: %w; remove it, and it is made again", t.out.File(part), err)
		}
		if kept++; row.Failed() != nil {
			made.Failed++
		}
		io.WriteString(names, row.Name()+"\x00")
	}
	if made.LeftOut = all.Items - kept; made.LeftOut < 0 || t.keeps == nil && hex.EncodeToString(names.Sum(nil)) != all.Digest {
		return nil, fmt.Errorf("%s is there without a record, and its rows are not those of the part: it is of something else; move it away", t.out.File(part))
	}
	if _, err := io.Copy(digest, io.NewSectionReader(f, 0, f.Size)); err != nil {
		return nil, err
	}
	made.SHA256 = hex.EncodeToString(digest.Sum(nil))
	return &made, t.out.Record(ctx, part, made)
}
