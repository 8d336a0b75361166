package flags

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// Destination says where pictures go: to a folder, to one file, or nowhere, and how they are
// written. [Destination.Settle] decides what -o names, once it is known what the pictures are. A
// command that has fewer flags than these defines them itself.
type Destination struct {
	// CutOut is set by a command whose pictures are of one frame each, have their input's size, and of which it
	// says itself what they are laid on.
	CutOut bool

	Name string // as it was given; "": it was not

	Folder    string
	New       bool                  // the folder is not there yet
	File      string                // "-": standard output
	Animation bool                  // the file is a GIF of all pictures
	Format    preprocess.FileFormat // "": the input's, where it can be written, else PNG
	Quality   int                   // 0: the format's own
	Color     *[3]byte              // that pictures with alpha are laid on; nil: they keep it
	KeepSize  bool                  // pictures are brought back to their input's size
	Strip     bool                  // pictures get none of their input's metadata
	First     bool                  // of several pictures in a file the first alone is taken
	Earlier

	named bool
	call  *Call
}

func (d *Destination) Flags() []cli.Flag {
	const out = "Output"
	all := []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "`OUT`: a folder; a file where there is one image; an animation (.gif); - is standard output"},
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Category: out, DefaultText: "by the ending of OUT; in a folder the input's, else png", Usage: "`FORMAT`: png, jpeg, webp or tiff"},
		&cli.IntFlag{Name: "quality", Category: out, DefaultText: "jpeg: 90, webp: lossless", Usage: "`Q` (1 to 100) of JPEG and WebP"},
		&cli.BoolFlag{Name: "keep-size", Category: out, Usage: "bring images back to their input's size"},
		&cli.BoolFlag{Name: "strip", Category: out, Usage: "leave out the metadata of images: EXIF (with places), XMP, resolution, texts"},
		&cli.BoolFlag{Name: "first-frame", Category: out, Usage: "of animations and of TIFF's pages make the first alone"},
		&cli.StringFlag{Name: "background", Category: out, DefaultText: "none: alpha is kept", Usage: "`COLOR` (white, black or #rrggbb) that images with alpha are laid on"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace existing files, but never what the run reads"},
		&cli.BoolFlag{Name: "resume", Category: out, Usage: "continue in the folder OUT where a run that was interrupted ended; start where none was, do nothing where it is complete"},
		&cli.BoolFlag{Name: "retry-failed", Category: out, Usage: "as --resume, and redo the images that failed, also those of a complete run"},
		&cli.BoolFlag{Name: "update", Category: out, Usage: "bring the folder OUT up to date: make what is new, has changed (see --check-inputs), failed or is missing, keep the other pictures; start where no run was"},
		&cli.BoolFlag{Name: "keep-gone", Category: out, Usage: "with --update, keep the rows of inputs that are gone, behind all others; without it their pictures stay without a row"},
		&cli.BoolFlag{Name: "remove-gone", Category: out, Usage: "with --update, remove the pictures of inputs that are gone"},
		recordFlag(),
	}
	if d.CutOut {
		all = slices.DeleteFunc(all, func(f cli.Flag) bool {
			return slices.Contains([]string{"keep-size", "first-frame", "background"}, f.Names()[0])
		})
	}
	return all
}

func (d *Destination) Read(c *Call) (err error) {
	d.call, d.Name, d.named = c, c.line.String("output"), c.Given("output")
	d.KeepSize, d.Strip, d.Quality = c.line.Bool("keep-size"), c.line.Bool("strip"), c.line.Int("quality")
	d.First = c.line.Bool("first-frame")
	if c.Given("quality") && (d.Quality < 1 || d.Quality > 100) {
		return commandline.Usagef("--quality %d: from 1 to 100", d.Quality)
	}
	if d.Format, err = givenFormat(c); err != nil {
		return err
	}
	if !d.CutOut {
		if d.Color, err = givenBackground(c); err != nil {
			return err
		}
	}
	return d.Earlier.read(c)
}

// givenFormat reads --format.
func givenFormat(c *Call) (preprocess.FileFormat, error) {
	if !c.Given("format") {
		return "", nil
	}
	format, err := preprocess.FormatOf("x." + c.line.String("format"))
	if err != nil {
		return "", commandline.OneOf("format", c.line.String("format"), "png", "jpeg", "webp", "tiff")
	}
	return format, nil
}

// givenBackground reads --background.
func givenBackground(c *Call) (*[3]byte, error) {
	if !c.Given("background") {
		return nil, nil
	}
	text := c.line.String("background")
	if color, ok := overlay.ParseColor(text); ok {
		return &color, nil
	}
	return nil, commandline.Usagef("--background %q: white, black or #rrggbb", text)
}

// Given reports whether pictures go anywhere.
func (d *Destination) Given() bool { return d.named }

