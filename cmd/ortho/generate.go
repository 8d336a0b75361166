package main

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/runner"
)

func newGenerateCommand() *cli.Command {
	const in, made, out = "Input", "What is made without an image", "Output"
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "stdin-paths", Category: in, Usage: "read paths from standard input, one a line"},
		&cli.BoolFlag{Name: "0", Category: in, Usage: "paths in lists and on standard input end with NUL"},
		&cli.StringFlag{Name: "shard", Category: in, DefaultText: "all", Usage: "`I/N`: only the images numbered I, I+N, I+2N, ... (from 0); auto or auto/N in a task of a Slurm, Kubernetes or AWS Batch array job"},
		maxPixelsFlag(),
		failFastFlag(),
		&cli.StringSliceFlag{Name: "text", Category: made, Usage: "`WORDS` that the image is made from; may be repeated"},
		&cli.StringFlag{Name: "texts", Category: made, Usage: "a `FILE` with a text a line; - is standard input"},
		&cli.StringSliceFlag{Name: "class", Category: made, Usage: "a class by its `INDEX` or label; may be repeated"},
		&cli.Uint64Flag{Name: "seed", Category: made, DefaultText: "drawn, and told", Usage: "`NUMBER` that all chance follows from: image i of a text or class has the seed + i, and is the same on every run"},
		&cli.IntFlag{Name: "count", Aliases: []string{"n"}, Value: 1, Category: made, Usage: "images of each text or class"},
		&cli.Float64Flag{Name: "truncation", Category: made, DefaultText: "none", Usage: "`T` (0 to 1): less variety, and fewer failures: latents beyond 2 are drawn anew, then multiplied by T"},
		&cli.StringFlag{Name: "latents", Category: made, Usage: "an .npy `FILE` with the latents of an image a row, in place of the seed's"},
		&cli.StringFlag{Name: "interpolate", Category: made, Usage: "`A,B`: go from the latents of seed A to those of seed B (of --latents: from row A to row B), in --frames steps"},
		&cli.IntFlag{Name: "frames", Value: 24, Category: made, Usage: "images of --interpolate, both ends among them"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "`OUT`: a folder; a file where there is one image; an animation (.gif); - is standard output"},
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Category: out, DefaultText: "by the ending of OUT; in a folder the input's, else png", Usage: "`FORMAT`: png, jpeg, webp or tiff"},
		&cli.IntFlag{Name: "quality", Category: out, DefaultText: "jpeg: 90, webp: lossless", Usage: "`Q` (1 to 100) of JPEG and WebP"},
		&cli.BoolFlag{Name: "keep-size", Category: out, Usage: "bring images back to their input's size"},
		&cli.StringFlag{Name: "background", Category: out, DefaultText: "none: alpha is kept", Usage: "`COLOR` (white, black or #rrggbb) that images with alpha are laid on"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace existing files, but never what the run reads"},
		&cli.BoolFlag{Name: "resume", Category: out, Usage: "continue in the folder OUT where a run that was interrupted ended; start where none was, do nothing where it is complete"},
		&cli.BoolFlag{Name: "retry-failed", Category: out, Usage: "as --resume, and redo the images that failed, also those of a complete run"},
		&cli.StringFlag{Name: "grid", Category: out, Usage: "also show what was made without an image on one sheet, the image `FILE`"},
		&cli.IntFlag{Name: "columns", Category: out, DefaultText: "a row for each text or class, else a square", Usage: "columns of --grid"},
		&cli.IntFlag{Name: "scale", Category: out, DefaultText: "so that small images are about 112 pixels", Usage: "enlarge the pixels of --grid `N` times"},
		&cli.IntFlag{Name: "fps", Value: 12, Category: out, Usage: "images a second of an animation (1 to 50)"},
		&cli.StringFlag{Name: "html", Category: out, Usage: "also write a page to `FILE`, which shows the first images (before and after) and needs no network"},
		progressFlag(),
		&cli.StringFlag{Name: "tile", Category: categoryRun, DefaultText: "as the model says", Usage: "large images run in tiles of `N`xN pixels, which bounds memory; -1: never"},
		&cli.IntFlag{Name: "tile-overlap", Category: categoryRun, DefaultText: "as the model says", Usage: "`N` pixels that neighbouring tiles share, and are blended over"},
		&cli.StringFlag{Name: "model", Aliases: []string{"m"}, Category: categoryModel, DefaultText: defaultUpscaler + " for images, " + defaultDrawer + " for texts and classes", Usage: "a bundled `NAME`, a model folder, a pipeline's folder, or an .onnx file"},
	}
	return &cli.Command{
		Name:      "generate",
		Usage:     "make images: of images, texts, classes or chance",
		ArgsUsage: "[SRC... | TEXT]",
		Description: "Runs a graph whose output is an image. Which kind the model is, its inputs tell:\n\n" +
			"  ortho generate photo.jpg -o large.png                  enlarges a photograph 4 times\n" +
			"  ortho generate -m candy.onnx --input-range 0,255 --output-range 0,255 photos -o OUT\n" +
			"  ortho generate --text \"a bold slanted seven\" -o seven.png  draws what a text says\n" +
			"  ortho generate --class 7 -n 16 --seed 3 --grid sheet.png   16 of a class on one sheet\n" +
			"  ortho generate -m gan.onnx --interpolate 1,2 -o between.gif from one seed to another\n\n" +
			"SRC is as in classify: files, folders, .tar archives, globs, @list.txt or - (an image on standard input).\n" +
			"EXIF orientation is applied, alpha is kept (JPEG has none: give --background), and so is the colour profile.\n" +
			"Large images run in tiles whose seams are blended, one a core; an image that is not cut has all cores in one\n" +
			"run, unless --threads or --concurrency say otherwise.\n\n" +
			"A Stable Diffusion pipeline, as Optimum and older diffusers export it, is a folder with a model_index.json. It makes\n" +
			"images of a text, in steps:\n\n" +
			"  ortho generate -m sd-turbo \"a red fox in snow\" -o fox.png\n" +
			"  ortho generate -m sd15 -n 4 --seed 7 --steps 25 --scheduler dpm++2m-karras --size 768x512 \"a red fox\" -o OUT\n" +
			"  ortho generate -m sd15 --image photo.jpg --strength 0.6 --negative blurry \"an oil painting\" -o painted.png\n\n" +
			"What is left open is as the pipeline's files say, else as diffusers has it: ortho inspect -m DIR shows it, and what a\n" +
			"folder lacks. A seed draws what it draws in diffusers on the CPU; beside --latents it is 0, unless one is given. With\n" +
			"--mask, --image changes only where the mask is white. One image is made at a time, with all cores unless --threads\n" +
			"says otherwise; --low-memory has one graph in memory at a time, and takes\n" +
			"8 images through each: an interruption loses those. Of a text that is too long the end is not seen, and\n" +
			"is told. No safety checker is run.\n\n" +
			"A text is refused where the model knows none of its words that say what to draw; words that it does not know are told.\n\n" +
			"OUT is a file where SRC is one file, or one image is made, and OUT ends with .png, .jpg, .webp or .tif. Else\n" +
			"it is a folder, made if need be (a new one with an ending is named with a slash: v1.new/). In it, pictures lie\n" +
			"as their inputs do in the folder or archive that was named (an archive becomes a folder of its name), those\n" +
			"made without an image are called 0000-seven.png. Where two inputs would have one name, the second fails,\n" +
			"unless the first did. OUT/ortho.jsonl has a row for each: input, file, width, height, and seed, text and\n" +
			"class, or why it failed. An image that fails costs its own row, never the run.\n\n" +
			"What exists is not replaced without --overwrite. Files appear when they are complete; a run that was\n" +
			"interrupted, killed too, is continued by --resume, if model, settings, ONNX Runtime and inputs are the same;\n" +
			"pictures that are not there any more are made again.\n\n" +
			"PNG files tell how they were made, in text chunks: Software, ortho:model, ortho:model-sha256, ortho:provider,\n" +
			"and as they apply ortho:input (the file's name), ortho:tile, ortho:tile-overlap, ortho:keep-size,\n" +
			"ortho:background, ortho:seed, ortho:text, ortho:class, ortho:label, ortho:truncation, ortho:latents-sha256,\n" +
			"ortho:latents-row and ortho:interpolate; and the flags given of how the model is read (ortho:output-range, ...). Of a\n" +
			"pipeline they are ortho:negative, ortho:steps, ortho:guidance, ortho:scheduler, ortho:strength, ortho:image-sha256\n" +
			"and ortho:mask-sha256, too, and ortho:model-sha256 is that of the lines that sha256sum prints of all its files that an\n" +
			"image follows from, in the order of their paths (OUT/ortho.jsonl.run.json lists them). They hold no time: the same\n" +
			"command writes the same bytes.",
		Flags:  slices.Concat(flags, pipelineFlags(), sessionFlags(), settingFlags(models.Generate)),
		Action: generateAction,
	}
}

