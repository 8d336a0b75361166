package main

import (
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/sheet"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// checkSheet refuses, before any work, a sheet that could not be written.
func (g *generation) checkSheet() error {
	c := g.c
	switch {
	case c.Int("columns") < 0 || c.Int("columns") > 10_000:
		return usagef("--columns %d: from 1 to 10000", c.Int("columns"))
	case c.Int("scale") < 0 || c.Int("scale") > 64:
		return usagef("--scale %d: from 1 to 64", c.Int("scale"))
	case !c.IsSet("grid") && (c.IsSet("columns") || c.IsSet("scale")):
		return usagef("--columns and --scale are for --grid")
	case !c.IsSet("grid"):
		return nil
	case c.String("grid") == c.String("output"):
		return usagef("--output and --grid name one file")
	}
	if _, err := sheetFormat(c.String("grid")); err != nil {
		return err
	}
	if g.to.folder != "" {
		if inside, err := inFolder(g.to.folder, c.String("grid")); err != nil {
			return err
		} else if sampleName.MatchString(inside) {
			return usagef("--grid %s lies in the output folder, where pictures have such names: give another", c.String("grid"))
		}
	}
	_, err := g.reads.Check(c.String("grid"), g.mayReplace())
	return err
}

// sampleName is that of a picture that is made without an image.
var sampleName = regexp.MustCompile(`^\d{4,}[-.]`)

// sheetFormat is how the file of --grid is written.
func sheetFormat(name string) (preprocess.FileFormat, error) {
	format, err := preprocess.FormatOf(filepath.Base(name))
	if err != nil {
		return "", usagef("--grid %w", err)
	}
	return format, nil
}

// mayReplace tells whether what is made at the end may take the place of an earlier one.
func (g *generation) mayReplace() bool {
	return g.c.Bool("overwrite") || g.c.Bool("resume") || g.c.Bool("retry-failed")
}

// limitOfOurs bounds the pixels of pictures that are read back: inputs may be enlarged.
const limitOfOurs = 1 << 30

// made yields the pictures of a run whose rows are all there, those of earlier runs among
// them, in their order.
func (g *generation) made() iter.Seq2[*preprocess.Image, error] {
	return func(yield func(*preprocess.Image, error) bool) {
		if g.rows != nil {
			for _, img := range g.rows.images {
				if !yield(img, nil) {
					return
				}
			}
			return
		}
		f, err := os.Open(g.out.name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			yield(nil, err)
			return
		}
		for row, err := range output.Read("jsonl", f, info.Size()) {
			var img *preprocess.Image
			if err == nil {
				if row.Error != nil {
					continue
				}
				img, err = g.readBack(row)
			}
			if !yield(img, err) || err != nil {
				return
			}
		}
	}
}

// readBack decodes a picture that was written.
func (g *generation) readBack(row output.Row) (*preprocess.Image, error) {
	if row.Picture == nil || !filepath.IsLocal(filepath.FromSlash(row.File)) {
		return nil, fmt.Errorf("the row of %s names no picture", row.Input)
	}
	name := filepath.Join(g.shelf.Folder, filepath.FromSlash(row.File))
	item := source.File(name)
	data, err := item.Read(g.c.Context)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{MaxPixels: limitOfOurs})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.Image, nil
}

func layoutOf(c *cli.Context, p *plan) sheet.Layout {
	layout := sheet.Layout{Columns: c.Int("columns"), Scale: c.Int("scale"), MaxPixels: c.Int64("max-pixels")}
	if layout.Columns == 0 && len(p.subjects) > 1 && p.each > 1 {
		layout.Columns = p.each
	}
	return layout
}

func (g *generation) writeSheet(p *plan) error {
	c := g.c
	var all []*preprocess.Image
	bytes := 0
	for img, err := range g.made() {
		if err != nil {
			return err
		}
		all = append(all, img)
		if bytes += len(img.Pix); bytes > maxKept {
			return fmt.Errorf("the images have more than %d bytes together, too many for one sheet", maxKept)
		}
	}
	img, err := sheet.Make(all, layoutOf(c, p))
	if err != nil {
		return err
	}
	format, err := sheetFormat(c.String("grid"))
	if err != nil {
		return err
	}
	if err := writeFile(g.reads, c.String("grid"), g.mayReplace(), func(w io.Writer) error {
		return encode(w, img, preprocess.FileOptions{Format: format, Text: g.texts})
	}); err != nil {
		return err
	}
	g.tell(c.String("grid"), "%s, %dx%d", term.Images(int64(len(all))), img.Width, img.Height)
	return nil
}