// Settle decides what -o means, for one picture (alone) or for many; still says why they
// can't be an animation, and is "" where they can. It refuses what can't be written, or
// would replace what is read.
func (d *Destination) Settle(alone bool, still string) error {
	ending, formatErr := preprocess.FormatOf(d.Name)
	isFolder := d.Name != "" && os.IsPathSeparator(d.Name[len(d.Name)-1])
	info, statErr := os.Stat(d.Name)
	switch {
	case d.Name == "":
		return commandline.Usagef("-o names no output: give a folder or a file")
	case isFolder || statErr == nil && info.IsDir():
		d.Folder = d.Name
	case d.Name == "-":
		d.File = d.Name
		switch {
		case !alone:
			return commandline.Usagef("standard output takes one image, and there are more: give -o FOLDER")
		case term.IsTerminal(d.call.Out):
			return commandline.Usagef("an image is no text for a terminal: give -o FILE, or redirect standard output")
		}
	case strings.EqualFold(filepath.Ext(d.Name), ".gif"):
		if still != "" {
			return commandline.Usagef("-o %s: %s: give an OUT that ends with .png, .jpg, .webp or .tif", d.Name, still)
		}
		d.File, d.Animation = d.Name, true
	case formatErr == nil && !alone:
		if still == "" {
			return commandline.Usagef("%s is one file, and there are more images: give -o FOLDER, or an animation (-o FILE.gif)", d.Name)
		}
		return commandline.Usagef("%s is one file, and there are more images: give -o FOLDER", d.Name)
	case formatErr == nil:
		if d.Format != "" && d.Format != ending {
			return commandline.Usagef("--format %s and the name %s say different things", d.Format, d.Name)
		}
		d.File, d.Format = d.Name, ending
	case statErr == nil:
		return fmt.Errorf("output %s is a file: give a folder, or a name that ends with .png, .jpg, .webp or .tif", d.Name)
	case output.NamesFormat(d.Name) || likeFile.MatchString(filepath.Ext(d.Name)):
		return commandline.Usagef("-o %s: no such format: png, jpeg, webp, tiff; a folder is named with a slash at its end", d.Name)
	default:
		d.Folder = d.Name
	}
	d.New = d.Folder != "" && statErr != nil
	if d.Quality > 0 && (d.Animation || d.Format == preprocess.PNG || d.Format == preprocess.TIFF) {
		return commandline.Usagef("--quality is for JPEG and WebP")
	}
	if _, err := os.Stat(filepath.Dir(d.File)); d.File != "" && errors.Is(err, fs.ErrNotExist) {
		return d.call.Reads.Refuse(d.File) // its folder is made with it
	}
	if d.File != "" && d.File != "-" {
		_, err := d.call.Reads.Check(d.File, d.Mode == record.Overwrite)
		return err
	}
	return nil
}

// likeFile is the ending of a name that is not likely to be meant as a new folder's.
var likeFile = regexp.MustCompile(`^\.([A-Za-z]{2,4}|[Jj][Pp]2)$`)

// Single reports whether there is one picture.
func (d *Destination) Single() bool { return d.File != "" && !d.Animation }

// Rows are those of a folder, in a file in it; else they have no file.
func (d *Destination) Rows() *Rows {
	if d.Folder == "" {
		return &Rows{Earlier: d.Earlier, ByDefault: d.call.byDefault}
	}
	return &Rows{File: filepath.Join(d.Folder, RowsFile), Format: "jsonl", Earlier: d.Earlier, ByDefault: d.call.byDefault}
}

// RowsFile is the file of a folder's rows.
const RowsFile = "ortho.jsonl"

// Outputs are the rows of a folder.
func (*Destination) Outputs(c *Call) []string {
	if name := c.line.String("output"); name != "" {
		return []string{filepath.Join(name, RowsFile)}
	}
	return nil
}

// Background is --background as records and text chunks have it.
func (d *Destination) Background() string {
	if d.Color == nil {
		return ""
	}
	return "#" + hex.EncodeToString(d.Color[:])
}

// Endings are those of files that a format makes.
var Endings = map[preprocess.FileFormat]string{preprocess.PNG: ".png", preprocess.JPEG: ".jpg", preprocess.WebP: ".webp", preprocess.TIFF: ".tif"}

// FormatFor is the format of a picture made of a file, and the ending to give it; "": the
// file's own.
func (d *Destination) FormatFor(name string) (format preprocess.FileFormat, ending string) {
	own, err := preprocess.FormatOf(path.Base(name))
	switch {
	case err == nil && (d.Format == "" || d.Format == own):
		return own, ""
	case d.Format != "":
		return d.Format, Endings[d.Format]
	}
	return preprocess.PNG, ".png"
}

// Outside refuses a folder within one that images are read from: its pictures would be
// inputs.
func (d *Destination) Outside(i *Images) error {
	if d.Folder == "" {
		return nil
	}
	for _, from := range i.Folders() {
		if inside, err := Inside(from, d.Folder); err != nil {
			return err
		} else if inside != "" {
			return fmt.Errorf("the output folder %s lies in %s: its pictures would be inputs, too; give one outside", d.Folder, from)
		}
	}
	return nil
}

// Inside is a file's path in a folder; "" where it is not in it.
func Inside(folder, name string) (string, error) {
	outer, err := output.RealPath(folder)
	if err != nil {
		return "", err
	}
	inner, err := output.RealPath(name)
	if err != nil {
		return "", err
	}
	if inside, err := filepath.Rel(outer, inner); err == nil && filepath.IsLocal(inside) {
		return inside, nil
	}
	return "", nil
}

// MakeFolder makes an output folder, and those above it, where they are not there; top is the topmost that
// was made, "" where none was. See [UnmakeFolder].
func MakeFolder(name string) (top string, err error) {
	folder := filepath.Clean(name)
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		top = at
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		if info, failed := os.Stat(folder); failed == nil && !info.IsDir() {
			return "", fmt.Errorf("output %s is no folder", name)
		}
		UnmakeFolder(folder, top)
		return "", fmt.Errorf("make the output folder: %w", err)
	}
	return top, nil
}

// UnmakeFolder removes folders that MakeFolder has made, as far as they are empty.
func UnmakeFolder(name, top string) {
	for at := filepath.Clean(name); top != ""; at = filepath.Dir(at) {
		os.Remove(at)
		if at == top || at == filepath.Dir(at) {
			return
		}
	}
}
