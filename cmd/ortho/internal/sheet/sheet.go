package sheet

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	// imaging enlarges the pictures on contact sheets by whole numbers, without smoothing: what it does well. It
	// decodes nothing (layers_test.go), and resamples nothing that a model sees: that is package preprocess, to the
	// bits of Pillow, OpenCV and others.
	"github.com/disintegration/imaging"

	"ortho/preprocess"
)

// Layout says how a contact sheet looks.
type Layout struct {
	Columns   int   // 0: as many as rows, or one more
	Scale     int   // each pixel becomes so many in both directions; 0: see AutoScale
	MaxPixels int64 // of the sheet
}

// gap is the space between pictures and around them, in pixels of the sheet; background
// its gray, on which both black and white pictures show.
const gap, background = 8, 0xdd

// visible is the edge to which AutoScale enlarges small pictures.
const visible = 112

// AutoScale is the factor that makes a picture large enough to be seen: 4 for 28x28, 1
// from 75 pixels on.
func AutoScale(width, height int) int {
	return max(1, int(math.Round(visible/float64(max(width, height)))))
}

// Check returns an error where a sheet of n pictures of one size would be too large.
func (l Layout) Check(n, width, height int) error {
	_, err := l.of(n, width, height)
	return err
}

// grid is a sheet's size in pixels, and how it comes about.
type grid struct {
	width, height  int64
	scale, columns int
}

func (l Layout) of(n, width, height int) (grid, error) {
	g := grid{scale: l.Scale, columns: l.Columns}
	if g.scale == 0 {
		g.scale = AutoScale(width, height)
	}
	if g.columns == 0 {
		g.columns = int(math.Ceil(math.Sqrt(float64(n))))
	}
	g.columns = min(g.columns, n)
	rows := (n + g.columns - 1) / g.columns
	g.width, g.height = int64(g.columns)*int64(width*g.scale+gap)+gap, int64(rows)*int64(height*g.scale+gap)+gap
	if g.width > l.MaxPixels/g.height {
		return g, fmt.Errorf("the sheet would have %dx%d pixels, more than %d: make fewer pictures, or scale them by 1", g.width, g.height, l.MaxPixels)
	}
	return g, nil
}

// Make lays pictures of 1 or 3 channels out, row by row, each in the middle of a cell that
// holds the largest. The sheet is gray where all of them are.
func Make(pictures []*preprocess.Image, l Layout) (*preprocess.Image, error) {
	if len(pictures) == 0 {
		return nil, errors.New("there is no picture to show on a sheet")
	}
	width, height, channels := 0, 0, 1
	for _, p := range pictures {
		width, height, channels = max(width, p.Width), max(height, p.Height), max(channels, p.Channels)
	}
	grid, err := l.of(len(pictures), width, height)
	if err != nil {
		return nil, err
	}
	scale, columns := grid.scale, grid.columns
	sheet := image.NewRGBA(image.Rect(0, 0, int(grid.width), int(grid.height)))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(color.Gray{Y: background}), image.Point{}, draw.Src)
	for i, p := range pictures {
		enlarged := imaging.Resize(p.RGBA(), p.Width*scale, p.Height*scale, imaging.NearestNeighbor)
		corner := image.Pt(gap+i%columns*(width*scale+gap)+(width-p.Width)*scale/2, gap+i/columns*(height*scale+gap)+(height-p.Height)*scale/2)
		// imaging.Paste would copy the whole sheet for each picture.
		draw.Draw(sheet, enlarged.Rect.Add(corner), enlarged, image.Point{}, draw.Src)
	}
	return packed(sheet, channels), nil
}

// packed takes the colours, or of a gray image the first of them, out of an opaque image,
// whose memory it uses.
func packed(img *image.RGBA, channels int) *preprocess.Image {
	n := img.Rect.Dx() * img.Rect.Dy()
	for i := range n {
		copy(img.Pix[i*channels:(i+1)*channels], img.Pix[4*i:])
	}
	return &preprocess.Image{Width: img.Rect.Dx(), Height: img.Rect.Dy(), Channels: channels, Pix: img.Pix[:n*channels]}
}
