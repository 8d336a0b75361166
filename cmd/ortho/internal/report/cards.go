package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/jpeg"
	"image/png"

	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// Card shows an image, and what was said or made of it.
type Card struct {
	Name    string
	Picture Picture
	Change  *Change // in place of Picture
	Note    string
	Lines   []Line
	Bars    []Bar
	Error   string // why nothing was said
}

// Line is something that is said of an image; its name is left out where it is "".
type Line struct{ Name, Text string }

// Change shows an image before and after, and a detail of it: After's has its own pixels,
// Before's is enlarged to them. There need be none.
type Change struct {
	Before, After Picture // of one size
	Detail        *Change
}

// Bytes is about what the card adds to a page.
func (c *Card) Bytes() int {
	n := len(c.Picture.URL)
	for change := c.Change; change != nil; change = change.Detail {
		n += len(change.Before.URL) + len(change.After.URL)
	}
	return n
}

// Bar is a class with its probability, from 0 to 1.
type Bar struct {
	Label       string
	Probability float64
	Mark        Mark // Good: the class that it is; Bad: a wrong answer
}

// Picture is a thumbnail, or why there is none.
type Picture struct {
	URL           template.URL // a data: URI
	Width, Height int          // as shown
	Pixels        bool         // shown enlarged, each pixel as a square
	Missing       string
}

// pictureEdge is the longer edge of a thumbnail, in pixels.
const pictureEdge = 160

// NewPicture makes a thumbnail of an image file, encoded as JPEG.
func NewPicture(file []byte, maxPixels int64) Picture {
	small, err := preprocess.Thumbnail(file, pictureEdge, maxPixels)
	if err != nil {
		return Picture{Missing: remedy.Text(err)}
	}
	return ShowImage(small, 80)
}

// ShowImage shows an image as it is, encoded as JPEG of a quality.
func ShowImage(img *preprocess.Image, quality int) Picture {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img.RGBA(), &jpeg.Options{Quality: quality}); err != nil {
		return Picture{Missing: err.Error()}
	}
	return Picture{URL: dataURI("jpeg", b.Bytes()), Width: img.Width, Height: img.Height}
}

// ShowPixels shows a small image enlarged, encoded as PNG.
func ShowPixels(img *preprocess.Image, scale int) Picture {
	var b bytes.Buffer
	if err := png.Encode(&b, img.RGBA()); err != nil {
		return Picture{Missing: err.Error()}
	}
	return Picture{URL: dataURI("png", b.Bytes()), Width: scale * img.Width, Height: scale * img.Height, Pixels: true}
}

func dataURI(kind string, data []byte) template.URL {
	return template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data))
}

//go:embed cards.html
var cardsSource string

var cards = template.Must(template.New("cards").Funcs(template.FuncMap{
	"clean":   term.Clean,
	"percent": func(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) },
	"width":   func(p float64) string { return fmt.Sprintf("%.1f", 100*min(max(p, 0), 1)) },
}).Parse(cardsSource))

// Cards lays images out beside each other.
func Cards(all []Card) (HTML, error) {
	var b bytes.Buffer
	if err := cards.Execute(&b, all); err != nil {
		return "", fmt.Errorf("render images: %w", err)
	}
	return HTML(b.String()), nil
}
