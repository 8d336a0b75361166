package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
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
		for row, err := range g.out.codec.Read("jsonl", f, info.Size()) {
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
func (g *generation) readBack(row rows.Pictures) (*preprocess.Image, error) {
	if !filepath.IsLocal(filepath.FromSlash(row.File)) {
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

// showSamples writes the animation, the sheet and the page of what was made.
func (g *generation) showSamples(p *plan) error {
	c := g.c
	if g.to.animation {
		if err := writeFile(g.reads, g.to.file, c.Bool("overwrite"), func(w io.Writer) error { return sheet.WriteGIF(w, g.rows.images, c.Int("fps")) }); err != nil {
			return err
		}
		if all := g.rows.images; len(all) > 0 {
			g.tell(g.to.file, "%s of %dx%d", term.Images(int64(len(all))), all[0].Width, all[0].Height)
		}
	}
	if c.IsSet("grid") {
		if err := g.writeSheet(p); err != nil {
			return fmt.Errorf("make %s: %w", c.String("grid"), err)
		}
	}
	if g.page == nil {
		return nil
	}
	at := 0
	if g.rows != nil {
		g.page.rows = g.rows.rows
	}
	return g.page.write(c, "What "+g.name+" makes", g.out, 1, func(_ context.Context, row rows.Pictures, _ source.Item) report.Card {
		card := report.Card{Name: row.Input, Note: noteOf(row)}
		if row.Error != nil {
			card.Error = row.Error.Message
			return card
		}
		var img *preprocess.Image
		var err error
		if g.rows != nil && g.rows.images != nil {
			img = g.rows.images[at]
			at++
		} else if img, err = g.readBack(row); err != nil {
			card.Picture.Missing = err.Error()
			return card
		}
		card.Picture = shown(img)
		return card
	})
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

// noteOf says what a picture was made of.
func noteOf(row rows.Pictures) string {
	p := row.Picture
	var parts []string
	if p.Text != "" {
		parts = append(parts, fmt.Sprintf("\u201c%s\u201d", p.Text))
	}
	if p.Class != nil {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("class %d %s", *p.Class, p.Label)))
	}
	if p.Seed != nil {
		parts = append(parts, fmt.Sprintf("seed %d", *p.Seed))
	}
	if d := p.Diffusion; d != nil {
		parts = append(parts, fmt.Sprintf("%s of %s, guidance %s", term.Counted(int64(d.Steps), "step"), d.Scheduler, term.Decimal(d.Guidance)))
	}
	if l := p.Latents; l != nil && l.At != nil {
		parts = append(parts, fmt.Sprintf("%v of the way from %d to %d", *l.At, l.From, *l.To))
	} else if l != nil {
		parts = append(parts, fmt.Sprintf("latents of row %d", l.From))
	}
	return strings.Join(parts, ", ")
}

// The edges of what a page shows, in pixels: of a whole picture, and of a detail.
const shownEdge, detailEdge = 320, 320

// shown is a picture for a page: small ones enlarged, large ones made smaller.
func shown(img *preprocess.Image) report.Picture {
	if scale := sheet.AutoScale(img.Width, img.Height); scale > 1 {
		return report.ShowPixels(img, scale)
	}
	width, height := fitted(img.Width, img.Height, shownEdge)
	return report.ShowImage(preprocess.Resample(img, width, height, preprocess.Lanczos), 88)
}

// fitted is a size with no edge longer than edge, and of the same ratio.
func fitted(width, height, edge int) (int, int) {
	scale := min(1, float64(edge)/float64(max(width, height)))
	return max(1, int(math.Round(float64(width)*scale))), max(1, int(math.Round(float64(height)*scale)))
}

// showChanges writes the page of what images were and became.
func (g *generation) showChanges(orientation preprocess.Orientation) error {
	if g.page == nil {
		return nil
	}
	if g.rows != nil {
		g.page.rows = g.rows.rows
	}
	return g.page.write(g.c, "What "+g.name+" makes", g.out, 1, func(ctx context.Context, row rows.Pictures, item source.Item) report.Card {
		card := report.Card{Name: row.Input}
		if row.Error != nil {
			card.Error = row.Error.Message
			return card
		}
		after, err := g.readBack(row)
		if err != nil {
			card.Picture.Missing = err.Error()
			return card
		}
		card.Picture = shown(after)
		data, err := item.Read(ctx)
		if err != nil {
			card.Note = "the input can't be shown: " + err.Error()
			return card
		}
		before, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: orientation, MaxPixels: g.c.Int64("max-pixels")})
		if err != nil {
			card.Note = "the input can't be shown: " + err.Error()
			return card
		}
		card.Note = fmt.Sprintf("%dx%d, made %dx%d", before.Width, before.Height, after.Width, after.Height)
		card.Change = changeOf(before.Image, after)
		return card
	})
}

// changeOf shows both images at one size and, of larger ones, the detail in which most
// happens: after's own pixels, and before's enlarged to them by bicubic interpolation.
func changeOf(before, after *preprocess.Image) *report.Change {
	width, height := fitted(after.Width, after.Height, shownEdge)
	change := &report.Change{
		Before: report.ShowImage(preprocess.Resample(before, width, height, preprocess.Lanczos), 85),
		After:  report.ShowImage(preprocess.Resample(after, width, height, preprocess.Lanczos), 85),
	}
	// A rectangle of before, and what it became.
	across, down := float64(after.Width)/float64(before.Width), float64(after.Height)/float64(before.Height)
	w, h := min(before.Width, int(detailEdge/across)), min(before.Height, int(detailEdge/down))
	if max(after.Width, after.Height) <= shownEdge || w < 8 || h < 8 {
		return change
	}
	x, y := busiest(before, w, h)
	left, top := int(float64(x)*across), int(float64(y)*down)
	right, bottom := min(after.Width, int(float64(x+w)*across)), min(after.Height, int(float64(y+h)*down))
	detail := cut(after, left, top, right-left, bottom-top)
	change.Detail = &report.Change{
		Before: report.ShowImage(preprocess.Resample(cut(before, x, y, w, h), detail.Width, detail.Height, preprocess.Bicubic), 90),
		After:  report.ShowImage(detail, 90),
	}
	return change
}

// cut copies a rectangle.
func cut(img *preprocess.Image, x, y, width, height int) *preprocess.Image {
	out := &preprocess.Image{Width: width, Height: height, Channels: img.Channels}
	for row := range height {
		at := ((y+row)*img.Width + x) * img.Channels
		out.Pix = append(out.Pix, img.Pix[at:at+width*img.Channels]...)
	}
	return out
}

// busiest finds, of 9x9 rectangles over the image, the one whose pixels differ most from
// their neighbours.
func busiest(img *preprocess.Image, width, height int) (x, y int) {
	const steps = 8
	most := -1
	for i := range steps + 1 {
		for j := range steps + 1 {
			left, top := (img.Width-width)*i/steps, (img.Height-height)*j/steps
			sum := 0
			for row := top; row < top+height-1; row += 2 {
				for column := left; column < left+width-1; column += 2 {
					at := (row*img.Width + column) * img.Channels
					here := int(img.Pix[at])
					sum += distanceOf(here, int(img.Pix[at+img.Channels])) + distanceOf(here, int(img.Pix[at+img.Width*img.Channels]))
				}
			}
			if sum > most {
				x, y, most = left, top, sum
			}
		}
	}
	return x, y
}

func distanceOf(a, b int) int { return max(a-b, b-a) }
