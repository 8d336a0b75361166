package main

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/runner"
)

// generation is a run of generate.
type generation struct {
	c         *cli.Context
	options   generate.Options
	reads     *output.Reads
	name      string // of the model
	engine    engine
	to        destination
	shelf     *shelf.Shelf
	out       *results
	rows      *kept // of a run that writes none, with its pictures
	page      *gallery
	bar       *term.Progress
	texts     [][2]string // text chunks of every picture
	newFolder bool        // OUT was not there
	own       []string    // names in OUT, with slashes, that are no pictures'
	closed    bool        // the engine
}

// engine is what makes the images of a run: a model of one graph, or a pipeline of several.
type engine interface {
	Session() *runner.Session // tells what it runs on
	Concurrency() int         // runs in flight
	Close() error
	// record describes the run.
	record(record.Settings) (record.Record, error)
}

// open opens the output's rows where it is a folder, and the model. It refuses, before any
// work, outputs that could not be written, or would replace what is read.
func (g *generation) open(model func() error) error {
	if err := g.openRows(); err != nil {
		return err
	}
	err := g.checkShown()
	if err == nil {
		err = model()
	}
	if err != nil {
		return g.abandon(err)
	}
	return nil
}

// checkShown refuses a page or a sheet that could not be written, or would have the name of
// a picture.
func (g *generation) checkShown() (err error) {
	if g.page, err = openGallery(g.c, g.reads); err != nil {
		return err
	}
	if g.page != nil && g.to.folder != "" {
		inside, err := inFolder(g.to.folder, g.page.name)
		if err != nil {
			return err
		}
		if ending := strings.ToLower(filepath.Ext(inside)); inside != "" && ending != ".html" && ending != ".htm" {
			return usagef("--html %s lies in the output folder, where pictures and rows have such names: end it with .html", g.page.name)
		}
		g.own = append(g.own, filepath.ToSlash(inside))
	}
	return g.checkSheet()
}

// protectFolder has no picture take the place of what the run reads.
func (g *generation) protectFolder(from source.Options) (err error) {
	c := g.c
	if g.to.folder == "" || g.newFolder {
		return nil
	}
	if g.shelf.Overwrite && !isPipeline(c.String("model")) && source.Once(c.Args().Slice(), from) {
		return usagef("--overwrite must know what it is not to replace, and paths from a pipe are known too late: give them as a file (@list.txt), or another folder than %s", g.to.folder)
	}
	if g.shelf.Reads, err = g.reads.In(g.to.folder); err != nil {
		return err
	}
	return c.Context.Err()
}

// rowsIn is the file of a folder's rows.
func rowsIn(folder string) string { return filepath.Join(folder, "ortho.jsonl") }

func (g *generation) openRows() error {
	if g.to.folder == "" {
		if g.c.Bool("resume") || g.c.Bool("retry-failed") {
			return usagef("only a folder can be resumed: name it with -o FOLDER")
		}
		g.rows = &kept{}
		g.out = &results{format: "jsonl", unit: "image", stream: g.rows}
		g.shelf = &shelf.Shelf{Reads: g.reads, Folder: filepath.Dir(g.to.file), Overwrite: g.c.Bool("overwrite")}
		return nil
	}
	mode, err := outputMode(g.c)
	if err != nil {
		return err
	}
	if g.newFolder, err = makeFolder(g.to.folder); err != nil {
		return err
	}
	name := rowsIn(g.to.folder)
	run, err := openRun(g.c.Args().Slice(), g.reads, name, "jsonl", mode)
	if err != nil {
		return err
	}
	var once sync.Once
	run.Gone = func(row output.Row) bool {
		if row.Picture == nil || !filepath.IsLocal(filepath.FromSlash(row.File)) {
			return false
		}
		picture := filepath.Join(g.to.folder, filepath.FromSlash(row.File))
		_, err := os.Stat(picture)
		if !errors.Is(err, fs.ErrNotExist) {
			return false
		}
		once.Do(func() { slog.Warn(fmt.Sprintf("%s is not there any more: what is missing is made again", picture)) })
		return true
	}
	g.out = &results{format: "jsonl", unit: "image", name: name, folder: g.to.folder, run: run}
	g.own = append(g.own, output.Beside("ortho.jsonl")...)
	g.shelf = &shelf.Shelf{Reads: g.reads, Folder: g.to.folder, Overwrite: mode == record.Overwrite, Again: mode == record.Resume || mode == record.RetryFailed}
	return nil
}

