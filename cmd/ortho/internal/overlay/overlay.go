// Package overlay draws on pictures what was found in them: boxes with labels, masks and key points,
// that can be read on light and on dark pictures.
package overlay

import (
	"image"
	"image/color"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"ortho/preprocess"
)

// Mark is what is drawn of one thing.
type Mark struct {
	Label   string
	Class   int                 // gives the colour
	Outline [][2]float32        // the corners of a polygon, in pixels
	Points  [][2]float32        // each a dot
	Mask    func(x, y int) bool // what is tinted; nil: nothing
}

// palette are colours that differ from each other, from skin, sky and leaves, and from black and
// white.
var palette = []color.RGBA{
	{230, 25, 75, 255}, {0, 130, 200, 255}, {255, 190, 20, 255}, {145, 30, 180, 255}, {0, 170, 160, 255},
	{245, 110, 20, 255}, {240, 50, 230, 255}, {110, 200, 30, 255}, {60, 80, 220, 255}, {170, 110, 40, 255},
}

// Color is that of a class.
func Color(class int) color.RGBA { return palette[class%len(palette)] }

var typeface = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gomedium.TTF) })

// Draw draws marks on a copy of an image, the last first: what comes first lies above.
func Draw(img *preprocess.Image, marks []Mark) (*preprocess.Image, error) {
	edge := max(img.Width, img.Height)
	line := max(2, int(math.Round(float64(edge)/300)))
	canvas := img.RGBA()
	parsed, err := typeface()
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: max(11, float64(edge)/55), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, err
	}
	defer face.Close()
	for i := len(marks) - 1; i >= 0; i-- {
		m := marks[i]
		c := Color(m.Class)
		if m.Mask != nil {
			tint(canvas, m.Mask, c)
		}
		outline(canvas, m.Outline, line+2, contrast(c))
		outline(canvas, m.Outline, line, c)
		for _, p := range m.Points {
			disc(canvas, p, line+2, contrast(c))
			disc(canvas, p, line+1, c)
		}
	}
	for i := len(marks) - 1; i >= 0; i-- {
		write(canvas, face, marks[i], line)
	}
	out := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: make([]byte, 3*img.Width*img.Height)}
	for i := range img.Width * img.Height {
		copy(out.Pix[3*i:3*i+3], canvas.Pix[4*i:])
	}
	return out, nil
}

// contrast is black on a light colour, and white on a dark one.
func contrast(c color.RGBA) color.RGBA {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 140_000 {
		return color.RGBA{0, 0, 0, 255}
	}
	return color.RGBA{255, 255, 255, 255}
}

func tint(canvas *image.RGBA, mask func(x, y int) bool, c color.RGBA) {
	size := canvas.Bounds()
	for y := range size.Dy() {
		for x := range size.Dx() {
			if mask(x, y) {
				p := canvas.Pix[canvas.PixOffset(x, y):]
				p[0], p[1], p[2] = mixed(p[0], c.R), mixed(p[1], c.G), mixed(p[2], c.B)
			}
		}
	}
}

func mixed(a, b byte) byte { return byte((3*int(a) + 2*int(b)) / 5) }

// outline draws a closed polygon, with a round pen.
func outline(canvas *image.RGBA, corners [][2]float32, width int, c color.RGBA) {
	size := canvas.Bounds()
	near := func(p [2]float32) [2]float32 { // what lies far outside takes no time
		const far = 10_000
		return [2]float32{min(max(p[0], -far), float32(size.Dx()+far)), min(max(p[1], -far), float32(size.Dy()+far))}
	}
	for i := range corners {
		a, b := near(corners[i]), near(corners[(i+1)%len(corners)])
		length := math.Hypot(float64(b[0]-a[0]), float64(b[1]-a[1]))
		steps := int(min(length*1.5, 100_000)) + 1
		for s := range steps + 1 {
			t := float32(s) / float32(steps)
			disc(canvas, [2]float32{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])}, width, c)
		}
	}
}

// disc is a dot of width pixels, square where that is small.
func disc(canvas *image.RGBA, at [2]float32, width int, c color.RGBA) {
	half := float64(width) / 2
	from := func(v float32) int { return int(math.Floor(float64(v) - half + 0.5)) }
	x0, y0, size := from(at[0]), from(at[1]), canvas.Bounds()
	for y := max(0, y0); y < min(y0+width, size.Dy()); y++ {
		for x := max(0, x0); x < min(x0+width, size.Dx()); x++ {
			canvas.SetRGBA(x, y, c)
		}
	}
}

// write puts a label on a plate above its outline, or within it at the picture's edge.
func write(canvas *image.RGBA, face font.Face, m Mark, line int) {
	if m.Label == "" || len(m.Outline) == 0 {
		return
	}
	left, top := m.Outline[0][0], m.Outline[0][1]
	for _, p := range m.Outline {
		left, top = min(left, p[0]), min(top, p[1])
	}
	metrics := face.Metrics()
	high := (metrics.Ascent + metrics.Descent).Ceil() + 2
	wide := font.MeasureString(face, m.Label).Ceil() + 6
	size := canvas.Bounds()
	x := max(0, min(int(left)-line/2, size.Dx()-wide))
	y := int(top) - high - line/2
	if y < 0 {
		y = max(0, min(int(top)+line/2, size.Dy()-high))
	}
	c := Color(m.Class)
	for py := max(0, y); py < min(y+high, size.Dy()); py++ {
		for px := x; px < min(x+wide, size.Dx()); px++ {
			canvas.SetRGBA(px, py, c)
		}
	}
	drawer := font.Drawer{Dst: canvas, Src: image.NewUniform(contrast(c)), Face: face,
		Dot: fixed.Point26_6{X: fixed.I(x + 3), Y: fixed.I(y+1) + metrics.Ascent}}
	drawer.DrawString(m.Label)
}
