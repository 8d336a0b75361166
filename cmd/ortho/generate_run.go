package main

import (
	"context"
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

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/preprocess"
)

// generation is a run of generate.
type generation struct {
	options   generateOptions
	reads     *output.Reads
	to        destination
	name      string // of the model
	engine    engine
	shelf     *shelf.Shelf
	out       *results
	unfiled   *unfiled // rows of a run that writes none, with its pictures
	page      *gallery
	bar       *term.Progress
	texts     [][2]string // text chunks of every picture
	newFolder bool        // OUT was not there
	own       []string    // names in OUT, with slashes, that are no pictures'
	closed    bool        // the engine
}

// open opens the output's rows where it is a folder, and the model. It refuses, before any
// work, outputs that could not be written, or would replace what is read.
func (g *generation) open(ctx context.Context, model func(context.Context) error) error {
	if err := g.openRows(); err != nil {
		return err
	}
	err := g.checkShown()
	if err == nil {
		err = model(ctx)
	}
	if err != nil {
		return g.abandon(err)
	}
	return nil
}

// checkShown refuses a page or a sheet that could not be written, or would have the name of
// a picture.
func (g *generation) checkShown() (err error) {
	if g.page, err = galleryOf(g.options.html, g.options.output, g.reads, g.mayReplace()); err != nil {
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
func (g *generation) protectFolder(ctx context.Context) (err error) {
	if g.to.folder == "" || g.newFolder {
		return nil
	}
	if i := g.options.images; i != nil && g.shelf.Overwrite && source.Once(g.options.args, i.from) {
		return usagef("--overwrite must know what it is not to replace, and paths from a pipe are known too late: give them as a file (@list.txt), or another folder than %s", g.to.folder)
	}
	if g.shelf.Reads, err = g.reads.In(g.to.folder); err != nil {
		return err
	}
	return ctx.Err()
}

// rowsIn is the file of a folder's rows.
func rowsIn(folder string) string { return filepath.Join(folder, "ortho.jsonl") }

// openRows opens a folder's rows; those of a file stay in memory.
func (g *generation) openRows() error {
	o := &g.options
	if g.to.folder == "" {
		if o.resume || o.retryFailed {
			return usagef("only a folder can be resumed: name it with -o FOLDER")
		}
		g.unfiled = &unfiled{}
		g.out = &results{format: "jsonl", unit: "image", stream: g.unfiled}
		g.shelf = &shelf.Shelf{Reads: g.reads, Folder: filepath.Dir(g.to.file), Overwrite: o.overwrite}
		return nil
	}
	mode, err := modeOf(o.overwrite, o.resume, o.retryFailed)
	if err != nil {
		return err
	}
	if g.newFolder, err = makeFolder(g.to.folder); err != nil {
		return err
	}
	name := rowsIn(g.to.folder)
	run, err := openRun(o.args, g.reads, name, "jsonl", mode)
	if err != nil {
		return err
	}
	run.Gone = g.gone()
	g.out = &results{format: "jsonl", unit: "image", name: name, folder: g.to.folder, run: run}
	g.own = append(g.own, output.Beside("ortho.jsonl")...)
	g.shelf = &shelf.Shelf{Reads: g.reads, Folder: g.to.folder, Overwrite: mode == record.Overwrite, Again: mode == record.Resume || mode == record.RetryFailed}
	return nil
}

// gone returns what reports whether a row's picture is not there any more. It tells the
// first.
func (g *generation) gone() func(rows.Pictures) bool {
	var once sync.Once
	return func(row rows.Pictures) bool {
		if !filepath.IsLocal(filepath.FromSlash(row.File)) {
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
func (g *generation) write(ctx context.Context, unit string, count func(stop func() bool) (int64, bool), answers iter.Seq[answer]) error {
	wanted, err := g.options.progressWanted()
	if err != nil {
		return g.abandon(err)
	}
	if unit == "tiles" { // how many, the first of them tells
		count = func(func() bool) (int64, bool) { return 0, false }
	}
	g.bar = g.options.bar(g.out, wanted, unit, count)
	defer g.bar.End()
	defer g.shelf.Sweep()
	err = g.options.writeAll(ctx, answers, g.out, g.bar, func(done int, took time.Duration) record.Speed {
		return record.Speed{Seconds: short(took.Seconds()), PerSecond: short(float64(done) / max(took, 1).Seconds()),
			Provider: g.engine.Session().Provider, Threads: g.engine.Session().Threads, Batch: 1, Concurrency: g.engine.Concurrency()}
	})
	if err != nil {
		g.page.lost()
		return err
	}
	if g.to.single() && g.to.file != "-" && len(g.unfiled.rows) > 0 {
		g.tell(g.to.file, "%dx%d", g.unfiled.rows[0].Width, g.unfiled.rows[0].Height)
	}
	return nil
}

// tell says what was written, unless nothing is to be said.
func (g *generation) tell(file, format string, args ...any) {
	if !g.options.quiet() {
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
	settings = append(settings, imageSettings(g.options.maxPixels, "")...)
	return g.engine.record(append(settings, providerSettings(g.options.run.Runner)...))
}

// place has a complete picture appear, and makes its row. A disk that takes no more ends
// the run.
func (g *generation) place(row rows.Pictures, picture draft, err error) answer {
	if err == nil && picture.file != nil {
		if err = picture.file.Commit(); err != nil && !errors.Is(err, shelf.ErrExists) {
			return answer{end: err}
		} else if err != nil {
			err = models.StageWrite.Wrap(err)
		}
	}
	if err == nil && picture.bytes != nil {
		if _, err := g.options.stdout.Write(picture.bytes.Bytes()); err != nil {
			return answer{end: err}
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
	row.File = ""
	row.Error = &output.Error{Kind: string(models.StageOf(err)), Message: text(remedy.Text(err))}
	return answer{row: row, err: err}
}

// diskError is a picture that can't be written, such as on a full disk.
type diskError struct{ error }

func (d *diskError) Unwrap() error { return d.error }

// unfiled are the rows and images of a run whose output is no folder.
type unfiled struct {
	rows   []rows.Pictures
	images []*preprocess.Image
	bytes  int
}

func (u *unfiled) Write(row rows.Pictures) error {
	u.rows = append(u.rows, row)
	return nil
}

func (u *unfiled) Close() error { return nil }

// maxUnfiled bounds the pixels of what is shown together without being files.
const maxUnfiled = 1 << 30

// add keeps an image for what shows them together.
func (u *unfiled) add(img *preprocess.Image) error {
	u.images = append(u.images, img)
	if u.bytes += len(img.Pix); u.bytes > maxUnfiled {
		return fmt.Errorf("the images have more than %d bytes together, too many for one file: make fewer, or give -o FOLDER", maxUnfiled)
	}
	return nil
}