// close frees the session, once.
func (g *generation) close() {
	if !g.closed {
		g.closed = true
		if err := g.engine.Close(); err != nil {
			slog.Warn(err.Error())
		}
	}
}

// abandon ends a run that has not begun: it leaves nothing behind.
func (g *generation) abandon(err error) error {
	err = g.out.abandon(err)
	if g.newFolder {
		os.Remove(g.to.folder) // which is empty
	}
	return err
}

// write makes all that is not there yet. unit is what progress counts: images, or the tiles
// of one.
func (g *generation) write(unit string, count func(stop func() bool) (int64, bool), answers iter.Seq[answer]) error {
	c := g.c
	wanted, err := progressWanted(c)
	if err != nil {
		return g.abandon(err)
	}
	if unit == "tiles" { // how many, the first of them tells
		count = func(func() bool) (int64, bool) { return 0, false }
	}
	g.bar = g.out.progress(c, wanted, unit, count)
	defer g.bar.End()
	defer g.shelf.Sweep()
	err = writeAll(c, answers, g.out, g.bar, func(done int, took time.Duration) record.Speed {
		return record.Speed{Seconds: short(took.Seconds()), PerSecond: short(float64(done) / max(took, 1).Seconds()),
			Provider: g.engine.Session().Provider, Threads: g.engine.Session().Threads, Batch: 1, Concurrency: g.engine.Concurrency()}
	})
	if err != nil {
		g.page.lost()
		return err
	}
	if g.to.single() && g.to.file != "-" && len(g.rows.rows) > 0 {
		g.tell(g.to.file, "%dx%d", g.rows.rows[0].Width, g.rows.rows[0].Height)
	}
	return nil
}

// tell says what was written, unless nothing is to be said.
func (g *generation) tell(file, format string, args ...any) {
	if g.c.String("progress") != "never" {
		slog.Info(file + ": " + fmt.Sprintf(format, args...))
	}
}

// describe is the record of the run: what its pictures follow from.
func (g *generation) describe(more record.Settings) (record.Record, error) {
	quality := ""
	if n := g.to.quality; n > 0 {
		quality = strconv.Itoa(n)
	}
	settings := append(record.Settings{
		{Key: "format", Value: string(g.to.format)},
		{Key: "quality", Value: quality},
	}, more...)
	return g.engine.record(append(settings, runSettings(g.c, g.options.Runner)...))
}

// place has a complete picture appear, and makes its row. A disk that takes no more ends
// the run.
func (g *generation) place(row output.Row, file *shelf.File, err error) answer {
	if err == nil && file != nil {
		if err = file.Commit(); err != nil && !errors.Is(err, shelf.ErrExists) {
			return answer{end: err}
		} else if err != nil {
			err = &stepError{"write", err}
		}
	}
	if err == nil {
		return answer{row: row}
	}
	if _, full := errors.AsType[*diskError](err); full {
		return answer{end: err}
	}
	err = fmt.Errorf("%s: %w", row.Input, err)
	if g.out.run == nil { // no row would tell
		return answer{end: err}
	}
	row.Width, row.Height = 0, 0
	if row.File = ""; *row.Picture == (output.Picture{}) {
		row.Picture = nil
	}
	row.Error = &output.Error{Kind: generateErrorKind(err), Message: text(err.Error())}
	return answer{row: row, err: err}
}

// diskError is a picture that can't be written, such as on a full disk.
type diskError struct{ error }

func (d *diskError) Unwrap() error { return d.error }

// stepError says at which step outside of the generator an image failed: "read", "decode",
// or "write" where the picture can't have its name or what is there is not to be replaced.
type stepError struct {
	kind string
	error
}

func (s *stepError) Unwrap() error { return s.error }

func generateErrorKind(err error) string {
	kind := generate.ErrorKind(err)
	if kind == "run" {
		kind = diffusion.ErrorKind(err)
	}
	if step, ok := errors.AsType[*stepError](err); ok && kind == "run" {
		return step.kind
	}
	return kind
}