// The models that are used where none is named.
const defaultUpscaler, defaultDrawer = "span-x4", "glyphs"

// generation is a run of generate.
type generation struct {
	c         *cli.Context
	options   generate.Options
	reads     *output.Reads
	name      string // of the model
	engine    engine
	to        destination
	shelf     *shelf.Shelf
	out       *results[rows.Pictures]
	rows      *kept // of a run that writes none, with its pictures
	page      *gallery[rows.Pictures]
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

func generateAction(c *cli.Context) error {
	if task := c.String("task"); c.IsSet("task") && task != string(models.Generate) {
		return usagef("--task %s: ortho generate runs generators only; for classifiers there is ortho classify", task)
	}
	if isPipeline(c.String("model")) {
		return generateOfPipeline(c)
	}
	if err := checkIndex(c.String("model")); err != nil { // before its flags are found to be another kind of model's
		return err
	}
	if err := checkGraphFlags(c); err != nil {
		return err
	}
	options, err := generateOptions(c)
	if err != nil {
		return err
	}
	if c.NArg() > 0 || c.Bool("stdin-paths") {
		return generateOfImages(c, options)
	}
	return generateSamples(c, options)
}

func generateOptions(c *cli.Context) (o generate.Options, err error) {
	if o.Runner, err = runnerOptions(c); err != nil {
		return o, err
	}
	if c.IsSet("tile") {
		if o.Tile, err = strconv.Atoi(c.String("tile")); err != nil || o.Tile < -1 || o.Tile == 0 || o.Tile > 1<<16 {
			return o, usagef("--tile %q: pixels, up to 65536, or -1 to never cut images", c.String("tile"))
		}
	}
	if o.Overlap = c.Int("tile-overlap"); o.Overlap < 0 || o.Overlap > 1<<15 {
		return o, usagef("--tile-overlap %d: from 0 to 32768 pixels", o.Overlap)
	}
	if q := c.Int("quality"); c.IsSet("quality") && (q < 1 || q > 100) {
		return o, usagef("--quality %d: from 1 to 100", q)
	}
	o.Concurrency, o.KeepSize = c.Int("concurrency"), c.Bool("keep-size")
	return o, nil
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
	if g.page, err = openGallery[rows.Pictures](g.c, g.reads); err != nil {
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
		g.out = &results[rows.Pictures]{codec: rows.PicturesCodec, format: "jsonl", unit: "image", stream: g.rows}
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
	run, err := openRun(g.c, g.reads, rows.PicturesCodec, name, "jsonl", mode)
	if err != nil {
		return err
	}
	var once sync.Once
	run.Gone = func(row rows.Pictures) bool {
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
	g.out = &results[rows.Pictures]{codec: rows.PicturesCodec, format: "jsonl", unit: "image", name: name, folder: g.to.folder, run: run}
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
func (g *generation) write(unit string, count func(stop func() bool) (int64, bool), answers iter.Seq[answer[rows.Pictures]]) error {
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
func (g *generation) place(row rows.Pictures, file *shelf.File, err error) answer[rows.Pictures] {
	if err == nil && file != nil {
		if err = file.Commit(); err != nil && !errors.Is(err, shelf.ErrExists) {
			return answer[rows.Pictures]{end: err}
		} else if err != nil {
			err = &stepError{"write", err}
		}
	}
	if err == nil {
		return answer[rows.Pictures]{row: row}
	}
	if _, full := errors.AsType[*diskError](err); full {
		return answer[rows.Pictures]{end: err}
	}
	err = fmt.Errorf("%s: %w", row.Input, err)
	if g.out.run == nil { // no row would tell
		return answer[rows.Pictures]{end: err}
	}
	row.File, row.Width, row.Height = "", 0, 0
	row.Error = &output.Error{Kind: generateErrorKind(err), Message: text(err.Error())}
	return answer[rows.Pictures]{row: row, err: err}
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
