package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
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

// generation is a run of generate, whatever its images are made of.
type generation struct {
	*generateOptions
	ui       *term.UI
	reads    *output.Reads
	replaces bool // what shows pictures together may take the place of an earlier one

	name   string // of the model
	engine engine
	shelf  *shelf.Shelf
	bar    *term.Progress
	texts  [][2]string // text chunks of every picture
	own    []string    // names in the folder, with slashes, that are no pictures'
	before earlierPictures
	kept   keptImages // where there is no folder to read them back from
}

type answer = job.Answer[rows.Pictures]

// open refuses, before any work, what could not be written, and then calls model, which opens the
// engine.
func (g *generation) open(ctx context.Context, model func(context.Context) error) error {
	if err := g.checkShown(); err != nil {
		return err
	}
	folder := g.to.Folder
	if folder == "" {
		folder = filepath.Dir(g.to.File)
	}
	g.shelf = &shelf.Shelf{Reads: g.reads, Folder: folder, Overwrite: g.to.Mode == record.Overwrite, Again: g.to.Resumes(), Returns: g.images.Watched()}
	if g.to.Mode == record.Update {
		g.shelf.Replaces = g.before.has
	}
	return model(ctx)
}

// checkShown refuses a page or a sheet that would have the name of a picture, or could not be
// written.
func (g *generation) checkShown() error {
	if g.to.Folder != "" {
		g.own = output.Beside(flags.RowsFile)
	}
	if page := g.page.File; page != "" && g.to.Folder != "" {
		inside, err := flags.Inside(g.to.Folder, page)
		if err != nil {
			return err
		}
		if ending := strings.ToLower(filepath.Ext(inside)); inside != "" && ending != ".html" && ending != ".htm" {
			return commandline.Usagef("--html %s lies in the output folder, where pictures and rows have such names: end it with .html", page)
		}
		g.own = append(g.own, filepath.ToSlash(inside))
	}
	return g.checkSheet()
}

// checkSheet refuses a sheet that could not be written, or would have the name of a picture.
func (g *generation) checkSheet() error {
	grid := g.sheet.grid
	switch {
	case grid == nil:
		return nil
	case *grid == g.to.Name:
		return commandline.Usagef("--output and --grid name one file")
	}
	if _, err := sheetFormat(*grid); err != nil {
		return err
	}
	if g.to.Folder != "" {
		if inside, err := flags.Inside(g.to.Folder, *grid); err != nil {
			return err
		} else if sampleName.MatchString(inside) {
			return commandline.Usagef("--grid %s lies in the output folder, where pictures have such names: give another", *grid)
		}
	}
	_, err := g.reads.Check(*grid, g.replaces)
	return err
}

// sampleName is that of a picture that is made without an image.
var sampleName = regexp.MustCompile(`^\d{4,}[-.]`)

// sheetFormat is how the file of --grid is written.
func sheetFormat(name string) (preprocess.FileFormat, error) {
	format, err := preprocess.FormatOf(filepath.Base(name))
	if err != nil {
		return "", commandline.Usagef("--grid %w", err)
	}
	return format, nil
}

// protectFolder makes sure that no picture replaces what the run reads.
func (g *generation) protectFolder(ctx context.Context) (err error) {
	if g.to.Folder == "" || g.to.New {
		return nil
	}
	if g.of == ofImages && g.shelf.Overwrite && g.images.Once() {
		return commandline.Usagef("--overwrite must know what it is not to replace, and paths from a pipe are known too late: give them as a file (@list.txt), or another folder than %s", g.to.Folder)
	}
	if g.shelf.Reads, err = g.reads.In(g.to.Folder); err != nil {
		return err
	}
	if g.shelf.Overwrite || g.to.Resumes() {
		g.before.read(g.to.Folder)
	}
	return ctx.Err()
}

// gone returns a function that reports whether a row's picture does not exist any more, or is damaged. It warns
// of the first.
func (g *generation) gone() func(rows.Pictures) bool {
	var once sync.Once
	return func(row rows.Pictures) bool {
		if !filepath.IsLocal(filepath.FromSlash(row.File)) {
			return false
		}
		picture := filepath.Join(g.to.Folder, filepath.FromSlash(row.File))
		why := beside.Damage(picture, g.before.since)
		if why == "" {
			return false
		}
		once.Do(func() {
			g.ui.Warn(fmt.Sprintf("%s %s: what is missing or damaged is made again", picture, why))
		})
		return true
	}
}

// left says which pictures of earlier runs have no row any more, or removes them, and keeps the others in mind.
func (g *generation) left(all iter.Seq2[rows.Pictures, error]) error {
	if g.to.Folder == "" || g.to.Mode != record.Update && g.to.Mode != record.Overwrite {
		return nil
	}
	failed := map[string]bool{}
	for row, err := range all {
		if err != nil {
			return err
		}
		if g.before.replaced(row.File); row.Error != nil {
			failed[row.Input] = true
		}
	}
	switch {
	case g.to.RemoveGone:
		if err := g.before.remove(g.ui, g.to.Folder, g.shelf.Reads, failed); err != nil {
			return err
		}
	case g.to.Mode == record.Update:
		g.before.tell(g.ui, g.to.Folder)
	}
	return g.before.keep(g.to.Folder)
}

