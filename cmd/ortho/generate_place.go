package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// destination is where pictures go: to a folder, to one file, or nowhere (a sheet is all
// that is wanted).
type destination struct {
	folder    string
	file      string                // "-": standard output
	animation bool                  // the file is a GIF of all pictures
	format    preprocess.FileFormat // "": the input's, where it can be written, else PNG
	quality   int
	colour    *[3]byte // that pictures with alpha are laid on; nil: they keep it
}

// single reports whether there is one picture.
func (d destination) single() bool { return d.file != "" && !d.animation }

// destinationOf tells what -o means where there is one picture (alone), or are many.
func destinationOf(c *cli.Context, reads *output.Reads, alone, animated bool) (d destination, err error) {
	d.quality = c.Int("quality")
	if d.format, err = givenFormat(c); err != nil {
		return d, err
	}
	if d.colour, err = givenBackground(c); err != nil {
		return d, err
	}
	name := c.String("output")
	ending, formatErr := preprocess.FormatOf(name)
	isFolder := name != "" && os.IsPathSeparator(name[len(name)-1])
	info, statErr := os.Stat(name)
	switch {
	case name == "":
		return d, usagef("-o names no output: give a folder or a file")
	case isFolder || statErr == nil && info.IsDir():
		d.folder = name
	case name == "-":
		d.file = name
		switch {
		case !alone:
			return d, usagef("standard output takes one image, and there are more: give -o FOLDER")
		case term.IsTerminal(c.App.Writer):
			return d, usagef("an image is no text for a terminal: give -o FILE, or redirect standard output")
		}
	case strings.EqualFold(filepath.Ext(name), ".gif"):
		if c.Command.Name == "imagine" {
			return d, usagef("-o %s: one picture is no animation: give an OUT that ends with .png, .jpg, .webp or .tif", name)
		}
		if !animated {
			return d, usagef("-o %s: GIF is for what is made without an image: give an OUT that ends with .png, .jpg, .webp or .tif", name)
		}
		d.file, d.animation = name, true
	case formatErr == nil && !alone:
		if animated {
			return d, usagef("%s is one file, and there are more images: give -o FOLDER, or an animation (-o FILE.gif)", name)
		}
		return d, usagef("%s is one file, and there are more images: give -o FOLDER", name)
	case formatErr == nil:
		if d.format != "" && d.format != ending {
			return d, usagef("--format %s and the name %s say different things", d.format, name)
		}
		d.file, d.format = name, ending
	case statErr == nil:
		return d, fmt.Errorf("output %s is a file: give a folder, or a name that ends with .png, .jpg, .webp or .tif", name)
	case output.NamesFormat(name) || likeFile.MatchString(filepath.Ext(name)):
		return d, usagef("-o %s: no such format: png, jpeg, webp, tiff; a folder is named with a slash at its end", name)
	default:
		d.folder = name
	}
	if d.quality > 0 && (d.animation || d.format == preprocess.PNG || d.format == preprocess.TIFF) {
		return d, usagef("--quality is for JPEG and WebP")
	}
	if d.file != "" && d.file != "-" {
		_, err = reads.Check(d.file, c.Bool("overwrite"))
	}
	return d, err
}

// likeFile is the ending of a name that is not likely to be meant as a new folder's.
var likeFile = regexp.MustCompile(`^\.([A-Za-z]{2,4}|[Jj][Pp]2)$`)

// givenBackground reads --background.
func givenBackground(c *cli.Context) (*[3]byte, error) {
	text := c.String("background")
	if !c.IsSet("background") {
		return nil, nil
	}
	if named, ok := map[string]string{"white": "#ffffff", "black": "#000000"}[text]; ok {
		text = named
	}
	digits, ok := strings.CutPrefix(text, "#")
	if rgb, err := hex.DecodeString(digits); ok && err == nil && len(rgb) == 3 {
		return (*[3]byte)(rgb), nil
	}
	return nil, usagef("--background %q: white, black or #rrggbb", text)
}

// background is --background as the record and text chunks have it.
func (d destination) background() string {
	if d.colour == nil {
		return ""
	}
	return "#" + hex.EncodeToString(d.colour[:])
}

// givenFormat reads --format.
func givenFormat(c *cli.Context) (preprocess.FileFormat, error) {
	if !c.IsSet("format") {
		return "", nil
	}
	format, err := preprocess.FormatOf("x." + c.String("format"))
	if err != nil {
		return "", usagef("--format %q is not one of png, jpeg, webp, tiff", c.String("format"))
	}
	return format, nil
}

// endings are those of files that a format makes.
var endings = map[preprocess.FileFormat]string{preprocess.PNG: ".png", preprocess.JPEG: ".jpg", preprocess.WebP: ".webp", preprocess.TIFF: ".tif"}

// formatFor is the format of a picture made of a file, and the ending to give it; "": the
// file's own.
func (d destination) formatFor(name string) (format preprocess.FileFormat, ending string) {
	own, err := preprocess.FormatOf(path.Base(name))
	switch {
	case err == nil && (d.format == "" || d.format == own):
		return own, ""
	case d.format != "":
		return d.format, endings[d.format]
	}
	return preprocess.PNG, ".png"
}

// makeFolder makes an output folder, if it is not there, but none above it.
func makeFolder(name string) (made bool, err error) {
	if err := os.Mkdir(name, 0o777); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrExist) {
		return false, fmt.Errorf("make the output folder: %w", err)
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return false, fmt.Errorf("output %s is no folder", name)
	}
	return false, nil
}

// checkOutside refuses an output folder within one that images are read from: its pictures
// would be inputs.
func checkOutside(folder string, args []string) error {
	for _, arg := range source.Folders(args) {
		if inside, err := inFolder(arg, folder); err != nil {
			return err
		} else if inside != "" {
			return fmt.Errorf("the output folder %s lies in %s: its pictures would be inputs, too; give one outside", folder, arg)
		}
	}
	return nil
}

// inFolder is a file's path in a folder; "" where it is not in it.
func inFolder(folder, name string) (string, error) {
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

// kept holds the rows of a run that writes none, and what was made without a file.
type kept struct {
	rows   []rows.Pictures
	images []*preprocess.Image
	bytes  int
}

func (k *kept) Write(row rows.Pictures) error {
	k.rows = append(k.rows, row)
	return nil
}

func (k *kept) Close() error { return nil }

// writeFile makes a file that appears when it is complete.
func writeFile(reads *output.Reads, name string, overwrite bool, write func(io.Writer) error) error {
	f, err := reads.Create(name, overwrite)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Discard()
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.Commit()
}