// ended says which pictures --overwrite has left; of an update it is known later.
func (g *generation) ended(error) {
	if g.to.Mode != record.Update {
		g.before.tell(g.ui, g.to.Folder)
	}
}

// close frees the engine, where there is one.
func (g *generation) close() error {
	if g.engine == nil {
		return nil
	}
	return g.engine.Close()
}

// failed frees what was opened for a run that can't begin.
func (g *generation) failed(err error) error {
	return errors.Join(err, g.close())
}

// tell prints what was written, unless the run is quiet.
func (g *generation) tell(file, format string, args ...any) {
	if !g.progress.Quiet {
		g.ui.Info(file + ": " + fmt.Sprintf(format, args...))
	}
}

// tellSize prints the size of the only picture.
func (g *generation) tellSize(width, height int) {
	if g.to.Single() && g.to.File != "-" {
		g.tell(g.to.File, "%dx%d", width, height)
	}
}

// how is the provider, threads and concurrency of the run.
func (g *generation) how() record.Speed {
	return job.How(g.engine.Session(), 1, g.engine.Concurrency())
}

// describe makes the record of the run: all that its pictures depend on.
func (g *generation) describe(ctx context.Context, more record.Settings) (record.Record, error) {
	quality := ""
	if n := g.to.Quality; n > 0 {
		quality = strconv.Itoa(n)
	}
	settings := append(record.Settings{
		{Key: "format", Value: string(g.to.Format)},
		{Key: "quality", Value: quality},
	}, more...)
	settings = append(settings,
		record.Setting{Key: "max-pixels", Value: strconv.FormatInt(g.maxPixels.Pixels, 10)},
		record.Setting{Key: "JPEG decoder", Value: preprocess.JPEGDecoder().Name})
	return g.engine.record(ctx, append(settings, g.session.Settings()...))
}

// draft is a picture that is complete, but has not appeared yet. The zero draft is none.
type draft struct {
	width, height int
	file          *shelf.File
	bytes         *bytes.Buffer // of standard output, in place of file
}

// begin returns what takes the bytes of a picture. input is the file that it is made of.
func (g *generation) begin(d *draft, name, input string) (io.Writer, error) {
	if g.to.File == "-" {
		d.bytes = new(bytes.Buffer)
		return d.bytes, nil
	}
	var err error
	if d.file, err = g.shelf.Create(name, input); err != nil {
		return nil, models.StageWrite.Wrap(err)
	}
	return d.file, nil
}

// complete puts a whole picture on the disk, or nothing of it.
func (d *draft) complete(err error) error {
	if d.file == nil {
		return err
	}
	if err == nil {
		err = d.file.Complete()
	}
	if d.file.Failed() != nil {
		err = d.file.Failed()
	}
	if err != nil {
		d.file.Discard()
	}
	return err
}

func (d *draft) discard() {
	if d.file != nil {
		d.file.Discard()
	}
}

// place makes a complete picture appear under its name, and makes its row. A full disk ends the
// run.
func (g *generation) place(row rows.Pictures, picture draft, err error) answer {
	if err == nil && picture.file != nil {
		// A run that goes on makes a picture again where it is damaged, or its input has changed. One of another
		// input stays: a row names it.
		picture.file.Made = g.before.made(row.File, row.Input)
		if err = picture.file.Commit(); err != nil && !errors.Is(err, shelf.ErrExists) {
			return answer{End: err}
		} else if err != nil {
			err = models.StageWrite.Wrap(err)
		}
	}
	if err == nil && picture.bytes != nil {
		if _, err := g.ui.Out.Write(picture.bytes.Bytes()); err != nil {
			return answer{End: err}
		}
	}
	if err == nil {
		g.before.replaced(row.File)
		return answer{Row: row}
	}
	if _, full := errors.AsType[*output.DiskError](err); full {
		return answer{End: err}
	}
	err = fmt.Errorf("%s: %w", row.Input, err)
	if g.to.Folder == "" { // no row would show it
		return answer{End: err}
	}
	row.Width, row.Height = 0, 0
	row.File = ""
	row.Error = &output.Error{Kind: string(models.StageOf(err)), Message: term.UTF8(remedy.Text(err))}
	return answer{Row: row, Err: err}
}

// maxShown bounds the bytes of the pixels of what is shown together.
const maxShown = 1 << 30

// keptImages are the images of a run that has no folder for them.
type keptImages struct {
	all   []*preprocess.Image
	bytes int
}

func (k *keptImages) add(img *preprocess.Image) error {
	k.all = append(k.all, img)
	if k.bytes += len(img.Pix); k.bytes > maxShown {
		return fmt.Errorf("the images have more than %d bytes together, too many for one file: make fewer, or give -o FOLDER", maxShown)
	}
	return nil
}

// readBack decodes a picture that was written.
func (g *generation) readBack(ctx context.Context, row rows.Pictures) (*preprocess.Image, error) {
	if !filepath.IsLocal(filepath.FromSlash(row.File)) {
		return nil, fmt.Errorf("the row of %s names no picture", row.Input)
	}
	name := filepath.Join(g.shelf.Folder, filepath.FromSlash(row.File))
	item := source.File(name)
	data, err := item.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{MaxPixels: limitOfOurs})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.Image, nil
}

// limitOfOurs bounds the pixels of pictures that are read back: inputs may be enlarged.
const limitOfOurs = 1 << 30
